"""The points that a budget allows: no farther from the photo than a radius, and photos themselves.

Everywhere: `pixels` are the photos, float32 in [0, 1], shape (photos, 3, height, width), and `radius` is at least 0,
shape (photos,).
"""

from __future__ import annotations

import torch

from enxerto.attack.dice import normal, uniform
from enxerto.attack.norms import distance, project

TRIALS = 60
"""For a projection's threshold; ten are usual."""
RESOLUTION = 1e-6
"""Share of the radius that a projection may leave unused."""
FEW = 1024
"""Of the steepest values, which mostly are all that a small l1 or l0 change needs."""


def nearest(pixels: torch.Tensor, points: torch.Tensor, radius: torch.Tensor, norm: str) -> torch.Tensor:
    """An allowed point close to each point.

    For linf and l1 it is the nearest one. For l2 and l0 the ball comes first and then the bounds, which leads to an
    allowed point, not always to the nearest.

    Args:
        pixels: the photos.
        points: finite, shape of the photos.
        radius: of each photo's ball.
        norm: one of `norms.NORMS`.

    References: Croce & Hein 2021, Prop. 2.1, arXiv:2103.01208 (l1).
    """
    change = points - pixels
    change = _into_l1_and_bounds(pixels, change, radius) if norm == "l1" else project(change, radius, norm)
    return (pixels + change).clamp(0, 1)


def random_point(pixels: torch.Tensor, radius: torch.Tensor, norm: str, dice: list[torch.Generator]) -> torch.Tensor:
    """An allowed point: anywhere in the box (linf), in any direction on the sphere (l2), near a face (l1).

    Args:
        pixels: the photos.
        radius: of each photo's ball.
        norm: linf, l2 or l1.
        dice: one a photo.
    """
    r = _wide(radius)
    if norm == "linf":
        return nearest(pixels, pixels + r * uniform(dice, pixels.shape[1:]), radius, norm)
    noise = normal(dice, pixels.shape[1:])
    return nearest(pixels, pixels + (r * steepest(noise, "l2") if norm == "l2" else noise), radius, norm)


def steepest(gradient: torch.Tensor, norm: str) -> torch.Tensor:
    """The direction of length 1 that a linear function rises fastest in; zero where the gradient is.

    Args:
        gradient: finite, shape (photos, 3, height, width).
        norm: linf or l2.
    """
    if norm == "linf":
        return gradient.sign()
    scaled = gradient / gradient.flatten(1).abs().amax(1).clamp_min(1e-38).view(-1, 1, 1, 1)  # squares don't underflow
    return scaled / distance(scaled, "l2").clamp_min(1e-12).view(-1, 1, 1, 1)


