"""Some photos as a network sees them, with their names and labels: what is measured between two looks at the clock."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from enxerto.attack.goal import Goal


@dataclass(frozen=True, eq=False)
class Chunk:
    """A few photos; how many makes no difference to what is measured of each.

    Attributes:
        names: of the photos.
        pixels: float32 in [0, 1], shape (photos, 3, height, width).
        labels: what they show, class indices, int64, shape (photos,).
    """

    names: tuple[str, ...]
    pixels: torch.Tensor
    labels: torch.Tensor

    @property
    def goal(self) -> Goal:
        """Any answer but the label."""
        return Goal(self.labels)

    def radius(self, size: float) -> torch.Tensor:
        """The same radius for each photo, float32, shape (photos,)."""
        return torch.full((len(self.names),), size)

    def __len__(self) -> int:
        return len(self.names)
