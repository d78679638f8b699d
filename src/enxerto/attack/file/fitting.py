"""Whole grey levels in place of a change in fractions of them, as large as is allowed and no larger."""

from __future__ import annotations

from collections.abc import Callable

import torch

_SAMPLE = 65_536
_HALVINGS = 24


def size_of(change: torch.Tensor, norm: str) -> float:
    """How large a change is, in grey levels; for `l0` in pixels.

    Args:
        change: in grey levels, shape (3, height, width).
        norm: one of `NORMS`.
    """
    values = change.float()
    if norm == "linf":
        return float(values.abs().max())
    if norm == "l2":
        return float(values.square().sum(dtype=torch.float64).sqrt())
    if norm == "l1":
        return float(values.abs().sum(dtype=torch.float64))
    return float((change != 0).any(0).sum())


def fitted(
    wish: torch.Tensor, radius: float, norm: str, room: tuple[torch.Tensor, torch.Tensor], offsets: torch.Tensor
) -> torch.Tensor:
    """The wish in whole grey levels, cut or scaled to a radius; float32 with whole values, shape of the wish.

    For `l2` the wish is scaled before it is rounded: where a gain is linear, its rounded gradient is the best change of
    that size, while rounding a change that is small everywhere gives nothing. For `linf` it is cut.

    Args:
        wish: in grey levels, shape (3, height, width).
        radius: in grey levels.
        norm: `l2` or `linf`.
        room: least and largest change of each value.
        offsets: what is added to magnitudes before their fraction is cut, in [0, 1): 0.5 rounds to the nearest, random
            ones round up as often as the fraction says.
    """
    if norm == "linf":
        return _whole(wish.clamp(-radius, radius), room, offsets)
    scale = _scale(wish, radius, offsets)
    change = _whole(wish * scale, room, offsets)
    while size_of(change, "l2") > radius:
        scale *= 0.98
        change = _whole(wish * scale, room, offsets)
    return change


def _whole(wish: torch.Tensor, room: tuple[torch.Tensor, torch.Tensor], offsets: torch.Tensor | float) -> torch.Tensor:
    return torch.maximum(torch.minimum(wish.sign() * (wish.abs() + offsets).floor(), room[1]), room[0])


def _scale(wish: torch.Tensor, radius: float, offsets: torch.Tensor) -> float:
    """At which the rounded wish is about so large, told from a sample of its values."""
    flat, added = wish.flatten().abs(), offsets.expand(wish.shape).flatten()
    stride = max(1, len(flat) // _SAMPLE)
    flat, added = flat[::stride], added[::stride]
    allowed = radius**2 * len(flat) / wish.numel()

    def fits(scale: float) -> bool:
        return float((flat * scale + added).floor().square().sum()) <= allowed

    largest = float(flat.max())
    return _bisected(fits, (radius + 1) / largest) if largest > 0 else 1.0


def _bisected(fits: Callable[[float], bool], high: float) -> float:
    low = 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
