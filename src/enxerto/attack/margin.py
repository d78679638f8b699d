"""How far a photo is from fooling, in logits, and which way to go: what every minimal attack climbs."""

from __future__ import annotations

from typing import NamedTuple

import torch

from enxerto.attack.goal import Goal
from enxerto.attack.subject import Subject
from enxerto.engines import CrossEntropy, Margin

_SMALLEST = 1e-6


class Climb(NamedTuple):
    """What `climb` returns.

    Attributes:
        logits: float32, shape (photos, classes).
        values: positive where the goal is reached, float32, shape (photos,).
        gradient: of the values, float32, shape of the photos.
    """

    logits: torch.Tensor
    values: torch.Tensor
    gradient: torch.Tensor


def climb(subject: Subject, points: torch.Tensor, goal: Goal, *, smooth: bool = False) -> Climb:
    """The goal's margin at some points, and its gradient; one propagation each way.

    With a confidence c that is log-odds: the wrong class's logit minus the log-sum-exp of all others, minus
    log(c / (1 - c)), which is positive where its probability is above c. Its gradient is that of the cross-entropy
    divided by one minus the probability. Which class to raise is asked with one more forward pass, unless it is given.

    Args:
        subject: under attack.
        points: float32 in [0, 1], shape (photos, 3, height, width).
        goal: of these photos.
        smooth: without target and confidence, the gradient is that of the log-odds against the label, in which all
            other classes take part; it finds classes whose logits are small but rise fast.
    """
    if goal.confidence:
        return _confident(subject, points, goal)
    if smooth and goal.targets is None:
        return _away(subject, points, goal)
    sign = -1.0 if goal.targets is not None else 1.0
    pinned = goal.labels if goal.targets is None else goal.targets
    logits, _, gradient = subject.gradient(points, pinned, Margin())
    return Climb(logits, goal.margin(logits), gradient if sign > 0 else -gradient)


def _confident(subject: Subject, points: torch.Tensor, goal: Goal) -> Climb:
    wanted = goal.targets if goal.targets is not None else goal.wanted(subject.logits(points))
    logits, _, gradient = subject.gradient(points, wanted, CrossEntropy())
    others = logits.scatter(1, wanted[:, None], -torch.inf).logsumexp(1)
    odds = logits.gather(1, wanted[:, None])[:, 0] - others
    short = odds - torch.logit(torch.tensor(goal.confidence))
    left = torch.sigmoid(-odds).clamp_min(_SMALLEST)
    return Climb(logits, torch.minimum(short, goal.margin(logits)), -gradient / left.view(-1, 1, 1, 1))


def _away(subject: Subject, points: torch.Tensor, goal: Goal) -> Climb:
    logits, _, gradient = subject.gradient(points, goal.labels, CrossEntropy())
    own = logits.gather(1, goal.labels[:, None])
    odds = logits.scatter(1, goal.labels[:, None], -torch.inf).logsumexp(1) - own[:, 0]
    left = torch.sigmoid(odds).clamp_min(_SMALLEST)
    return Climb(logits, goal.margin(logits), gradient / left.view(-1, 1, 1, 1))
