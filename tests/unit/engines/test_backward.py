"""Convolutions backward as convolutions forward: held against autograd."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from enxerto.engines.backward import _average_pool_backward, _convolution_backward, _max_pool_backward


@pytest.mark.parametrize("side", [7, 12, 13])
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "padding"), [(1, 0), (3, 1), (3, 0), (5, 2), (2, 1), (3, 3)])
def test_a_convolution_goes_backward_as_autograd_has_it(
    kernel: int, padding: int, stride: int, dilation: int, groups: int, side: int
) -> None:
    generator = torch.Generator().manual_seed(0)
    if side + 2 * padding < dilation * (kernel - 1) + 1:
        padding += dilation * kernel
    inputs = torch.randn(2, 4, side, side + 3, generator=generator, requires_grad=True)
    weight = torch.randn(8, 4 // groups, kernel, kernel, generator=generator)
    result = torch.nn.functional.conv2d(inputs, weight, None, stride, padding, dilation, groups)
    upstream = torch.randn(result.shape, generator=generator)
    (expected,) = torch.autograd.grad(result, inputs, upstream)
    pairs = ([stride] * 2, [padding] * 2, [dilation] * 2)
    got, *rest = _convolution_backward(
        upstream, inputs, weight, None, *pairs, False, [0, 0], groups, [True, False, False]
    )
    assert rest == [None, None]
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


class _Convolutions(TorchDispatchMode):
    """Notes of each convolution whether it is a transposed one."""

    def __init__(self) -> None:
        super().__init__()
        self.transposed: list[bool] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.ops.aten.convolution.default:
            self.transposed.append(args[6])
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("groups", "stride", "transposed"), [(1, 1, False), (2, 1, False), (4, 1, False), (4, 2, False), (1, 2, True)]
)
def test_it_is_transposed_only_where_zeros_would_cost_more(groups: int, stride: int, transposed: bool) -> None:
    inputs, weight = torch.zeros(1, 4, 8, 8), torch.zeros(4, 4 // groups, 3, 3)
    upstream = torch.zeros(1, 4, 8 // stride, 8 // stride)
    with _Convolutions() as convolutions:
        _convolution_backward(
            upstream, inputs, weight, None, [stride] * 2, [1, 1], [1, 1], False, [0, 0], groups, [True, False, False]
        )
    assert convolutions.transposed == [transposed]


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("side", [8, 11, 14])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 2, 0), (3, 1, 1), (2, 3, 1), (5, 2, 2)]
)
def test_a_pooling_goes_backward_as_autograd_has_it(
    kernel: int, stride: int, padding: int, side: int, ceil_mode: bool
) -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(2, 3, side, side + 1, generator=generator, requires_grad=True)
    result, indices = torch.nn.functional.max_pool2d_with_indices(inputs, kernel, stride, padding, ceil_mode=ceil_mode)
    upstream = torch.randn(result.shape, generator=generator)
    (expected,) = torch.autograd.grad(result, inputs, upstream)
    got = _max_pool_backward(upstream, inputs, [kernel] * 2, [stride] * 2, [padding] * 2, [1, 1], ceil_mode, indices)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("settings", [(False, True, None), (True, False, None), (True, True, None), (False, False, 7)])
@pytest.mark.parametrize("side", [8, 11])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 1), (4, 4, 0)])
def test_an_average_goes_backward_as_autograd_has_it(
    kernel: int, stride: int, padding: int, side: int, settings: tuple[bool, bool, int | None]
) -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(2, 3, side, side + 1, generator=generator, requires_grad=True)
    result = torch.nn.functional.avg_pool2d(inputs, kernel, stride, padding, *settings)
    upstream = torch.randn(result.shape, generator=generator)
    (expected,) = torch.autograd.grad(result, inputs, upstream)
    got = _average_pool_backward(upstream, inputs, [kernel] * 2, [stride] * 2, [padding] * 2, *settings)
    torch.testing.assert_close(got, expected)
