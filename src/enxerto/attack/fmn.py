"""Fast minimum-norm attack: a ball whose radius follows the boundary, and steps along the gradient within it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from enxerto.attack.ball import nearest
from enxerto.attack.boundary import confirm, shrink
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.margin import Climb, climb
from enxerto.attack.norms import distance
from enxerto.attack.radius import linear_radius
from enxerto.attack.subject import Subject

_LINE_STEPS = 6


@dataclass(frozen=True)
class Pace:
    """How large steps are; each of the pairs falls from the first to the last along half a cosine.

    Attributes:
        step: share of the photo's radius.
        change: of the radius from one step to the next.
        memory: of the gradients before, in [0, 1).
    """

    step: tuple[float, float]
    change: tuple[float, float]
    memory: float

    def at(self, progress: float) -> tuple[float, float]:
        """Step and change of the radius at a progress in [0, 1]."""
        cosine = (1 + math.cos(math.pi * progress)) / 2
        first, second = (last + (first - last) * cosine for first, last in (self.step, self.change))
        return first, second


PACES = {
    "linf": Pace((4.0, 0.06), (0.3, 0.001), 0.0),
    "l2": Pace((3.0, 0.1), (0.35, 0.001), 0.0),
    "l1": Pace((0.5, 0.005), (0.3, 0.001), 0.5),
    "l0": Pace((0.5, 0.1), (0.3, 0.02), 0.75),
}


def run(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    *,
    steps: int,
    seed: int,
    start: torch.Tensor | None = None,
) -> Found:
    """The smallest change that fools, in any norm.

    Differs from the paper: a step is a share of the photo's own radius (the paper's first step of length 1 is ten times
    a typical distance of an undefended ImageNet network), gradients have a memory, the first radius heeds the bounds,
    steps in l1 are dense (the projection makes them sparse), the radius in l0 grows faster and faster until a photo has
    fooled once, and at the end the best point moves back to the boundary.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: one of `NORMS`.
        steps: gradients a photo; the search for the boundary adds a few forward passes.
        seed: not used, nothing is drawn.
        start: where to begin, shape of the photos; the photos when `None`.

    References: Pintor et al. 2021, Alg. 1, arXiv:2102.12827.
    """
    del seed
    found = look(subject, pixels, goal, norm)
    follow(subject, found, found.open, steps, PACES[norm], start)
    shrink(subject, found, _LINE_STEPS)
    confirm(subject, found)
    return found


def follow(
    subject: Subject,
    found: Found,
    rows: torch.Tensor,
    steps: int,
    pace: Pace,
    start: torch.Tensor | None = None,
    *,
    planned: int | None = None,
    smooth: bool = False,
) -> None:
    """Run the attack on some of the photos and keep in `found` what it sees.

    Args:
        subject: under attack.
        found: gives the photos, the goal and the norm.
        rows: which photos, int64.
        steps: gradients a photo.
        pace: of steps and radius.
        start: where to begin, shape of all the photos; the photos when `None`.
        planned: steps that the pace is spread over, of which the first are run; all when `None`.
        smooth: climb the log-odds against the label instead of the margin, see `margin.climb`.
    """
    if not len(rows) or not steps:
        return
    photos, goal, norm = found.pixels[rows], found.goal.rows(rows), found.norm
    points = photos.clone() if start is None else start[rows].clone()
    radius, trend = torch.full((len(rows),), torch.inf), torch.zeros_like(photos)
    for step in range(steps):
        here = climb(subject, points, goal, smooth=smooth)
        found.offer(points, here.logits, rows)
        if step == 0 and start is None:
            found.mark_flat(here.gradient, rows)
        share, factor = pace.at(step / (planned or steps))
        change = points - photos
        size = distance(change, norm)
        factors = torch.where(found.success[rows], factor, pace.change[0])
        radius = _follow_boundary(radius, size, here, points, factors, found.distances[rows], norm)
        trend = pace.memory * trend + (1 - pace.memory) * _unit(here.gradient)
        move = _direction(trend, radius, norm)
        length = torch.full_like(radius, share) if norm == "l0" else share * radius
        points = nearest(photos, points + length.view(-1, 1, 1, 1) * move, radius, norm)
    found.offer(points, subject.logits(points), rows)


def _follow_boundary(
    radius: torch.Tensor,
    size: torch.Tensor,
    here: Climb,
    points: torch.Tensor,
    factor: torch.Tensor,
    best: torch.Tensor,
    norm: str,
) -> torch.Tensor:
    """Smaller where the point fools, larger where it doesn't (Alg. 1, lines 6–14); shape (photos,).

    Until a photo has fooled once, its radius grows as fast as at first.
    """
    fooled = here.values > 0
    unset = ~torch.isfinite(radius)
    if unset.any():
        radius = torch.where(unset & fooled, size, radius)
        first = unset & ~fooled
        if first.any():
            radius[first] = size[first] + linear_radius(here.gradient[first], points[first], -here.values[first], norm)
    one = 1.0 if norm == "l0" else 0.0
    less = torch.minimum(torch.minimum(radius, size) * (1 - factor), best - one)
    more = torch.where(unset, radius, torch.maximum(radius * (1 + factor), radius + one))
    following = torch.where(fooled, less, more)
    return following.floor().clamp_min(1) if norm == "l0" else following


def _unit(gradient: torch.Tensor) -> torch.Tensor:
    length = distance(gradient, "l2").clamp_min(1e-30)
    return gradient / length.view(-1, 1, 1, 1)


def _direction(trend: torch.Tensor, radius: torch.Tensor, norm: str) -> torch.Tensor:
    """Where to go, for a step as long as the radius; shape of the photos.

    In linf and l0 a value goes by at most 1; in l0 as many pixels as the radius allows go that far, and all others in
    proportion. In l1 the step is dense and the projection sparse: its L2 length is the largest that a change of this
    radius can have within the bounds, the smaller of radius and root of the radius.
    """
    if norm == "l2":
        return _unit(trend)
    if norm == "linf":
        return (_unit(trend) * math.sqrt(trend[0].numel())).clamp(-1, 1)
    if norm == "l1":
        return _unit(trend) * radius.rsqrt().clamp_max(1).view(-1, 1, 1, 1)
    largest = trend.abs().amax(1).flatten(1)
    count = radius.long().clamp(1, largest.shape[1])[:, None]
    last = largest.topk(int(count.max()), dim=1).values.gather(1, count - 1)
    return (trend / last.clamp_min(1e-30)[:, :, None, None]).clamp(-1, 1)
