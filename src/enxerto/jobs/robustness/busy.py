"""An engine for attacks, with every processor at work whatever is asked of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.engines import Engine, InputGradient, Objective
from enxerto.engines.differentiable import logits_in_parallel
from enxerto.types import Logits, Pixels


class Busy:
    """An engine that keeps every processor busy with the photos of one call.

    Args:
        engine: that answers.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def logits(self, batch: Pixels, /) -> Logits:
        """Shape (photos, classes)."""
        return logits_in_parallel(self.engine, batch)

    def input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective, /) -> InputGradient:
        """Logits, values and gradients."""
        return self.engine.input_gradient(pixels, target, objective)
