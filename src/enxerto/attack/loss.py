"""What a budget attack climbs: an objective, with what it is held against, and a sign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import torch

from enxerto.attack.goal import Goal
from enxerto.attack.objectives import LogitRatio, TargetedLogitRatio
from enxerto.attack.subject import Subject
from enxerto.engines import ClassLogit, CrossEntropy, Margin, Objective


class Slope(NamedTuple):
    """What `Loss.slope` returns.

    Attributes:
        logits: float32, shape (photos, classes).
        values: of the loss, float32, shape (photos,); minus infinity where the network gave no number.
        gradient: of the values, float32, shape of the photos; zero where the network gave no number.
    """

    logits: torch.Tensor
    values: torch.Tensor
    gradient: torch.Tensor


@dataclass(frozen=True, eq=False)
class Loss:
    """Large where a photo fools.

    Attributes:
        objective: of the logits.
        target: its weights over the classes, float32, shape (photos, classes).
        sign: 1 to climb the objective, -1 to descend it.
    """

    objective: Objective
    target: torch.Tensor
    sign: float

    def slope(self, subject: Subject, points: torch.Tensor) -> Slope:
        """Logits, values and gradient at points, one a photo."""
        logits, values, gradient = subject.gradient(points, self.target, self.objective)
        values = torch.nan_to_num(self.sign * values, -torch.inf, torch.inf, -torch.inf)
        return Slope(logits, values, torch.nan_to_num(self.sign * gradient, 0.0, 0.0, 0.0))

    def rows(self, chosen: torch.Tensor) -> Self:
        """The loss of some of the photos, by mask or index."""
        return replace(self, target=self.target[chosen])


def cross_entropy(goal: Goal, classes: int) -> Loss:
    """Away from the label, or to the target of a targeted goal."""
    return Loss(CrossEntropy(), _one_hot(_pinned(goal), classes), -1.0 if goal.targeted else 1.0)


def logit_ratio(goal: Goal, classes: int) -> Loss:
    """DLR away from the label, or to the target; with 2 classes, which have no third logit, the margin alone."""
    objective = LogitRatio() if classes > 2 else Margin()
    return Loss(objective, _one_hot(_pinned(goal), classes), -1.0 if goal.targeted else 1.0)


def toward(goal: Goal, wanted: torch.Tensor, classes: int) -> Loss:
    """Targeted DLR from the labels to other classes; with 2 or 3 classes, without a fourth logit, the difference alone.

    Args:
        goal: whose labels to leave.
        wanted: where to go, int64, shape (photos,).
        classes: how many there are.
    """
    objective = TargetedLogitRatio() if classes > 3 else ClassLogit()
    return Loss(objective, _one_hot(wanted, classes) - _one_hot(goal.labels, classes), 1.0)


def _pinned(goal: Goal) -> torch.Tensor:
    return goal.labels if goal.targets is None else goal.targets


def _one_hot(chosen: torch.Tensor, classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(chosen, classes).float()
