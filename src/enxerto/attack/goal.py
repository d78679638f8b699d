"""What an attack is after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch


@dataclass(frozen=True, eq=False)
class Goal:
    """Another answer than the label, or one class in particular; for each photo of a batch.

    Attributes:
        labels: what each photo shows, int64, shape (photos,).
        targets: what the classifier shall say instead, int64, shape (photos,); `None` for anything but the label.
        confidence: probability that the wrong answer shall have at least, in [0, 1).
    """

    labels: torch.Tensor
    targets: torch.Tensor | None = None
    confidence: float = 0.0

    @property
    def targeted(self) -> bool:
        """Whether there is one class in particular."""
        return self.targets is not None

    def reached(self, logits: torch.Tensor) -> torch.Tensor:
        """Which photos fool the classifier as they should; bool, shape (photos,).

        A tie doesn't count: the wrong class must have the larger logit.

        Args:
            logits: shape (photos, classes).
        """
        if not self.confidence:
            return self.margin(logits) > 0
        wrong = logits.softmax(1).gather(1, self.wanted(logits)[:, None])[:, 0]
        return (self.margin(logits) > 0) & (wrong >= self.confidence)

    def margin(self, logits: torch.Tensor) -> torch.Tensor:
        """Logit of the wrong class minus the largest of the classes that it must beat; shape (photos,)."""
        wanted = self.wanted(logits)[:, None]
        others = self.labels[:, None] if self.targets is None else None
        chosen = logits.gather(1, wanted)[:, 0]
        if others is not None:
            return chosen - logits.gather(1, others)[:, 0]
        return chosen - logits.scatter(1, wanted, -torch.inf).amax(1)

    def wanted(self, logits: torch.Tensor) -> torch.Tensor:
        """The target, or else the class with the largest logit but the label; int64, shape (photos,)."""
        if self.targets is not None:
            return self.targets
        return logits.scatter(1, self.labels[:, None], -torch.inf).argmax(1)

    def rows(self, chosen: torch.Tensor) -> Self:
        """The goal of some of the photos, by mask or index."""
        targets = None if self.targets is None else self.targets[chosen]
        return replace(self, labels=self.labels[chosen], targets=targets)
