"""Many small steps up the loss, each one back into the budget.

The length of a step is a share of the radius that doesn't depend on how many steps there are: with more of them an
attack goes on from where it would have ended.

References: Kurakin et al. 2017, sec. 2.1, arXiv:1607.02533 (I-FGSM, from the photo itself); Madry et al. 2018,
sec. 2.1, arXiv:1706.06083 (PGD, from a random point); Tramèr & Boneh 2019, sec. 3, arXiv:1904.13000 (the l1 step,
along the few steepest values).
"""

from __future__ import annotations

import torch

from enxerto.attack.ball import nearest, random_point, steepest, steepest_few
from enxerto.attack.dice import dice_of
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.loss import Loss, cross_entropy
from enxerto.attack.subject import Subject

NORMS = ("linf", "l2", "l1")
STEP = 0.25
"""Length of a step in radii."""
MOVED = 0.01
"""Share of the values that an l1 step moves."""


def run(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    radius: torch.Tensor,
    *,
    steps: int = 40,
    restarts: int = 1,
    seed: int = 0,
) -> Found:
    """PGD: attack every photo within its own radius, from random points of it.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: one of `NORMS`.
        radius: at least 0, shape (photos,).
        steps: gradients a restart.
        restarts: random points, for photos that none before led from.
        seed: of the random points; a photo's don't depend on its neighbors.
    """
    found = look(subject, pixels, goal, norm)
    loss = cross_entropy(goal, subject.classes)
    for restart in range(restarts):
        left = found.open
        if not len(left):
            break
        dice = dice_of(pixels[left], seed, f"pgd {restart}")
        _climb(subject, found, loss, left, radius, random_point(pixels[left], radius[left], norm, dice), steps)
    return found


def run_from_photo(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    radius: torch.Tensor,
    *,
    steps: int = 40,
    restarts: int = 1,  # noqa: ARG001  # nothing is random
    seed: int = 0,  # noqa: ARG001
) -> Found:
    """I-FGSM: the same from the photos themselves; for the arguments see `run`."""
    found = look(subject, pixels, goal, norm)
    left = found.open
    _climb(subject, found, cross_entropy(goal, subject.classes), left, radius, pixels[left], steps)
    return found


def _climb(
    subject: Subject,
    found: Found,
    loss: Loss,
    rows: torch.Tensor,
    radius: torch.Tensor,
    points: torch.Tensor,
    steps: int,
) -> None:
    """Photos that fool leave; the last points are asked for their answers only."""
    for step in range(steps):
        if not len(rows):
            return
        slope = loss.rows(rows).slope(subject, points)
        if step == 0:
            found.mark_flat(slope.gradient, rows)
        on = ~found.offer(points, slope.logits, rows)
        rows = rows[on]
        points = _step(found, rows, radius[rows], points[on], slope.gradient[on])
    if len(rows):
        found.offer(points, subject.logits(points), rows)


def _step(
    found: Found, rows: torch.Tensor, radius: torch.Tensor, points: torch.Tensor, gradient: torch.Tensor
) -> torch.Tensor:
    if not len(rows):
        return points
    ahead = points + STEP * radius.view(-1, 1, 1, 1) * _direction(points, gradient, found.norm)
    return nearest(found.pixels[rows], ahead, radius, found.norm)


def _direction(points: torch.Tensor, gradient: torch.Tensor, norm: str) -> torch.Tensor:
    """Where the next step goes; in l1 not to values that already touch their bound."""
    if norm != "l1":
        return steepest(gradient, norm)
    free = torch.where(gradient > 0, points < 1, points > 0)
    return steepest_few(gradient * free, torch.full((len(gradient),), MOVED))
