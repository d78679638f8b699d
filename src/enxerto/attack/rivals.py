"""The classes nearest to taking over from the label, and their gradients."""

from __future__ import annotations

import torch

from enxerto.attack.goal import Goal
from enxerto.attack.subject import Subject
from enxerto.engines import ClassLogit


def differences(subject: Subject, points: torch.Tensor, goal: Goal, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of a few other classes minus the label's, with gradients, all from one call.

    Args:
        subject: under attack.
        points: float32 in [0, 1], shape (photos, 3, height, width).
        goal: gives the labels.
        count: of classes, those with the largest logits; all others where there are fewer.

    Returns:
        Gradients, shape (photos, classes looked at, 3, height, width), and differences, (photos, classes looked at).
    """
    wanted = rivals(subject.logits(points), goal.labels, count)
    count = wanted.shape[1]
    one_hot = torch.nn.functional.one_hot
    weights = one_hot(wanted, subject.classes) - one_hot(goal.labels, subject.classes)[:, None]
    repeated = points.repeat_interleave(count, 0)
    _, values, gradient = subject.gradient(repeated, weights.flatten(0, 1).float(), ClassLogit())
    return gradient.view(-1, count, *points.shape[1:]), values.view(-1, count)


def rivals(logits: torch.Tensor, labels: torch.Tensor, count: int) -> torch.Tensor:
    """The other classes with the largest logits; int64, shape (photos, classes looked at)."""
    count = min(count, logits.shape[1] - 1)
    return logits.scatter(1, labels[:, None], -torch.inf).topk(count, dim=1).indices
