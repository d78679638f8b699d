"""An engine as a PyTorch module that can be differentiated, for libraries that expect one.

The forward pass is the engine's logits. The backward pass is its input gradient with the incoming gradient as weights
over the classes: the sum over classes of weight times logit has the vector-Jacobian product as its gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.autograd.function import once_differentiable

from enxerto.backbones.preprocessing import tensor_of
from enxerto.engines.engine import Engine
from enxerto.engines.objective import ClassLogit
from enxerto.errors import BoundsError
from enxerto.types import Pixels

PHOTOS_A_CALL = 16
"""As many go backward at once, so that memory doesn't grow with the batch."""
SLACK = 1e-4
"""How far outside [0, 1] pixels may lie by rounding; they are taken as if they lay on the bound."""


class EngineNetwork(nn.Module):
    """Pixels to logits on an engine, forward and backward.

    Tensors are float32 on the CPU. Second derivatives don't exist. Threads may share one, as they may share the engine.

    Args:
        engine: what runs both passes, with its head or its own classes.
        gradients: what runs the backward pass instead, where another engine is faster for it; of the same network.
    """

    def __init__(self, engine: Engine, gradients: Engine | None = None) -> None:
        super().__init__()
        self.engine = engine
        self.gradients = gradients or engine

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits, float32, shape (batch, classes).

        Args:
            pixels: in [0, 1], float32, shape (batch, 3, size, size).

        Raises:
            BoundsError: pixels outside [0, 1].
        """
        logits: torch.Tensor = _Pass.apply(pixels, self)
        return logits


class _Pass(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, pixels: torch.Tensor, network: EngineNetwork) -> torch.Tensor:
        array = _within_bounds(pixels)
        ctx.network, ctx.pixels = network, array
        return tensor_of(network.engine.logits(array).astype(np.float32))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, weights: torch.Tensor) -> tuple[torch.Tensor, None]:
        gradient = class_gradient(
            ctx.network.gradients, ctx.pixels, np.ascontiguousarray(weights.detach().float().numpy())
        )
        return tensor_of(gradient), None


def class_gradient(engine: Engine, pixels: Pixels, weights: NDArray[np.float32]) -> Pixels:
    """The gradient of each photo's weighted sum of logits with respect to its pixels.

    Args:
        engine: what runs it.
        pixels: float32 in [0, 1], shape (batch, 3, size, size).
        weights: over the classes, float32, shape (batch, classes).

    Returns:
        float32, shape (batch, 3, size, size).
    """
    parts = [slice(start, start + PHOTOS_A_CALL) for start in range(0, len(pixels), PHOTOS_A_CALL)]
    return np.concatenate([engine.input_gradient(pixels[part], weights[part], ClassLogit()).gradient for part in parts])


def _within_bounds(pixels: torch.Tensor) -> Pixels:
    array: Pixels = pixels.detach().numpy()
    low, high = float(array.min()), float(array.max())
    if not (low >= -SLACK and high <= 1 + SLACK):
        raise BoundsError(
            f"`pixels` must lie in [0, 1], got min {low:.3g}, max {high:.3g}; pass pixels before normalization"
        )
    return np.asarray(np.clip(array, 0, 1), dtype=np.float32)
