"""What every part of a training job obeys."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.data import Limits
from enxerto.heads import ClassWeight
from enxerto.progress import Progress


@dataclass(frozen=True)
class Settings:
    """What every part of a training job obeys.

    Attributes:
        class_weight: `balanced` lets every class count the same.
        coverage: stated coverage of the prediction sets.
        cache: keep features for the next time.
        seed: of everything random.
        limits: of bytes and pixels a photo.
        progress: how to show it.
    """

    class_weight: ClassWeight
    coverage: float
    cache: bool
    seed: int
    limits: Limits | None
    progress: Progress
