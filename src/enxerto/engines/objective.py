"""What an input gradient is taken of: a function of logits and a target, one value a photo."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class Objective(ABC):
    """A differentiable function of the logits; engines trace it, so it must not branch on values."""

    @abstractmethod
    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """One value a photo.

        Args:
            logits: shape (batch, classes).
            target: one-hot or any weights over the classes, shape (batch, classes).

        Returns:
            Shape (batch,).
        """


@dataclass(frozen=True)
class CrossEntropy(Objective):
    """Minus the log probability of the target; its gradient points away from the target class."""

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Shape (batch,)."""
        return logits.logsumexp(1) - (logits * target).sum(1)


@dataclass(frozen=True)
class ClassLogit(Objective):
    """The target's logit itself."""

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Shape (batch,)."""
        return (logits * target).sum(1)


@dataclass(frozen=True)
class Margin(Objective):
    """The largest other logit minus the target's: positive where the target is not the prediction."""

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Shape (batch,); `target` is one-hot."""
        import torch

        return torch.where(target > 0, -torch.inf, logits).amax(1) - (logits * target).sum(1)
