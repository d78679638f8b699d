"""Operators that OpenVINO has no rule for, mostly ATen's backward ones, by operators that it has rules for."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch._decomp import core_aten_decompositions

aten = torch.ops.aten
Tensor = torch.Tensor


def decompositions() -> dict[Any, Any]:
    """By which `make_fx` takes operators apart: PyTorch's own rules, and these."""
    rules: dict[Any, Any] = core_aten_decompositions()
    rules.pop(aten.upsample_nearest2d.default)  # OpenVINO knows it; taken apart, it is indexing, which it doesn't
    return {
        **rules,
        aten.convolution_backward.default: _convolution_backward,
        aten.avg_pool2d_backward.default: _average_pool_backward,
        aten.max_pool2d_with_indices_backward.default: _max_pool_backward,
        aten._softmax.default: _softmax,
        aten.native_layer_norm.default: _layer_norm,
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


def _average_pool_backward(
    gradient: Tensor,
    inputs: Tensor,
    kernel: list[int],
    stride: list[int],
    padding: list[int],
    _ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    """To each number its share of every window: a convolution with equal weights, backward."""
    kernel, stride, padding = _pair(kernel), _pair(stride or kernel), _pair(padding)
    channels, *sizes = inputs.shape[1:]
    counts = [
        _counted(sizes[i], gradient.shape[2 + i], kernel[i], stride[i], padding[i], count_include_pad) for i in range(2)
    ]
    divisors = np.outer(*counts) if divisor_override is None else np.full((1, 1), divisor_override)
    shares = gradient * torch.from_numpy((1 / divisors).astype(np.float32))
    ones = torch.from_numpy(np.ones((channels, 1, *kernel), dtype=np.float32))
    back, _, _ = _convolution_backward(
        shares, inputs, ones, None, stride, padding, [1, 1], False, [0, 0], channels, [True, False, False]
    )
    assert back is not None
    return back


def _counted(size: int, windows: int, kernel: int, stride: int, padding: int, with_padding: bool) -> NDArray[np.int64]:
    """By how many numbers each window of a line is divided, as PyTorch counts them."""
    starts = np.arange(windows) * stride - padding
    ends = np.minimum(starts + kernel, size + padding)
    return ends - starts if with_padding else np.minimum(ends, size) - np.maximum(starts, 0)


def _max_pool_backward(
    gradient: Tensor,
    inputs: Tensor,
    kernel: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    ceil_mode: bool,
    _indices: Tensor,
) -> Tensor:
    """To each number that is the largest of a window, what comes from that window.

    Every number lies in as many windows as a kernel is strides long, along each side; all numbers look at their first
    window at once, then at their second, and so on. Equal numbers each get the whole where autograd gives it to the
    first: where that is so, they are mostly the zeros of a ReLU, which hands nothing on.
    """
    kernel, stride, padding, dilation = (_pair(values) for values in (kernel, stride or kernel, padding, dilation))
    if max(dilation) > 1:
        # What can't be traced runs on PyTorch, with a warning; no known network has this.
        raise NotImplementedError("max pooling with a dilation")
    largest = aten.max_pool2d_with_indices.default(inputs, kernel, stride, padding, dilation, ceil_mode)[0]
    windows = [-(-kernel[i] // stride[i]) for i in range(2)]
    needed = [-(-(inputs.shape[2 + i] + padding[i]) // stride[i]) for i in range(2)]
    after = [max(0, needed[i] - gradient.shape[2 + i]) for i in range(2)]
    edges = [windows[1] - 1, after[1], windows[0] - 1, after[0]]
    largest, gradient = aten.constant_pad_nd(largest, edges, math.inf), aten.constant_pad_nd(gradient, edges, 0.0)
    total = torch.zeros((), dtype=gradient.dtype)
    for back in itertools.product(*(range(count) for count in windows)):
        starts = [windows[i] - 1 - back[i] for i in range(2)]
        reached = np.ones((1, 1, *inputs.shape[2:]), dtype=np.float32)
        for i in range(2):
            place = (np.arange(inputs.shape[2 + i]) + padding[i]) % stride[i] + back[i] * stride[i]
            reached *= (place < kernel[i]).reshape((-1, 1) if i == 0 else (1, -1))
        theirs, handed = (_looked_up(map_, starts, needed, stride, padding, inputs) for map_ in (largest, gradient))
        total = total + torch.where(inputs == theirs, handed, 0.0) * torch.from_numpy(reached)
    return total


def _looked_up(
    windows: Tensor, starts: list[int], needed: list[int], stride: list[int], padding: list[int], inputs: Tensor
) -> Tensor:
    """For every input the number of the window that it lies in."""
    part = windows[:, :, starts[0] : starts[0] + needed[0], starts[1] : starts[1] + needed[1]]
    if max(stride) > 1:
        part = aten.upsample_nearest2d.default(part, [needed[i] * stride[i] for i in range(2)])
    rows, columns = (slice(padding[i], padding[i] + inputs.shape[2 + i]) for i in range(2))
    return part[:, :, rows, columns]


def _pair(values: list[int]) -> list[int]:
    return list(values) if len(values) > 1 else [*values, *values]


def _softmax(inputs: Tensor, dim: int, _half_to_float: bool) -> Tensor:
    powers = (inputs - inputs.amax(dim, keepdim=True)).exp()
    return powers / powers.sum(dim, keepdim=True)


def _layer_norm(
    inputs: Tensor, shape: list[int], weight: Tensor | None, bias: Tensor | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    over = list(range(inputs.ndim - len(shape), inputs.ndim))
    mean = inputs.mean(over, keepdim=True)
    shifted = inputs - mean
    scale = torch.rsqrt((shifted * shifted).mean(over, keepdim=True) + epsilon)
    normalized = shifted * scale
    if weight is not None:
        normalized = normalized * weight
    if bias is not None:
        normalized = normalized + bias
    return normalized, mean, scale


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
