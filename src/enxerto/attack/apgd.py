"""APGD: steps with momentum, whose length is halved where they don't get on; nothing to tune.

References: Croce & Hein 2020, Alg. 1, arXiv:2003.01690 (linf and l2); Croce & Hein 2021, Alg. 1 and sec. 4,
arXiv:2103.01208 (l1: sparse steps, within three radii, then two, then one).
"""

from __future__ import annotations

from math import ceil

import torch

from enxerto.attack.apgd_walk import SmoothWalk, SparseWalk, Walk, checkpoints
from enxerto.attack.ball import nearest, random_point
from enxerto.attack.dice import dice_of
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.loss import Loss, cross_entropy, logit_ratio, toward
from enxerto.attack.rivals import rivals
from enxerto.attack.subject import Subject

NORMS = ("linf", "l2", "l1")
TARGETS = 9
"""Classes that `run_targeted` aims at, where there are as many beside the label."""
PHASES = ((3.0, 0.3), (2.0, 0.3), (1.0, 0.4))
"""For l1: radii and shares of the steps."""


def run(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    radius: torch.Tensor,
    *,
    steps: int = 100,
    restarts: int = 1,
    seed: int = 0,
) -> Found:
    """APGD-CE: attack every photo within its own radius, up the cross-entropy.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: one of `NORMS`.
        radius: at least 0, shape (photos,).
        steps: gradients a restart, beside the one at its start.
        restarts: random points to start from, for photos that none before led from.
        seed: of the random points; a photo's don't depend on its neighbors.
    """
    found = look(subject, pixels, goal, norm)
    _restarts(subject, found, cross_entropy(goal, subject.classes), radius, steps, restarts, f"{seed} ce")
    return found


def run_logit_ratio(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    radius: torch.Tensor,
    *,
    steps: int = 100,
    restarts: int = 1,
    seed: int = 0,
) -> Found:
    """APGD-DLR: the same up the difference of logits ratio; for the arguments see `run`."""
    found = look(subject, pixels, goal, norm)
    _restarts(subject, found, logit_ratio(goal, subject.classes), radius, steps, restarts, f"{seed} dlr")
    return found


def run_targeted(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    radius: torch.Tensor,
    *,
    steps: int = 100,
    restarts: int = 1,
    seed: int = 0,
    targets: int = TARGETS,
) -> Found:
    """APGD-T: toward the classes with the largest logits, one after the other; any wrong answer on the way will do.

    A targeted goal has one class to go to, by DLR. For the arguments see `run`; `targets` is the largest number of
    classes to go to.
    """
    if goal.targeted:
        return run_logit_ratio(subject, pixels, goal, norm, radius, steps=steps, restarts=restarts, seed=seed)
    found = Found(pixels, goal, norm)
    logits = subject.logits(pixels)
    found.offer(pixels, logits)
    for place, wanted in enumerate(rivals(logits, goal.labels, targets).T):
        loss = toward(goal, wanted, subject.classes)
        _restarts(subject, found, loss, radius, steps, restarts, f"{seed} target {place}")
    return found


def _restarts(
    subject: Subject, found: Found, loss: Loss, radius: torch.Tensor, steps: int, restarts: int, purpose: str
) -> None:
    attempt = _three_phases if found.norm == "l1" else _one_phase
    for restart in range(restarts):
        left = found.open
        if not len(left):
            return
        dice = dice_of(found.pixels[left], restart, f"apgd {purpose}")
        attempt(subject, found, loss.rows(left), left, radius[left], steps, dice)


def _one_phase(
    subject: Subject,
    found: Found,
    loss: Loss,
    rows: torch.Tensor,
    radius: torch.Tensor,
    steps: int,
    dice: list[torch.Generator],
) -> None:
    pixels = found.pixels[rows]
    start = random_point(pixels, radius, found.norm, dice)
    walk = SmoothWalk(subject, loss, pixels, start, radius, norm=found.norm)
    found.mark_flat(walk.slope.gradient, rows)
    _climb(walk, steps, found, rows)


def _three_phases(
    subject: Subject,
    found: Found,
    loss: Loss,
    rows: torch.Tensor,
    radius: torch.Tensor,
    steps: int,
    dice: list[torch.Generator],
) -> None:
    """A far point is easy to find, and then drawn in; only points of the last phase are within the budget."""
    pixels = found.pixels[rows]
    point = random_point(pixels, PHASES[0][0] * radius, "l1", dice)
    taken = 0
    for times, share in PHASES:
        wide = times * radius
        walk = SparseWalk(subject, loss, pixels, nearest(pixels, point, wide, "l1"), wide)
        if not taken:
            found.mark_flat(walk.slope.gradient, rows)
        last = times == PHASES[-1][0]
        count = max(steps - taken, 0) if last else min(ceil(share * steps), steps)
        _climb(walk, count, found if last else None, rows)
        taken += count
        point = walk.best


def _climb(walk: Walk, steps: int, found: Found | None, rows: torch.Tensor) -> None:
    """Walk on until every photo has left; while nothing can be found, none leaves."""
    stops = checkpoints(steps, "l1" if isinstance(walk, SparseWalk) else "linf")
    for step in range(steps + 1):
        if step:
            walk.step_on()
        if found is not None:
            walk.keep(~found.offer(walk.points, walk.slope.logits, rows[walk.rows]))
        if not len(walk.rows):
            return
        if step in stops:
            walk.check()
