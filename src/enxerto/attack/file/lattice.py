"""The smallest change in whole grey levels that fools, from nothing or from what any attack has found.

Rounding alone loses: the smallest changes that fool as fractions are mostly below half a grey level and vanish. Here
the search itself goes over whole grey levels, and what is looked at is always what a file would give. First the radius
grows until something fools, every step trying the nearest grey levels and randomly rounded ones; then unit moves that
gain least for their cost are exchanged for better ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from enxerto.attack.file.fitting import fitted, size_of
from enxerto.attack.file.moves import Moves
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb
from enxerto.attack.subject import Subject

LEVELS = 255
SLACK = 1e-3
"""Margin in logits beyond the goal, so that another engine or another processor agrees."""
_MOMENTUM = 0.75
_PATIENCE = {"linf": 5, "l2": 2}
"""Steps at a radius before it grows."""
_GROWTH, _GROWTH_NEARBY = 1.4, 1.1
"""Of the length of a change that doesn't fool, from the gradient alone or from another attack's change."""
_COMPLETIONS = 10
"""Steps to make up for what rounding lost, before the radius grows instead."""
_SECOND = 10
"""Steps to shorten a change whose largest value can't be lowered."""
_BOLDEST, _LEAST = 0.5, 0.001
"""Shares of the cost that are exchanged at once."""


@dataclass(frozen=True, eq=False)
class Settled:
    """What `settle` found.

    Attributes:
        square: float32, whole grey levels divided by 255, shape (1, 3, side, side); the photo's own without success.
        success: it fools.
        size: of the change, in grey levels, or pixels for `l0`; infinite without success.
    """

    square: torch.Tensor
    success: bool
    size: float


def settle(
    subject: Subject,
    square: torch.Tensor,
    goal: Goal,
    norm: str,
    *,
    steps: int,
    seed: int,
    start: torch.Tensor | None = None,
    limit: float | None = None,
) -> Settled:
    """Find whole grey levels that fool.

    Args:
        subject: answers for exact canvases, so that fooling it is fooling with a file.
        square: of one photo, whole grey levels, shape (1, 3, side, side).
        goal: of that photo.
        norm: one of `NORMS`.
        steps: how many times the subject is asked, at most; each time for two candidates.
        seed: of random rounding.
        start: where another attack has ended, in [0, 1].
        limit: a change of this size, in grey levels or pixels, is good enough, and none may be larger; without one the
            smallest is looked for.
    """
    search = _Search(subject, square, goal, norm, seed, limit)
    search.look(torch.zeros_like(search.origin))
    if search.best is None:
        wish, left = None if start is None else (start - square)[0] * LEVELS, steps
        if norm == "l0" and wish is not None:
            left -= search.complete(wish, min(left, _COMPLETIONS))
        if search.best is None:
            search.aim(wish)
            left -= search.grow(left)
        search.polish(search.lower(left))
    best = search.best
    if best is None or size_of(best, norm) > search.limit:
        return Settled(square, False, float("inf"))
    return Settled((search.origin + best)[None] / LEVELS, True, size_of(best, norm))


