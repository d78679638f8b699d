"""Decoupled direction and norm: a step along the gradient, then back onto a sphere that follows the boundary."""

from __future__ import annotations

import math

import torch

from enxerto.attack.boundary import confirm, shrink
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb
from enxerto.attack.norms import distance
from enxerto.attack.radius import linear_radius
from enxerto.attack.subject import Subject

_CHANGE = 0.05
_LAST_STEP = 0.01
_LINE_STEPS = 6


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
    """The shortest change that fools, in L2.

    Differs from the paper in two points: the first sphere is not of radius 1 but as large as a linear classifier of
    this gradient would need, and steps are shares of the photo's own radius. What is found moves back to the boundary.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: `l2`.
        steps: gradients a photo; the search for the boundary adds a few forward passes.
        seed: not used, nothing is drawn.
        start: where to begin, shape of the photos; the photos when `None`.

    References: Rony et al. 2019, Alg. 1, arXiv:1811.09600.
    """
    del seed
    found = look(subject, pixels, goal, norm)
    _search(subject, found, found.open, steps, start)
    shrink(subject, found, _LINE_STEPS)
    confirm(subject, found)
    return found


def _search(subject: Subject, found: Found, rows: torch.Tensor, steps: int, start: torch.Tensor | None) -> None:
    if not len(rows):
        return
    photos, goal = found.pixels[rows], found.goal.rows(rows)
    points = photos.clone() if start is None else start[rows].clone()
    radius = distance(points - photos, "l2")
    for step in range(steps):
        here = climb(subject, points, goal)
        fooled = found.offer(points, here.logits, rows)
        length = distance(here.gradient, "l2").clamp_min(1e-30)
        if step == 0:
            radius = radius + linear_radius(here.gradient, points, here.values.abs(), "l2")
            if start is None:
                found.mark_flat(here.gradient, rows)
        else:
            shorter = torch.minimum(radius, found.distances[rows]) * (1 - _CHANGE)
            radius = torch.where(fooled, shorter, radius * (1 + _CHANGE))
        share = _LAST_STEP + (1 - _LAST_STEP) * (1 + math.cos(math.pi * step / steps)) / 2
        change = points - photos + (share * radius / length).view(-1, 1, 1, 1) * here.gradient
        scale = radius / distance(change, "l2").clamp_min(1e-30)
        points = (photos + scale.view(-1, 1, 1, 1) * change).clamp_(0, 1)
    found.offer(points, subject.logits(points), rows)
