"""Square: a black box attack that changes one square at a time and keeps what makes the margin larger.

References: Andriushchenko et al. 2020, Alg. 1-3, arXiv:1912.00049 (linf and l2); Croce & Hein 2021, sec. 5,
arXiv:2103.01208 (l1).
"""

from __future__ import annotations

import torch

from enxerto.attack.dice import dice_of
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.square_proposal import first_point, next_point
from enxerto.attack.subject import Subject

NORMS = ("linf", "l2", "l1")
FIRST_SHARE = 0.8
"""Of the photo, that the first squares cover."""
HALVED_AFTER = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""Answers after which squares cover half as much; fixed, so that more answers only go on."""


def run(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    radius: torch.Tensor,
    *,
    steps: int = 5000,
    restarts: int = 1,
    seed: int = 0,
) -> Found:
    """Attack every photo within its own radius, by nothing but answers.

    Args:
        subject: under attack; only its logits are asked for.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: one of `NORMS`.
        radius: at least 0, shape (photos,).
        steps: answers a photo and restart.
        restarts: for photos that none before led from.
        seed: of squares and colors; a photo's don't depend on its neighbors.
    """
    found = look(subject, pixels, goal, norm)
    for restart in range(restarts):
        rows = found.open
        _search(subject, found, rows, radius, steps, dice_of(pixels[rows], seed, f"square {restart}"))
    return found


def share_of(query: int) -> float:
    """How much of the photo the square of a query covers."""
    share: float = FIRST_SHARE / 2 ** sum(query > after for after in HALVED_AFTER)
    return share


def _search(
    subject: Subject, found: Found, rows: torch.Tensor, radius: torch.Tensor, steps: int, dice: list[torch.Generator]
) -> None:
    best = found.pixels[rows]
    margins = torch.full((len(rows),), -torch.inf)
    for query in range(steps):
        if not len(rows):
            return
        points = _proposals(found, rows, best, radius, query, dice)
        logits = subject.logits(points)
        better = found.goal.rows(rows).margin(logits) > margins
        margins = torch.where(better, found.goal.rows(rows).margin(logits), margins)
        best = torch.where(better.view(-1, 1, 1, 1), points, best)
        on = ~found.offer(points, logits, rows)
        rows, best, margins = rows[on], best[on], margins[on]
        dice = [one for one, stays in zip(dice, on.tolist(), strict=True) if stays]


def _proposals(
    found: Found, rows: torch.Tensor, best: torch.Tensor, radius: torch.Tensor, query: int, dice: list[torch.Generator]
) -> torch.Tensor:
    points = []
    for row, point, one in zip(rows.tolist(), best, dice, strict=True):
        photo, size = found.pixels[row], float(radius[row])
        if query == 0:
            points.append(first_point(photo, size, found.norm, one))
        else:
            points.append(next_point(photo, point, size, found.norm, share_of(query - 1), one))
    return torch.stack(points)
