"""DeepFool: to the nearest boundary of a linear classifier, again and again."""

from __future__ import annotations

import torch

from enxerto.attack.boundary import confirm, shrink
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb
from enxerto.attack.radius import linear_radius, to_hyperplane
from enxerto.attack.rivals import differences
from enxerto.attack.subject import Subject

_CANDIDATES = 3
_OVERSHOOT = 1.02
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
    """A small change that fools, in few steps.

    Instead of all classes, a step looks at those with the largest logits (with a target or a confidence, at the goal's
    margin); their gradients come from one call. A photo leaves as soon as it fools; what is found moves back to the
    boundary.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: `linf` or `l2`.
        steps: linear classifiers a photo, each of up to three gradients.
        seed: not used, nothing is drawn.
        start: where to begin, shape of the photos; the photos when `None`.

    References: Moosavi-Dezfooli et al. 2016, Alg. 2, arXiv:1511.04599.
    """
    del seed
    found = look(subject, pixels, goal, norm)
    points, live = (pixels if start is None else start).clone(), found.open
    for step in range(steps):
        if not len(live):
            break
        gradient, short = _nearest(subject, points[live], goal.rows(live), norm)
        if step == 0:
            found.mark_flat(gradient, live)
        change = to_hyperplane(gradient, points[live], short.clamp_min(1e-6) * _OVERSHOOT, norm)
        points[live] = (points[live] + change).clamp_(0, 1)
        fooled = found.offer(points[live], subject.logits(points[live]), live)
        live = live[~fooled & change.flatten(1).any(1)]
    shrink(subject, found, _LINE_STEPS)
    confirm(subject, found)
    return found


def _nearest(subject: Subject, points: torch.Tensor, goal: Goal, norm: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient of the nearest boundary's function, and what that function is short of; shape (photos,) each."""
    if goal.targeted or goal.confidence:
        here = climb(subject, points, goal)
        return here.gradient, -here.values
    gradients, values = differences(subject, points, goal, _CANDIDATES)
    far = torch.stack(
        [linear_radius(g, points, -v, norm) for g, v in zip(gradients.unbind(1), values.unbind(1), strict=True)], dim=1
    )
    chosen, rows = far.argmin(1), torch.arange(len(points))
    return gradients[rows, chosen], -values[rows, chosen]
