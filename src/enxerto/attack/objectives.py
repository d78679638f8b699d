"""Objectives of attacks that don't mind how large the logits are.

Both are branch-free and need no sorting, so that OpenVINO can convert their gradients: the second and third largest
logit are found by putting the smallest one in place of the larger ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from enxerto.engines import Margin, Objective

TINY = 1e-12


@dataclass(frozen=True)
class LogitRatio(Objective):
    """DLR: how far the largest other logit is above the target's, in units of the first logit's lead over the third.

    Above 0 where the target is not the prediction. Needs 3 classes.

    Reference: Croce & Hein 2020, eq. 6, arXiv:2003.01690.
    """

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Shape (batch,); `target` is one-hot."""
        first, _, third = _largest(logits, 3)
        return Margin()(logits, target) / (first - third + TINY)


@dataclass(frozen=True)
class TargetedLogitRatio(Objective):
    """Targeted DLR: the wanted logit minus the label's, by the first logit's lead over the mean of third and fourth.

    Needs 4 classes.

    Reference: Croce & Hein 2020, eq. 7, arXiv:2003.01690.
    """

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Shape (batch,); `target` is 1 at the wanted class and -1 at the label."""
        first, _, third, fourth = _largest(logits, 4)
        return (logits * target).sum(1) / (first - (third + fourth) / 2 + TINY)


def _largest(logits: torch.Tensor, count: int) -> list[torch.Tensor]:
    """The largest different logits, falling, each of shape (batch,)."""
    found, least = [logits.amax(1)], logits.amin(1, keepdim=True)
    for _ in range(count - 1):
        found.append(torch.where(logits < found[-1][:, None], logits, least).amax(1))
    return found
