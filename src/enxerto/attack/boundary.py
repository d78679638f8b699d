"""From a point that fools back toward its photo, as near as it still fools."""

from __future__ import annotations

import torch

from enxerto.attack.found import Found
from enxerto.attack.goal import Goal
from enxerto.attack.norms import largest
from enxerto.attack.subject import Subject

_NEAR = 1e-3
"""Share of a change that isn't worth another look."""


def between(pixels: torch.Tensor, points: torch.Tensor, share: torch.Tensor, norm: str) -> torch.Tensor:
    """Points on the way from a photo (share 0) to another point (share 1).

    In L-infinity the change is clipped, which takes from its largest values only; in L2 and L1 it is scaled; in L0 the
    pixels that changed most keep their change.

    Args:
        pixels: float32, shape (photos, 3, height, width).
        points: of the same shape.
        share: in [0, 1], shape (photos,).
        norm: one of `NORMS`.
    """
    change = points - pixels
    if norm == "linf":
        limit = (share * change.flatten(1).abs().amax(1)).view(-1, 1, 1, 1)
        return (pixels + change.clamp(-limit, limit)).clamp_(0, 1)
    if norm == "l0":
        squared = change.square().sum(1).flatten(1)
        kept = (share * (squared > 0).sum(1)).round().long()
        return torch.where(largest(squared, kept).view(len(change), 1, *change.shape[2:]), points, pixels)
    return (pixels + share.view(-1, 1, 1, 1) * change).clamp_(0, 1)


def shrink(subject: Subject, found: Found, steps: int = 6, rows: torch.Tensor | None = None) -> None:
    """Move the best points back along the way to their photos, by false position on the margin (Illinois variant).

    One forward pass a step and photo; a photo leaves once its bracket is narrow.

    Args:
        subject: under attack.
        found: what is improved; photos that don't fool, or need no change, are left alone.
        steps: at most.
        rows: which photos to look at; all when `None`.
    """
    rows = torch.arange(len(found.pixels)) if rows is None else rows
    rows = rows[found.success[rows] & (found.distances[rows] > 0)]
    if not steps or not len(rows):
        return
    ends = found.best[rows].clone()
    bracket = _Bracket(len(rows))
    for step in range(steps):
        live = torch.nonzero(bracket.high - bracket.low > _NEAR)[:, 0]
        if not len(live):
            return
        share = bracket.next(live, first=step == 0)
        chosen = rows[live]
        points = between(found.pixels[chosen], ends[live], share, found.norm)
        logits = subject.logits(points)
        fooled = found.offer(points, logits, chosen)
        bracket.update(live, share, excess(found.goal.rows(chosen), logits), fooled)


def confirm(subject: Subject, found: Found, tries: int = 8) -> None:
    """Ask once more about the best points, and push those outward that the answer's last digits have lost.

    An engine computes a gradient and an answer by different graphs, so a point on the very boundary may fool by the
    one and not by the other; what counts is the answer.

    Args:
        subject: under attack.
        found: whose best points are confirmed; those that can't be are given up.
        tries: how often a point is pushed, each time four times as far, from a hundredth of a per mille on.
    """
    rows = torch.nonzero(found.success)[:, 0]
    if not len(rows):
        return
    points = found.best[rows].clone()
    rows = rows[~found.goal.rows(rows).reached(subject.logits(points))]
    found.success[rows], found.distances[rows] = False, torch.inf
    change = found.best[rows] - found.pixels[rows]
    for attempt in range(tries):
        lost = torch.nonzero(~found.success[rows])[:, 0]
        if not len(lost):
            return
        pushed = (found.pixels[rows[lost]] + change[lost] * (1 + 1e-5 * 4.0**attempt)).clamp_(0, 1)
        found.offer(pushed, subject.logits(pushed), rows[lost])
    found.best[rows[~found.success[rows]]] = found.pixels[rows[~found.success[rows]]]


def excess(goal: Goal, logits: torch.Tensor) -> torch.Tensor:
    """How far beyond the goal answers are, in logits or log-odds; positive where it is reached; shape (photos,)."""
    margin = goal.margin(logits)
    if not goal.confidence:
        return margin
    wanted = goal.wanted(logits)[:, None]
    odds = logits.gather(1, wanted)[:, 0] - logits.scatter(1, wanted, -torch.inf).logsumexp(1)
    return torch.minimum(margin, odds - torch.logit(torch.tensor(goal.confidence)))


class _Bracket:
    """Shares between which the boundary lies; each end's margin, halved while that end stays (Illinois)."""

    def __init__(self, photos: int) -> None:
        self.low, self.high = torch.zeros(photos), torch.ones(photos)
        self.below, self.above = torch.full((photos,), torch.nan), torch.full((photos,), torch.nan)

    def next(self, live: torch.Tensor, *, first: bool) -> torch.Tensor:
        """A share inside each bracket: near the point at first, which is where searches end."""
        low, high, below, above = self.low[live], self.high[live], self.below[live], self.above[live]
        if first:
            return torch.full_like(low, 0.97)
        secant = low + (high - low) * below / (below - above)
        middle = torch.where(torch.isnan(below), torch.maximum(high - 3 * (1 - high), high / 2), (low + high) / 2)
        inside = torch.isfinite(secant) & (secant > low) & (secant < high)
        edge = 0.02 * (high - low)
        return torch.where(inside, secant.clamp(low + edge, high - edge), middle)

    def update(self, live: torch.Tensor, share: torch.Tensor, margin: torch.Tensor, fooled: torch.Tensor) -> None:
        """Narrow the brackets by what was seen."""
        up, down = live[fooled], live[~fooled]
        self.high[up], self.above[up] = share[fooled], margin[fooled]
        self.low[down], self.below[down] = share[~fooled], margin[~fooled]
        self.below[up] /= 2
        self.above[down] /= 2
