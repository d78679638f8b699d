"""Where APGD stands with each photo, its next step, and when a step gets shorter."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch

from enxerto.attack.ball import nearest, steepest, steepest_few
from enxerto.attack.loss import Loss, Slope
from enxerto.attack.subject import Subject

FORWARD = 0.75
"""Share of a step that is new; the rest goes on as before."""
RISING = 0.75
"""A step is long enough while more than this share of the steps raised the loss."""
SPARSER = 1.5
"""In l1, as many times fewer values move as the best point has changed; a step that doesn't lead to fewer is cut."""
SHORTEST = 0.1
"""In l1, of the radius."""
SETTLED = 0.95
"""In l1, a best point with this share of the changes that it had at the last check doesn't get sparser any more."""


class Walk(ABC):
    """The last points, the best ones, and what the loss is like there; a row a photo.

    Args:
        subject: under attack.
        loss: of the photos.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        start: allowed points; asked at once.
        radius: of each photo, shape (photos,).

    Attributes:
        rows: which of the photos are still here, int64.
    """

    def __init__(
        self, subject: Subject, loss: Loss, pixels: torch.Tensor, start: torch.Tensor, radius: torch.Tensor
    ) -> None:
        self.subject = subject
        self.loss = loss
        self.rows = torch.arange(len(pixels))
        self.pixels = pixels
        self.radius = radius
        self.points = self.best = start
        self.slope = self.best_slope = loss.slope(subject, start)

    def keep(self, stay: torch.Tensor) -> None:
        """Drop the other photos; `stay` is bool, shape (photos,)."""
        if stay.all():
            return
        for name, value in vars(self).items():
            if isinstance(value, torch.Tensor):
                setattr(self, name, value[stay])
            elif isinstance(value, Slope):
                setattr(self, name, Slope(*(part[stay] for part in value)))
            elif isinstance(value, Loss):
                self.loss = value.rows(stay)

    @abstractmethod
    def step_on(self) -> None:
        """To the next points."""

    @abstractmethod
    def check(self) -> None:
        """Look at how the last steps went, and go back to the best points where they led nowhere."""

    def _arrive(self, points: torch.Tensor) -> None:
        self.points, self.slope = points, self.loss.slope(self.subject, points)
        better = self.slope.values > self.best_slope.values
        self.best = torch.where(_wide(better), self.points, self.best)
        self.best_slope = _choose(better, self.slope, self.best_slope)

    def _return_to_best(self, back: torch.Tensor) -> None:
        self.points = torch.where(_wide(back), self.best, self.points)
        self.slope = _choose(back, self.best_slope, self.slope)


class SmoothWalk(Walk):
    """For linf and l2: with momentum, and halved where too few steps raised the loss; for `norm` see `ball`."""

    def __init__(
        self,
        subject: Subject,
        loss: Loss,
        pixels: torch.Tensor,
        start: torch.Tensor,
        radius: torch.Tensor,
        *,
        norm: str,
    ) -> None:
        super().__init__(subject, loss, pixels, start, radius)
        self.norm = norm
        self.before = start
        self.forward = 1.0
        self.step = 2 * radius
        self.steps_since_check = 0
        self.raised = torch.zeros_like(radius)
        self.best_at_check = self.best_slope.values
        self.halved = torch.ones_like(radius, dtype=torch.bool)

    def step_on(self) -> None:
        """Croce & Hein 2020, Alg. 1, lines 3-10; the first step has no momentum yet."""
        points, value = self.points, self.slope.values
        ahead = self._nearest(points + _wide(self.step) * steepest(self.slope.gradient, self.norm))
        ahead = self._nearest(points + self.forward * (ahead - points) + (1 - self.forward) * (points - self.before))
        self.before, self.forward = points, FORWARD
        self._arrive(ahead)
        self.raised = self.raised + (self.slope.values > value)
        self.steps_since_check += 1

    def check(self) -> None:
        """Croce & Hein 2020, sec. 3.2, conditions 1 and 2."""
        too_few = self.raised <= RISING * self.steps_since_check
        stuck = ~self.halved & (self.best_slope.values <= self.best_at_check)
        self.halved = too_few | stuck
        self.step = torch.where(self.halved, self.step / 2, self.step)
        self._return_to_best(self.halved)
        self.best_at_check = self.best_slope.values
        self.steps_since_check, self.raised = 0, torch.zeros_like(self.raised)

    def _nearest(self, points: torch.Tensor) -> torch.Tensor:
        return nearest(self.pixels, points, self.radius, self.norm)


class SparseWalk(Walk):
    """For l1: a step moves few values, and the fewer the sparser the best point is.

    Differs from the paper: values that already touch their bound don't count among the few.
    """

    def __init__(
        self, subject: Subject, loss: Loss, pixels: torch.Tensor, start: torch.Tensor, radius: torch.Tensor
    ) -> None:
        super().__init__(subject, loss, pixels, start, radius)
        self.step = radius
        self.changed = self._changed()

    def step_on(self) -> None:
        """Croce & Hein 2021, Alg. 1, lines 4-6."""
        share = self.changed / self.pixels[0].numel() / SPARSER
        free = torch.where(self.slope.gradient > 0, self.points < 1, self.points > 0)
        ahead = self.points + _wide(self.step) * steepest_few(self.slope.gradient * free, share)
        self._arrive(nearest(self.pixels, ahead, self.radius, "l1"))

    def check(self) -> None:
        """Croce & Hein 2021, Alg. 1, lines 12-19."""
        changed = self._changed()
        sparser = changed < SETTLED * self.changed
        shorter = torch.maximum(self.step / SPARSER, SHORTEST * self.radius)
        self.step = torch.where(sparser, self.radius, shorter)
        self._return_to_best(sparser)
        self.changed = changed

    def _changed(self) -> torch.Tensor:
        return (self.best != self.pixels).flatten(1).sum(1).float()


def checkpoints(steps: int, norm: str) -> set[int]:
    """After which steps to check: ever more often, but for l1.

    References: Croce & Hein 2020, sec. 3.2; Croce & Hein 2021, sec. 4.
    """
    first, less, least = (0.04, 0.0, 0.04) if norm == "l1" else (0.22, 0.03, 0.06)
    gap, shorter, shortest = max(int(first * steps), 1), max(int(less * steps), 1), max(int(least * steps), 1)
    found: set[int] = set()
    at = gap
    while at <= steps:
        found.add(at)
        gap = gap if norm == "l1" else max(gap - shorter, shortest)
        at += gap
    return found


def _choose(which: torch.Tensor, chosen: Slope, other: Slope) -> Slope:
    return Slope(
        torch.where(which[:, None], chosen.logits, other.logits),
        torch.where(which, chosen.values, other.values),
        torch.where(_wide(which), chosen.gradient, other.gradient),
    )


def _wide(values: torch.Tensor) -> torch.Tensor:
    return values.view(-1, 1, 1, 1)
