"""AutoAttack's standard ensemble: four attacks with nothing to tune, each on the photos that the ones before left.

Reference: Croce & Hein 2020, sec. 5, arXiv:2003.01690; for l1 Croce & Hein 2021, sec. 6, arXiv:2103.01208.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch

from enxerto.attack import apgd, fab, square
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.rivals import rivals
from enxerto.attack.subject import Subject

NORMS = ("linf", "l2", "l1")
L1_RESTARTS = 5
L1_TARGETS = 5
QUERIES = 50
"""Of Square, for each step of the others."""


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
    """Attack every photo within its own radius, with all that there is.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo; a targeted one replaces "toward each of the likeliest classes" by that class.
        norm: one of `NORMS`.
        radius: at least 0, shape (photos,).
        steps: of the gradient attacks, a restart and target; Square asks 50 times as often.
        restarts: of APGD-CE and Square; in l1 five times as many of APGD-CE.
        seed: of everything random; a photo's doesn't depend on its neighbors.
    """
    *_, (_, found) = stages(subject, pixels, goal, norm, radius, steps=steps, restarts=restarts, seed=seed)
    return found


def stages(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    radius: torch.Tensor,
    *,
    steps: int = 100,
    restarts: int = 1,
    seed: int = 0,
) -> Iterator[tuple[str, Found]]:
    """The same, one attack after the other; for the arguments see `run`.

    Yields:
        The attack's name (`clean` first) and what was found so far: one object, which grows. Ends when every photo
        fools.
    """
    found = look(subject, pixels, goal, norm)
    yield "clean", found
    for name, attack in _members(norm, steps, restarts, seed):
        left = found.open
        if not len(left):
            return
        found.absorb(attack(subject, pixels[left], goal.rows(left), norm, radius[left]), left)
        yield name, found


def _members(norm: str, steps: int, restarts: int, seed: int) -> list[tuple[str, Callable[..., Found]]]:
    times, targets = (L1_RESTARTS, L1_TARGETS) if norm == "l1" else (1, apgd.TARGETS)
    return [
        ("apgd-ce", partial(apgd.run, steps=steps, restarts=times * restarts, seed=seed)),
        ("apgd-targeted", partial(apgd.run_targeted, steps=steps, restarts=1, seed=seed, targets=targets)),
        ("fab-targeted", partial(_fab, steps=steps, seed=seed)),
        ("square", partial(square.run, steps=QUERIES * steps, restarts=restarts, seed=seed)),
    ]


def _fab(
    subject: Subject, pixels: torch.Tensor, goal: Goal, norm: str, radius: torch.Tensor, *, steps: int, seed: int
) -> Found:
    """FAB looks for the smallest change; what is farther than the radius doesn't count."""
    found = Found(pixels, goal, norm)
    aims = (
        goal.targets[None] if goal.targets is not None else rivals(subject.logits(pixels), goal.labels, apgd.TARGETS).T
    )
    for wanted in aims:
        left = found.open
        if not len(left):
            break
        aim = Goal(goal.labels[left], wanted[left], goal.confidence)
        found.absorb(fab.run(subject, pixels[left], aim, norm, steps=steps, seed=seed), left, radius[left])
    return found
