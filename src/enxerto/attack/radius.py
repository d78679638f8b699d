"""How far a linear classifier of this gradient is from fooling, bounds of pixels included."""

from __future__ import annotations

import torch

from enxerto.attack.ball import FEW, farthest
from enxerto.attack.norms import distance

_SCALINGS = 20
_ENOUGH = 1e-4


def linear_radius(gradient: torch.Tensor, points: torch.Tensor, short: torch.Tensor, norm: str) -> torch.Tensor:
    """The size of the smallest change that raises a linear function by what it is short of.

    In L1 and L0, whose changes are large in few places, the bounds are heeded: the steepest values (L1), or the pixels
    with the most to gain (L0), go all the way to their bounds, one after the other. In L2 and L-infinity it is the
    distance without bounds.

    Args:
        gradient: float32, shape (photos, 3, height, width).
        points: in [0, 1], of the same shape.
        short: by how much the function has to rise, more than 0, shape (photos,).
        norm: one of `NORMS`.

    Returns:
        Shape (photos,); where even the farthest change isn't enough, its size.
    """
    slope = gradient.flatten(1).abs()
    if norm in ("l2", "linf"):
        dual = torch.linalg.vector_norm(slope, ord=2 if norm == "l2" else 1, dim=1)
        return torch.minimum(short / dual.clamp_min(1e-30), distance(torch.maximum(points, 1 - points), norm))
    room = torch.where(gradient > 0, 1 - points, points).flatten(1)
    if norm == "l1":
        return _until(slope, room, short)
    gain = (slope * room).view(len(points), 3, -1).sum(1)
    return _until(gain, torch.ones_like(gain), short).ceil()


def _until(slope: torch.Tensor, room: torch.Tensor, short: torch.Tensor, count: int = FEW) -> torch.Tensor:
    """How much room is used up, steepest first, when the rise is enough; shape (photos,).

    Only so many of the steepest are put in order; all of them for photos where that isn't enough.
    """
    steep, order = slope.topk(min(count, slope.shape[1]), dim=1)
    near = room.gather(1, order)
    rise, used = (steep * near).double().cumsum(1), near.double().cumsum(1)
    at = (rise < short[:, None]).sum(1, keepdim=True).clamp_max(steep.shape[1] - 1)
    over = (rise.gather(1, at) - short[:, None]).clamp_min(0) / steep.gather(1, at).clamp_min(1e-30)
    left = torch.minimum(over, near.gather(1, at).double())
    total = (used.gather(1, at) - left)[:, 0].float()
    more = rise[:, -1] < short
    if count < slope.shape[1] and more.any():
        total[more] = _until(slope[more], room[more], short[more], slope.shape[1])
    return total


def to_hyperplane(gradient: torch.Tensor, points: torch.Tensor, short: torch.Tensor, norm: str) -> torch.Tensor:
    """The smallest change that raises a linear function by what it is short of and stays within the bounds.

    A rise grows with its radius, ever more slowly as values reach their bounds, so a radius that is scaled by what its
    rise lacks comes closer from below (L2, L-infinity); in L1 the first radius is exact.

    Args:
        gradient: float32, shape (photos, 3, height, width).
        points: in [0, 1], of the same shape.
        short: by how much the function has to rise, at least 0, shape (photos,).
        norm: `linf`, `l2` or `l1`.

    Returns:
        Of the shape of the points; as far as the bounds allow, where that isn't enough.

    References: Croce & Hein 2020, eq. 5, arXiv:1907.02044.
    """
    worst = distance(torch.maximum(points, 1 - points), norm)
    radius = linear_radius(gradient, points, short, norm)
    for _ in range(1 if norm == "l1" else _SCALINGS):
        change = farthest(points, gradient, radius, norm) - points
        rise = (gradient * change).flatten(1).sum(1)
        low = (rise < short * (1 - _ENOUGH)) & (radius < worst)
        if not low.any():
            break
        radius = torch.where(low, torch.minimum(radius * (short / rise.clamp_min(1e-30)).clamp(1, 4), worst), radius)
    return change
