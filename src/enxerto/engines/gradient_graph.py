"""Forward and backward pass as one graph of plain operators, so that OpenVINO can run an input gradient.

The pass is traced by `make_fx` down to ATen operators. Weights are constants, so only the gradient with respect to the
input exists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import SDPBackend, sdpa_kernel

from enxerto.engines.backward import decompositions
from enxerto.engines.conversion import TRACING, from_trace, trace
from enxerto.engines.objective import Objective
from enxerto.errors import EngineError

if TYPE_CHECKING:
    import openvino

TOLERANCE = 1e-2
"""Largest relative error of a converted gradient against autograd on the batch it was traced with."""

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
        EngineError: some operator has no conversion (attention, …).
    """
    run = gradient_function(network, objective)
    expected = run(pixels, target)
    try:
        with TRACING, sdpa_kernel(SDPBackend.MATH):  # the fused attention's backward pass is one unknown operator
            graph = make_fx(run, decomposition_table=decompositions())(pixels, target)
            _turn_square_weights(graph)
            traced = trace(graph, (pixels, target))
    except Exception as error:  # whatever PyTorch's tracers run into, the torch engine can do it
        raise EngineError(f"the gradient can't be traced: {' '.join(str(error).split())[:300]}") from error
    return from_trace(traced, (pixels, target)), expected


def _turn_square_weights(graph: torch.fx.GraphModule) -> None:
    """Turn square matrices of weights here, and not in the graph.

    A product goes forward with a matrix and backward with it turned. OpenVINO on a CPU packs a constant once for all
    products of one shape, whether they turn it or not; where it is square, one of the two would get the wrong one.
    """
    for node in list(graph.graph.nodes):
        if node.target is torch.ops.aten.permute.default and node.args[0].op == "get_attr":
            weight = getattr(graph, node.args[0].target)
            if weight.ndim == 2 and weight.shape[0] == weight.shape[1]:
                name = f"turned_{node.name}"
                graph.register_buffer(name, weight.detach().permute(node.args[1]).contiguous())
                with graph.graph.inserting_before(node):
                    node.replace_all_uses_with(graph.graph.get_attr(name))
    graph.recompile()


def require_agreement(expected: Tensor, got: Tensor) -> None:
    """Raise an `EngineError` unless a converted gradient is autograd's."""
    error = float((got - expected).norm() / expected.norm().clamp_min(1e-12))
    if not error <= TOLERANCE:
        raise EngineError(f"the converted gradient differs from autograd by {error:.1%}")
