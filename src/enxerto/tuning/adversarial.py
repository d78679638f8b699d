"""Photos changed so that they fool the network as it is at that moment, to learn from and to choose weights by.

A batch is learned from several times in a row, while its photos are changed further and further: every pass gives the
gradient of the photos along with that of the weights, so that it costs nothing more. Photos that weights are chosen by
take several short steps with the weights as they are, the same each time.

References: Goodfellow et al. 2015, sec. 6, arXiv:1412.6572 (learning from such photos); Shafahi et al. 2019, alg. 1,
arXiv:1904.12843 (one pass for both gradients; here each batch starts from random changes, and not from those of the
batch before it); Madry et al. 2018, sec. 2.1, arXiv:1706.06083 (short steps); Rice et al. 2020, sec. 3.2,
arXiv:2002.11569 (weights chosen by held-out photos under attack).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.tuning.answers import Change
from enxerto.tuning.network import TunableNetwork
from enxerto.tuning.targets import soft_cross_entropy, soft_targets
from enxerto.types import Labels

REPLAYS = 4
"""How often a batch is learned from in a row."""
SHORT_STEP, SHORT_STEPS = 0.5, 3
"""Of a photo to choose weights by: length in radii, and how many."""
PHOTOS_AT_ONCE = 16
"""As many are changed at once, so that memory doesn't grow with the photos held out."""

_START = 3

Losses = Callable[[torch.Tensor], torch.Tensor]
"""Pixels to one loss a photo."""


def random_change(
    places: NDArray[np.int64], shape: torch.Size, radius: float, *, seed: int, run: int, step: int
) -> torch.Tensor:
    """What each photo of a batch starts from; a photo's values depend on its place in the batch alone.

    Args:
        places: in the batch over all processes together, int64, shape (photos,).
        shape: of one photo.
        radius: of pixels in [0, 1].
        seed: of the fit, at least 0.
        run: which one of several.
        step: counted from 0 over all epochs.

    Returns:
        float32 in [-radius, radius), shape (photos, *shape).
    """
    drawn = torch.empty(len(places), *shape)
    for number, place in enumerate(places.tolist()):
        generator = np.random.default_rng([seed, run, step, _START, place])
        drawn[number] = torch.from_numpy(generator.random(tuple(shape), dtype=np.float32))
    return radius * (2 * drawn - 1)


def changed(pixels: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """Photos with a change, within [0, 1]."""
    return (pixels + change).clamp(0, 1)


def moved(change: torch.Tensor, slopes: torch.Tensor, radius: float, length: float = 1.0) -> torch.Tensor:
    """A change after a step along the slopes, in which every value moves by as much, within the radius.

    Args:
        change: of photos, float32, of any shape.
        slopes: gradients of losses by the photos, of the same shape.
        radius: largest change of a value.
        length: of the step, in radii.
    """
    return (change + length * radius * slopes.sign()).clamp(-radius, radius)


def fooling(losses: Losses, pixels: torch.Tensor, radius: float) -> torch.Tensor:
    """Photos changed so that their losses rise, by no more than a radius and within [0, 1].

    Args:
        losses: of the network; its weights get no gradients.
        pixels: float32 in [0, 1], shape (photos, 3, height, width).
        radius: largest change of a value.
    """
    change = torch.zeros_like(pixels)
    for _ in range(SHORT_STEPS):
        points = changed(pixels, change).requires_grad_()
        (slopes,) = torch.autograd.grad(losses(points).sum(), points)
        change = moved(change, slopes, radius, SHORT_STEP)
    return changed(pixels, change)


def change_to_fool(network: TunableNetwork, labels: Labels, radius: float) -> Change:
    """A change of photos to judge a network by, the same each time.

    Args:
        network: to be fooled, in evaluation mode.
        labels: of all photos, int64, shape (photos,).
        radius: largest change of a value.
    """

    def fooled(pixels: torch.Tensor, rows: Labels) -> torch.Tensor:
        parts = [slice(start, start + PHOTOS_AT_ONCE) for start in range(0, len(rows), PHOTOS_AT_ONCE)]
        return torch.cat([_fooling(network, pixels[part], labels[rows[part]], radius) for part in parts])

    return fooled


def _fooling(network: TunableNetwork, pixels: torch.Tensor, labels: Labels, radius: float) -> torch.Tensor:
    wanted = soft_targets(torch.from_numpy(labels).to(pixels.device), len(network.bias), 0.0)
    return fooling(lambda points: soft_cross_entropy(network(points), wanted), pixels, radius)
