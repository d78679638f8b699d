"""What a fit is to learn, and where it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.progress import Progress, silent
from enxerto.tuning.history import Epoch
from enxerto.tuning.inputs import Inputs
from enxerto.tuning.team import Team
from enxerto.types import Labels

Watcher = Callable[[str, Epoch], None]


@dataclass(frozen=True)
class Task:
    """What is to be learned.

    Attributes:
        name: of the fit, e.g. `fold0`.
        inputs: views of photos.
        labels: int64, shape (photos,).
        weights: how much a photo of each class counts, float32, shape (classes,).
        features: how many numbers the head gets of a photo.
        learn: rows to learn from.
        held_out: rows to choose the best weights by, at least one.
        seed: of orders, mixtures and masks.
        run: which one of several fits that differ in nothing else.
        identity: of everything that decides the fit, for its checkpoint.
        radius: held-out photos are changed by up to this much to fool the network before it is judged by them; 0 takes
            them as they are.
    """

    name: str
    inputs: Inputs
    labels: Labels
    weights: NDArray[np.float32]
    features: int
    learn: Labels
    held_out: Labels
    seed: int
    run: int
    identity: str
    radius: float = 0.0

    @property
    def classes(self) -> int:
        """How many."""
        return len(self.weights)


@dataclass(frozen=True)
class Surroundings:
    """Where and how a fit runs; nothing here changes what comes out, but for rounding.

    Attributes:
        device: `cpu`, `cuda`, ….
        bf16: compute in bfloat16 where that is safe.
        checkpoint: file to keep the fit in, and to go on from where it is there; `None` keeps nothing.
        team: the processes that work on it together.
        progress: how to show it.
        watch: told of each epoch.
    """

    device: str = "cpu"
    bf16: bool = False
    checkpoint: Path | None = None
    team: Team = field(default_factory=Team)
    progress: Progress = silent
    watch: Watcher = lambda _name, _epoch: None
