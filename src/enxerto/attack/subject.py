"""What is attacked: answers and gradients, each one counted."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.engines import InputGradient, Objective
from enxerto.types import Logits, Pixels


class Attackable(Protocol):
    """What an engine can do."""

    def logits(self, batch: Pixels, /) -> Logits:
        """Shape (photos, classes)."""

    def input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective, /) -> InputGradient:
        """Logits, values and gradients."""


class Subject:
    """A classifier under attack; photos are tensors in [0, 1].

    Args:
        engine: answers for it.
        classes: how many.

    Attributes:
        forwards: photos answered so far.
        backwards: photos differentiated so far; each was answered, too.
    """

    def __init__(self, engine: Attackable, classes: int) -> None:
        self.engine = engine
        self.classes = classes
        self.forwards = 0
        self.backwards = 0

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """Answers.

        Args:
            pixels: float32 in [0, 1], shape (photos, 3, height, width).

        Returns:
            float32, shape (photos, classes).
        """
        self.forwards += len(pixels)
        return torch.from_numpy(self.engine.logits(pixels.numpy())).float()

    def gradient(
        self, pixels: torch.Tensor, target: torch.Tensor, objective: Objective
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Answers, and the gradient of an objective of them.

        Args:
            pixels: float32 in [0, 1], shape (photos, 3, height, width).
            target: float32 weights over the classes, shape (photos, classes), or int64 classes, shape (photos,).
            objective: one value a photo.

        Returns:
            Logits, values and gradients: float32, shapes (photos, classes), (photos,) and that of the pixels.
        """
        self.forwards += len(pixels)
        self.backwards += len(pixels)
        if target.ndim == 1:
            target = torch.nn.functional.one_hot(target, self.classes)
        found = self.engine.input_gradient(pixels.contiguous().numpy(), target.float().numpy(), objective)
        return torch.from_numpy(found.logits), torch.from_numpy(found.values), torch.from_numpy(found.gradient)
