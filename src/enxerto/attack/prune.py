"""Giving back changed pixels that aren't needed to fool."""

from __future__ import annotations

import torch

from enxerto.attack.found import Found
from enxerto.attack.margin import climb
from enxerto.attack.norms import largest
from enxerto.attack.subject import Subject

_TRIALS = 5
_FIRST = 0.9
_PUSH = 0.5
COST = 4
"""Gradients that a round is worth: one, and half a gradient for each of the forward passes."""


def prune(subject: Subject, found: Found, rounds: int, rows: torch.Tensor | None = None) -> None:
    """Keep only those changed pixels that the goal needs, by the gradient's word and the classifier's.

    A round pushes what is changed farther along the gradient, ranks the changed pixels by what their change is worth to
    first order, and halves an interval for how many of them are enough. A photo leaves when a round gave nothing.

    Args:
        subject: under attack.
        found: what is improved, in L0.
        rounds: at most; each costs a gradient and five forward passes a photo.
        rows: which photos to look at; all when `None`.
    """
    rows = torch.arange(len(found.pixels)) if rows is None else rows
    for _ in range(rounds):
        rows = rows[found.success[rows] & (found.distances[rows] > 1)]
        if not len(rows):
            return
        before = found.distances[rows].clone()
        _round(subject, found, rows)
        rows = rows[found.distances[rows] < before]


def _round(subject: Subject, found: Found, rows: torch.Tensor) -> None:
    photos, points, goal = found.pixels[rows], found.best[rows], found.goal.rows(rows)
    gradient = climb(subject, points, goal).gradient
    changed = (points != photos).any(1, keepdim=True)
    bound = torch.where(gradient > 0, 1.0, torch.where(gradient < 0, 0.0, points))
    pushed = torch.where(changed, points + _PUSH * (bound - points), photos)
    worth = (gradient * (pushed - photos)).sum(1).flatten(1).masked_fill(~changed.flatten(1), -torch.inf)
    low, high = torch.zeros(len(rows)), changed.flatten(1).sum(1).float()
    count = (_FIRST * high).floor()
    for _ in range(_TRIALS):
        live = torch.nonzero((count > low) & (count < high))[:, 0]
        if not len(live):
            return
        kept = largest(worth[live], count[live].long()).view(len(live), 1, *photos.shape[2:])
        tried = torch.where(kept, pushed[live], photos[live])
        fooled = found.offer(tried, subject.logits(tried), rows[live])
        high[live[fooled]], low[live[~fooled]] = count[live[fooled]], count[live[~fooled]]
        count = ((low + high) / 2).floor()