def steepest_few(gradient: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """A step of l1 length 1, equally long in the values with the largest gradients.

    Args:
        gradient: finite, shape (photos, 3, height, width).
        share: of the values that move, in (0, 1], shape (photos,).
    """
    flat = gradient.flatten(1)
    size = flat.abs()
    skipped = ((1 - share) * flat.shape[1]).long().clamp(0, flat.shape[1] - 1)
    least = torch.stack([one.kthvalue(int(k) + 1).values for one, k in zip(size, skipped, strict=True)])
    signs = torch.where(size >= least[:, None], flat.sign(), 0)
    return (signs / signs.abs().sum(1, keepdim=True).clamp_min(1)).view_as(gradient)


def farthest(pixels: torch.Tensor, gradient: torch.Tensor, radius: torch.Tensor, norm: str) -> torch.Tensor:
    """The allowed point where the linear function with this gradient is largest; exact for every norm.

    Args:
        pixels: the photos.
        gradient: finite, shape of the photos.
        radius: of each photo's ball.
        norm: one of `norms.NORMS`.
    """
    slope = gradient.flatten(1).abs()
    room = torch.where(gradient > 0, 1 - pixels, pixels).flatten(1)
    room = torch.where(slope > 0, room, 0)
    if norm == "linf":
        moved = torch.minimum(room, radius[:, None])
    elif norm == "l2":
        moved = _longest(slope, room, radius)
    elif norm == "l1":
        moved = _greedy(slope, room, radius)
    else:
        moved = _whole_pixels(slope, room, radius)
    return (pixels + gradient.sign() * moved.view_as(pixels)).clamp(0, 1)


def _into_l1_and_bounds(pixels: torch.Tensor, change: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    """Every change shrinks by one threshold and then stops at the bounds."""
    size = change.flatten(1).abs()
    room = torch.where(change > 0, 1 - pixels, pixels).flatten(1)
    kept = torch.minimum((size - _threshold(size, room, radius)).clamp_min(0), room)
    kept = kept * (radius[:, None] / kept.sum(1, keepdim=True).clamp_min(1e-30)).clamp_max(1)
    return change.sign() * kept.view_as(change)


def _threshold(size: torch.Tensor, room: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    """What leaves the radius when it is taken from every size; shape (photos, 1)."""
    found = [_threshold_of_one(*one) for one in zip(size, room, radius.tolist(), strict=True)]
    return torch.tensor(found, dtype=size.dtype)[:, None]


def _threshold_of_one(size: torch.Tensor, room: torch.Tensor, radius: float) -> float:
    """By Newton's method within an interval that shrinks; sizes below the interval are left out."""
    low, high = 0.0, float(size.max())
    at = low if radius > 0 else high
    for _ in range(TRIALS):
        less = size - at
        excess = float(torch.minimum(less.clamp_min(0), room).sum()) - radius
        if excess <= 0 and (at == 0 or excess >= -RESOLUTION * radius):
            return at
        newton = at + excess / max(1, int(((less > 0) & (less < room)).sum()))
        if excess <= 0:
            high = at
        elif at > 0:
            low, counts = at, less > 0
            size, room = size[counts], room[counts]
        at = newton if low < newton < high else (low + high) / 2
    return high


def _longest(slope: torch.Tensor, room: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    """Changes in proportion to the slopes; those that would leave the bounds stop there, and the others share more."""
    slope = slope / slope.amax(1, keepdim=True).clamp_min(1e-38)
    stopped = slope <= 0
    while True:
        left = (radius[:, None] ** 2 - (room**2 * stopped).sum(1, keepdim=True)).clamp_min(0)
        scale = (left / (slope**2 * ~stopped).sum(1, keepdim=True).clamp_min(1e-30)).sqrt()
        beyond = ~stopped & (slope * scale >= room)
        if not beyond.any():
            return torch.where(stopped, room, slope * scale)
        stopped = stopped | beyond


def _greedy(slope: torch.Tensor, room: torch.Tensor, radius: torch.Tensor, count: int = FEW) -> torch.Tensor:
    """The steepest values go to their bounds, one after the other, as far as the radius reaches.

    Only so many of the steepest are put in order; all of them for photos where that isn't enough.
    """
    order = slope.topk(min(count, slope.shape[1]), dim=1).indices
    ordered = room.gather(1, order)
    after = ordered.double().cumsum(1)
    spent = (radius[:, None] - (after - ordered)).clamp_min(0).to(room.dtype)
    moved = torch.zeros_like(room).scatter(1, order, torch.minimum(ordered, spent))
    more = after[:, -1] < radius
    if count < slope.shape[1] and more.any():
        moved[more] = _greedy(slope[more], room[more], radius[more], slope.shape[1])
    return moved


def _whole_pixels(slope: torch.Tensor, room: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    """The pixels with the most to gain go to their corners of the color cube, as many as the radius says."""
    gain = (slope * room).view(len(slope), 3, -1).sum(1)
    rank = gain.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    kept: torch.Tensor = rank < radius[:, None]
    return room * kept.repeat(1, 3)


def _wide(values: torch.Tensor) -> torch.Tensor:
    return values.view(-1, 1, 1, 1)
