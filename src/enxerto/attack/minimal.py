"""The smallest change that fools, in any norm: the default of everything that asks for one."""

from __future__ import annotations

import torch

from enxerto.attack.ball import farthest
from enxerto.attack.boundary import confirm, shrink
from enxerto.attack.fab import pull
from enxerto.attack.fmn import PACES, Pace, follow
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb
from enxerto.attack.prune import COST, prune
from enxerto.attack.radius import linear_radius, to_hyperplane
from enxerto.attack.rivals import differences
from enxerto.attack.subject import Subject

_FIRST, _FIRST_OF_TWO, _LATER = 50, 25, 20
_WORTH = 2e-3
"""Share of its distance that a photo has to gain in a later phase, or else it leaves."""
_SHARE_OF_LAST = 8
"""Of the steps, for FAB at the end: on boundaries that are curved or have corners it gets where steps within a ball
don't, and it makes linear ones exact."""
_CANDIDATES = 3
_BEYOND = 1.001
_LINE_STEPS = 6

_FINE = {
    "linf": Pace((0.3, 0.03), (0.03, 0.001), 0.75),
    "l2": Pace((0.15, 0.015), (0.03, 0.001), 0.75),
    "l1": Pace((0.15, 0.005), (0.1, 0.001), 0.5),
    "l0": Pace((0.2, 0.05), (0.1, 0.02), 0.75),
}
_COARSE = {"linf": Pace((2.0, 0.05), (0.1, 0.001), 0.0), "l2": Pace((1.0, 0.03), (0.1, 0.001), 0.5)}


def minimal(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    *,
    steps: int,
    seed: int,
    start: torch.Tensor | None = None,
) -> Found:
    """A linear guess, long runs of FMN up the margin and up the log-odds, then short ones from the best point on.

    Short runs with small steps alternate with larger steps (linf, l2), FAB (l1) or pruning (l0), until a photo has
    gained next to nothing in both; it then leaves. FAB has the last steps.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: one of `NORMS`.
        steps: gradients a photo at most; the search for the boundary adds a few forward passes.
        seed: not used, nothing is drawn.
        start: points to look at first, shape of the photos.

    References: Pintor et al. 2021, arXiv:2102.12827 (FMN); Croce & Hein 2020, arXiv:1907.02044 (FAB).
    """
    del seed
    found = look(subject, pixels, goal, norm)
    rows = found.open
    if start is not None and len(rows):
        found.offer(start[rows], subject.logits(start[rows]), rows)
    left = steps - _guess(subject, found, rows, steps)
    rows = rows[~found.flat[rows]]
    last = min(left // _SHARE_OF_LAST, _LATER) if norm != "l0" else 0
    left -= last + _search(subject, found, rows, left - last, start)
    _refine(subject, found, rows, left)
    pull(subject, found, rows, last, found.best)
    shrink(subject, found, _LINE_STEPS)
    confirm(subject, found)
    return found


def _guess(subject: Subject, found: Found, rows: torch.Tensor, steps: int) -> int:
    """What would be best if the classifier were linear; returns how many gradients a photo that took."""
    if not len(rows):
        return 0
    photos, goal = found.pixels[rows], found.goal.rows(rows)
    count = min(_CANDIDATES, subject.classes - 1)
    if goal.targeted or goal.confidence or count > steps // 4:
        here = climb(subject, photos, goal)
        gradients, values = here.gradient[:, None], here.values[:, None]
    else:
        gradients, values = differences(subject, photos, goal, count)
    found.mark_flat(gradients.flatten(1, 2), rows)
    tried = []
    for gradient, value in zip(gradients.unbind(1), values.unbind(1), strict=True):
        short = -value.clamp_max(-1e-6) * _BEYOND
        if found.norm == "l0":
            tried.append(farthest(photos, gradient, linear_radius(gradient, photos, short, "l0"), "l0"))
        else:
            tried.append((photos + to_hyperplane(gradient, photos, short, found.norm)).clamp(0, 1))
    answers = subject.logits(torch.cat(tried)).chunk(len(tried))
    for points, logits in zip(tried, answers, strict=True):
        found.offer(points, logits, rows)
    return len(tried)


def _search(subject: Subject, found: Found, rows: torch.Tensor, left: int, start: torch.Tensor | None) -> int:
    """Long runs of FMN up the margin and, where there is a choice of classes, up the log-odds against the label.

    The two often end in different classes, and neither is always the nearer one; in linf the margin nearly always is.
    Returns how many steps they took.
    """
    one = found.norm == "linf" or found.goal.targeted or found.goal.confidence > 0 or subject.classes == 2
    ways = (False,) if one else (False, True)
    each = min(left // len(ways), _FIRST if len(ways) == 1 else _FIRST_OF_TWO)
    for smooth in ways:
        follow(subject, found, rows, each, PACES[found.norm], start, smooth=smooth)
    return each * len(ways)


def _refine(subject: Subject, found: Found, rows: torch.Tensor, left: int) -> None:
    """Short runs with small steps and other means in turn, the latter only for photos that they have helped so far."""
    helped, fine = torch.ones(len(found.pixels), dtype=torch.bool), True
    idle = ~helped
    while left > 0 and len(rows):
        before = found.distances.clone()
        took = min(left, _LATER if fine or found.norm in _COARSE else _LATER // 2)
        chosen = rows if fine else rows[helped[rows] & found.success[rows]]
        if fine:
            fooled = found.success[rows]
            follow(subject, found, rows[fooled], took, _FINE[found.norm], found.best, planned=_LATER)
            follow(subject, found, rows[~fooled], took, PACES[found.norm])
        else:
            _other(subject, found, chosen, took)
        gained = ~found.success | (found.distances < before * (1 - _WORTH))
        if fine:
            idle = ~gained
        else:
            helped, idle = helped & gained, idle & ~gained
            rows = rows[~idle[rows]]
        left, fine = left - (took if len(chosen) else 0), not fine


def _other(subject: Subject, found: Found, rows: torch.Tensor, steps: int) -> None:
    """From the best points on by other means: larger steps (linf, l2), FAB (l1), pruning (l0)."""
    if found.norm == "l0":
        prune(subject, found, steps // COST, rows)
    elif found.norm in _COARSE:
        follow(subject, found, rows, steps, _COARSE[found.norm], found.best, planned=_LATER)
    else:
        pull(subject, found, rows, steps, found.best)