class _Search:
    """Where the search is.

    Attributes:
        origin: the photo in grey levels, shape (3, side, side).
        best: the smallest change that fools so far.
    """

    def __init__(
        self, subject: Subject, square: torch.Tensor, goal: Goal, norm: str, seed: int, limit: float | None
    ) -> None:
        self.subject = subject
        self.goal = goal
        self.norm = norm
        self.way = "linf" if norm == "linf" else "l2"
        self.limit = float("inf") if limit is None else limit
        self.origin = (square[0] * LEVELS).round()
        self.room = -self.origin, LEVELS - self.origin
        self.dice = torch.Generator().manual_seed(seed)
        self.best: torch.Tensor | None = None
        self.best_size = float("inf")
        self.wish = self.momentum = self.gradient = torch.zeros_like(self.origin)
        self.value = self.best_value = -float("inf")
        self.best_gradient = self.gradient
        self.radius = self.failed = 0.0
        self.growth = _GROWTH

    def look(self, *changes: torch.Tensor) -> bool:
        """Ask about changes; keep the smallest that fools, go on from the most promising; whether one is better."""
        points = (self.origin + torch.stack(changes)) / LEVELS
        found = climb(self.subject, points, self.goal.rows(torch.zeros(len(changes), dtype=torch.int64)))
        values = [float(value) - SLACK for value in found.values]
        better = False
        for change, value, gradient in zip(changes, values, found.gradient, strict=True):
            size = self._order(change)
            if value > 0 and size < self.best_size:
                self.best, self.best_size, self.best_value, better = change, size, value, True
                self.best_gradient = gradient / LEVELS
        promising = max(range(len(values)), key=values.__getitem__)
        self.value, self.gradient = values[promising], found.gradient[promising] / LEVELS
        return better

    def _order(self, change: torch.Tensor) -> float:
        """By what changes are compared; of those with the same largest value, the shorter one is better."""
        size = size_of(change, self.norm)
        return size + 1e-6 * size_of(change, "l2") if self.norm == "linf" else size

    def aim(self, wish: torch.Tensor | None) -> None:
        """Set out along another attack's change, or along the gradient; how far, the gradient says."""
        if wish is not None and bool(wish.any()):
            self.wish, self.radius, self.growth = wish, size_of(wish, self.way), _GROWTH_NEARBY
            self.radius = max(1.0, round(self.radius)) if self.way == "linf" else self.radius
        else:
            self.radius = 1.0
            self._step()
            if self.way == "l2":
                self._reach()
        if self.norm == self.way:
            self.radius = min(self.radius, self.limit)

    def _reach(self) -> None:
        """Grow the radius until the gradient promises to get there."""
        while self.radius < size_of(torch.full_like(self.origin, LEVELS), "l2"):
            if float((self._candidate(0.5) * self.gradient).sum()) >= -self.value:
                break
            self.radius *= 1.5

    def grow(self, steps: int) -> int:
        """Go on until something fools, with a larger radius where it doesn't; how many steps that took.

        `l1` and `l0` are looked for as `l2` at first: what is sparse comes with the exchange of moves.
        """
        waited = 0
        for asked in range(1, steps + 1):
            self.look(self._candidate(0.5), self._candidate(None))
            if self.best is not None:
                return asked
            waited += 1
            if waited >= _PATIENCE[self.way]:
                waited, self.failed, self.radius = 0, self.radius, self._larger()
            self._step()
        return steps

    def complete(self, wish: torch.Tensor, steps: int) -> int:
        """Round another attack's change and make the moves that gain most until it fools; how many steps that took.

        A sparse change stays sparse that way, which it doesn't where its radius grows.
        """
        change = torch.maximum(torch.minimum(wish.round(), self.room[1]), self.room[0])
        for asked in range(1, steps + 1):
            self.look(change)
            if self.best is not None:
                return asked
            moves = Moves(change, self.gradient, self.room, self.norm, LEVELS)
            change = moves.exchanged(0.0, self.value)
        return steps

    def lower(self, steps: int) -> int:
        """Look for the least largest change, halfway between what fools and what hasn't; how many steps are left."""
        while steps > 0 and self.way == "linf" and self.best is not None and not self._enough:
            before, largest = self.best, size_of(self.best, "linf")
            level = (self.failed + largest) // 2
            if level <= self.failed or largest - self.failed <= 1:
                break
            self.radius, self.wish = level, self.best.clamp(-level, level)
            for _ in range(min(steps, _PATIENCE["linf"])):
                self.look(self._candidate(0.5), self._candidate(None))
                steps -= 1
                if self.best is not before:
                    break
                self._step()
            else:
                self.failed = level
        return steps

    def _larger(self) -> float:
        larger = self.radius + max(1.0, self.radius // 3) if self.way == "linf" else self.radius * self.growth
        return min(larger, self.limit) if self.norm == self.way else larger

    def _candidate(self, offset: float | None) -> torch.Tensor:
        offsets = torch.rand(self.origin.shape, generator=self.dice) if offset is None else torch.tensor(offset)
        return fitted(self.wish, self.radius, self.way, self.room, offsets)

    def _step(self) -> None:
        """Turn the wish toward the gradient."""
        gradient = self.gradient / self.gradient.abs().mean().clamp_min(1e-30)
        self.momentum = _MOMENTUM * self.momentum + gradient
        if self.way == "linf":
            self.wish = (self.wish + self.radius / 2 * self.momentum.sign()).clamp(-self.radius, self.radius)
        else:
            wish = self.wish / self.wish.norm().clamp_min(1e-30)
            self.wish = wish + self.momentum / (2 * self.momentum.norm().clamp_min(1e-30))

    def polish(self, steps: int) -> None:
        """Lower the largest change while that is possible, then exchange moves, boldly first."""
        share, steps = _BOLDEST, min(steps, _SECOND) if self.way == "linf" else steps
        while steps > 0 and self.best is not None and share > _LEAST and not self._enough:
            radius = size_of(self.best, "linf")
            moves = Moves(self.best, self.best_gradient, self.room, self.norm, radius)
            bold, careful = (moves.exchanged(each, self.best_value) for each in (share, share / 4))
            if not self.look(bold, careful):
                share /= 3
            elif self.best is bold:
                share = min(_BOLDEST, 1.5 * share)
            else:
                share /= 2
            steps -= 1

    @property
    def _enough(self) -> bool:
        """There is a limit, and what was found is within it."""
        return self.best is not None and self.limit < float("inf") and size_of(self.best, self.norm) <= self.limit
