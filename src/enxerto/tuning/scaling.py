"""Ways to scale pixels before a network, to see what the right one is worth."""

from __future__ import annotations

from dataclasses import replace

from enxerto.backbones import Backbone

SCALINGS = {"backbone": None, "unit": (0.0, 1.0), "symmetric": (0.5, 0.5), "raw": (0.0, 1 / 255)}
"""What each subtracts from pixels in [0, 1] and divides them by; as the network was trained by default."""


def rescaled(backbone: Backbone, scaling: str) -> Backbone:
    """The backbone with pixels scaled another way than it was trained with; itself where that changes nothing.

    Args:
        backbone: to be looked through.
        scaling: one of `SCALINGS`.
    """
    numbers = SCALINGS[scaling]
    if numbers is None:
        return backbone
    mean, std = (numbers[0],) * 3, (numbers[1],) * 3
    seen = backbone.preprocessing
    if (seen.mean, seen.std) == (mean, std):
        return backbone
    return replace(backbone, entry=replace(backbone.entry, preprocessing=replace(seen, mean=mean, std=std)))
