"""Forward and backward pass as one graph of plain operators, so that OpenVINO can run an input gradient.

The pass is traced by `make_fx` down to ATen operators; the backward operators that OpenVINO has no rule for
(convolution, batch normalization in evaluation mode) are replaced by forward ones. Weights are constants, so only the
gradient with respect to the input exists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

from enxerto.engines.conversion import TRACING, from_trace, trace
from enxerto.engines.objective import Objective
from enxerto.errors import EngineError

if TYPE_CHECKING:
    import openvino

TOLERANCE = 1e-2
"""Largest relative error of a converted gradient against autograd on the batch it was traced with."""

aten = torch.ops.aten
Tensor = torch.Tensor


def gradient_function(network: torch.nn.Module, objective: Objective) -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """`(pixels, target) -> (logits, values, gradient)` by autograd."""

    def run(pixels: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.enable_grad():
            leaf = pixels.detach().requires_grad_()
            logits = network(leaf)
            values = objective(logits, target)
            (gradient,) = torch.autograd.grad(values.sum(), leaf)
        return logits.detach(), values.detach(), gradient

    return run


def convert_gradient(
    network: torch.nn.Module, objective: Objective, pixels: Tensor, target: Tensor
) -> tuple[openvino.Model, tuple[Tensor, Tensor, Tensor]]:
    """The OpenVINO model of an input gradient for batches of this shape, and autograd's answer for this batch.

    Raises:
        EngineError: some operator has no conversion (max pooling, attention, …).
    """
    run = gradient_function(network, objective)
    expected = run(pixels, target)
    try:
        with TRACING:
            graph = make_fx(run, decomposition_table=_decompositions())(pixels, target)
            traced = trace(graph, (pixels, target))
    except Exception as error:  # whatever PyTorch's tracers run into, the torch engine can do it
        raise EngineError(f"the gradient can't be traced: {' '.join(str(error).split())[:300]}") from error
    return from_trace(traced, (pixels, target)), expected


def require_agreement(expected: Tensor, got: Tensor) -> None:
    """Raise an `EngineError` unless a converted gradient is autograd's."""
    error = float((got - expected).norm() / expected.norm().clamp_min(1e-12))
    if not error <= TOLERANCE:
        raise EngineError(f"the converted gradient differs from autograd by {error:.1%}")


def _decompositions() -> dict[Any, Any]:
    rules: dict[Any, Any] = core_aten_decompositions()
    rules.pop(aten.upsample_nearest2d.default)  # OpenVINO knows it; taken apart, it is indexing, which it doesn't
    return {
        **rules,
        aten.convolution_backward.default: _convolution_backward,
        aten.native_batch_norm.default: _batch_norm,
        aten.native_batch_norm_backward.default: _batch_norm_backward,
    }


def _convolution_backward(
    gradient: Tensor,
    inputs: Tensor,
    weight: Tensor,
    _bias_sizes: object,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    _transposed: bool,
    _output_padding: list[int],
    groups: int,
    output_mask: list[bool],
) -> tuple[Tensor | None, None, None]:
    """With respect to the input: a transposed convolution; as a plain one, which runs faster, wherever it can be."""
    if not output_mask[0]:
        return None, None, None
    size, kernel = inputs.shape[2:], weight.shape[2:]
    margins = [dilation[i] * (kernel[i] - 1) - padding[i] for i in range(2)]
    lengths = [stride[i] * gradient.shape[2 + i] + 2 * margins[i] - dilation[i] * (kernel[i] - 1) for i in range(2)]
    plain = max(stride) == 1 or groups == inputs.shape[1]  # spread out, a full convolution would mostly add zeros
    if plain and min(margins) >= 0 and all(length >= side for length, side in zip(lengths, size, strict=True)):
        spread = _spread(gradient, stride)
        back = aten.convolution.default(
            spread, _turned(weight, groups), None, [1, 1], margins, dilation, False, [0, 0], groups
        )
        return back[:, :, : size[0], : size[1]], None, None
    uncovered = [(size[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) % stride[i] for i in range(2)]
    result = aten.convolution.default(gradient, weight, None, stride, padding, dilation, True, uncovered, groups)
    return result, None, None


def _spread(gradient: Tensor, stride: list[int]) -> Tensor:
    """With zeros between the numbers, so that they lie as far from each other as a stride."""
    if max(stride) == 1:
        return gradient
    height, width = (gradient.shape[2 + i] * stride[i] for i in range(2))
    corners = np.zeros((height, width), dtype=np.float32)
    corners[:: stride[0], :: stride[1]] = 1
    repeated: Tensor = aten.upsample_nearest2d.default(gradient, [height, width])
    return repeated * torch.from_numpy(corners)  # a constant: operators that made it would be traced


def _turned(weight: Tensor, groups: int) -> Tensor:
    """The weights of the convolution that goes back: channels swapped within each group, the kernel turned by 180°."""
    outputs, inputs, height, width = weight.shape
    swapped = weight.view(groups, outputs // groups, inputs, height, width).transpose(1, 2)
    turned = swapped.reshape(groups * inputs, outputs // groups, height, width)
    return turned.flip(2, 3) if height * width > 1 else turned


def _batch_norm(
    inputs: Tensor,
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
    _training: bool,
    _momentum: float,
    epsilon: float,
) -> tuple[Tensor, Tensor, Tensor]:
    scale = weight * torch.rsqrt(variance + epsilon)
    normalized = inputs * scale.view(1, -1, 1, 1) + (bias - mean * scale).view(1, -1, 1, 1)
    return normalized, mean, variance


def _batch_norm_backward(
    gradient: Tensor,
    _inputs: Tensor,
    weight: Tensor,
    _mean: Tensor,
    variance: Tensor,
    _saved_mean: Tensor,
    _saved_inverse: Tensor,
    _training: bool,
    epsilon: float,
    _output_mask: list[bool],
) -> tuple[Tensor, None, None]:
    return gradient * (weight * torch.rsqrt(variance + epsilon)).view(1, -1, 1, 1), None, None
