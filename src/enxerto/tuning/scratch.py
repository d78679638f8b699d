"""A small network trained from scratch: what these photos teach without any other.

It is small on purpose: it shall say within a minute what transfer is worth, not set a record. How long it learns is
counted in pictures shown, so that it is the same on every machine; only where that takes too long is it cut short.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from enxerto.progress import Progress, silent
from enxerto.types import Labels

SIDES_PX = (16, 32, 64)
WIDTH = 16
SHOWN = 15_000
MOST_EPOCHS, LEAST_EPOCHS = 150, 8
SECONDS = 90.0
BATCH = 32
RATE = 4e-3
DECAY = 5e-4
SHIFT = 1 / 8
"""Pictures are shifted by up to that part of their side, which helps whatever they show; mirroring would not."""
PICTURES_AT_ONCE = 64


@dataclass(frozen=True)
class ScratchFit:
    """A trained small network.

    Attributes:
        network: normalized pixels to logits, evaluation mode.
        mean: of the pixels learned from.
        std: likewise.
        epochs: that it learned for.
        planned: that it should have learned for.
        parameters: how many numbers learned.
    """

    network: nn.Module
    mean: float
    std: float
    epochs: int
    planned: int
    parameters: int

    def logits(self, pixels: torch.Tensor) -> NDArray[np.float32]:
        """Of each picture; float32, shape (pictures, classes).

        Args:
            pixels: float32 in [0, 1], shape (pictures, 3, side, side).
        """
        with torch.inference_mode():
            parts = [self.network((some - self.mean) / self.std) for some in torch.split(pixels, PICTURES_AT_ONCE)]
        found: NDArray[np.float32] = torch.cat(parts).numpy()
        return found


def side_for(short_side_px: float) -> int:
    """The side of the square that pictures are learned at: twice their own short side, within `SIDES_PX`."""
    return next((side for side in SIDES_PX if side >= 2 * short_side_px), SIDES_PX[-1])


def fit_from_scratch(
    pixels: torch.Tensor,
    labels: Labels,
    classes: int,
    *,
    seed: int = 0,
    seconds: float = SECONDS,
    progress: Progress = silent,
    clock: Callable[[], float] = time.monotonic,
) -> ScratchFit:
    """Train a convolutional network of four layers from random weights.

    Args:
        pixels: float32 in [0, 1], shape (pictures, 3, side, side).
        labels: int64, shape (pictures,).
        classes: how many.
        seed: of weights, order and shifts.
        seconds: after which no new epoch begins.
        progress: how to show it.
        clock: tells the time.

    Reference: the one-cycle schedule is that of Smith & Topin 2018, arXiv:1708.07120.
    """
    planned = int(np.clip(SHOWN // len(labels), LEAST_EPOCHS, MOST_EPOCHS))
    mean, std = float(pixels.mean()), max(float(pixels.std()), 1e-3)
    inputs, targets = (pixels - mean) / std, torch.from_numpy(labels)
    steps = planned * -(-len(labels) // BATCH)
    with torch.random.fork_rng(devices=[]), progress("learning from scratch", planned, "epochs") as advance:
        torch.manual_seed(seed)
        network = _network(classes)
        optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=max(steps, 2))
        ends, epochs = clock() + seconds, 0
        while epochs < planned and (epochs == 0 or clock() < ends):
            for rows in torch.split(torch.randperm(len(targets)), BATCH):
                if len(rows) == 1 < len(targets):
                    continue  # a batch of one has no variance to normalize by
                loss = nn.functional.cross_entropy(network(_shifted(inputs[rows])), targets[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
                optimizer.step()
                schedule.step()
            epochs += 1
            advance(1)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return ScratchFit(network.eval(), mean, std, epochs, planned, parameters)


def _network(classes: int) -> nn.Module:
    widths = (3, WIDTH, 2 * WIDTH, 4 * WIDTH, 8 * WIDTH)
    layers: list[nn.Module] = []
    for place, (before, after) in enumerate(pairwise(widths)):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        if place < len(widths) - 2:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], classes))


def _shifted(pictures: torch.Tensor) -> torch.Tensor:
    """A batch moved by the same random number of pixels, its edges repeated."""
    side = pictures.shape[-1]
    most = max(1, round(side * SHIFT))
    down, right = torch.randint(0, 2 * most + 1, (2,)).tolist()
    padded = nn.functional.pad(pictures, (most,) * 4, mode="replicate")
    return padded[:, :, down : down + side, right : right + side]
