"""A network in eager PyTorch as rivals get it: frozen, in the memory format and batch that suit it, and counted."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import nn

from enxerto.classifier import Classifier

BATCHES = (4, 8, 16)
LAYOUTS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


class Counted(nn.Module):
    """Counts photos that go through a network.

    Attributes:
        forwards: photos answered.
        backwards: photos differentiated; a photo whose gradient is asked for class by class counts each time.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.forwards = self.backwards = 0

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits; shape (photos, classes)."""
        self.forwards += len(pixels)
        if pixels.requires_grad:
            pixels = pixels.view_as(pixels)
            # some of their views don't work on channels last
            pixels.register_hook(torch.Tensor.contiguous)  # type: ignore[no-untyped-call]  # as torch has it
        logits: torch.Tensor = self.network(pixels)
        if logits.requires_grad:
            logits.register_hook(self._came_back)  # type: ignore[no-untyped-call]  # as torch has it
        return logits

    def _came_back(self, gradient: torch.Tensor) -> None:
        self.backwards += len(gradient)


def fastest(classifier: Classifier, pixels: torch.Tensor) -> tuple[Counted, dict[str, Any]]:
    """The network, with the memory format and the number of photos a batch that give most gradients a second here.

    Args:
        classifier: whose network it is.
        pixels: to try it on, float32 in [0, 1], shape (photos, 3, height, width).

    Returns:
        The network and what was chosen: `format`, `batch` and seconds a gradient, `gradient_seconds`.
    """
    network = classifier.network.requires_grad_(False)
    tried = []
    for name, layout in LAYOUTS.items():
        network = network.to(memory_format=layout)
        for batch in sorted({min(batch, len(pixels)) for batch in BATCHES}):
            seconds = min(_seconds(network, pixels[:batch]) for _ in range(3)) / batch
            tried.append((seconds, name, batch))
    seconds, name, batch = min(tried)
    network = network.to(memory_format=LAYOUTS[name])
    return Counted(network).eval(), {"format": name, "batch": batch, "gradient_seconds": seconds}


def _seconds(network: nn.Module, pixels: torch.Tensor) -> float:
    start = time.perf_counter()
    leaf = pixels.clone().requires_grad_()
    torch.autograd.grad(network(leaf).sum(), leaf)
    return time.perf_counter() - start
