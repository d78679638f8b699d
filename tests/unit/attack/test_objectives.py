"""DLR without sorting is DLR with sorting, and OpenVINO can convert its gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_attacks import ConvolutionNetwork, tiny_photos

from enxerto.attack.objectives import LogitRatio, TargetedLogitRatio
from enxerto.engines import Objective
from enxerto.engines.gradient_graph import convert_gradient, require_agreement


def sorted_ratio(logits: torch.Tensor, label: int) -> torch.Tensor:
    """Croce & Hein 2020, eq. 6, of one photo."""
    order = logits.sort(descending=True).values
    others = torch.cat((logits[:label], logits[label + 1 :]))
    return -(logits[label] - others.max()) / (order[0] - order[2])


def sorted_targeted_ratio(logits: torch.Tensor, label: int, wanted: int) -> torch.Tensor:
    """Croce & Hein 2020, eq. 7, of one photo."""
    order = logits.sort(descending=True).values
    return -(logits[label] - logits[wanted]) / (order[0] - (order[2] + order[3]) / 2)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**20), classes=st.integers(4, 12), scale=st.floats(0.1, 100), label=st.integers(0, 3))
def test_values_and_gradients_are_those_of_the_formulas(seed: int, classes: int, scale: float, label: int) -> None:
    logits = scale * torch.randn(1, classes, generator=torch.Generator().manual_seed(seed))
    wanted = (label + 1) % classes
    one_hot = torch.eye(classes)
    for objective, target, slow in (
        (LogitRatio(), one_hot[label : label + 1], lambda leaf: sorted_ratio(leaf, label)),
        (
            TargetedLogitRatio(),
            (one_hot[wanted] - one_hot[label])[None],
            lambda leaf: sorted_targeted_ratio(leaf, label, wanted),
        ),
    ):
        fast_leaf, slow_leaf = logits.clone().requires_grad_(), logits[0].double().requires_grad_()
        value, expected = objective(fast_leaf, target), slow(slow_leaf)
        torch.testing.assert_close(value[0].double(), expected, rtol=1e-3, atol=1e-5)
        (got,) = torch.autograd.grad(value.sum(), fast_leaf)
        (wished,) = torch.autograd.grad(expected, slow_leaf)
        torch.testing.assert_close(got[0].double(), wished, rtol=1e-2, atol=1e-4 * float(wished.abs().max()))


def test_three_classes_are_enough_away_from_the_label() -> None:
    value = LogitRatio()(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([[1.0, 0.0, 0.0]]))
    assert value.tolist() == pytest.approx([-0.5])


def test_equal_logits_give_numbers() -> None:
    for objective, target in ((LogitRatio(), [1.0, 0, 0, 0]), (TargetedLogitRatio(), [-1.0, 1, 0, 0])):
        leaf = torch.ones(1, 4, requires_grad=True)
        value = objective(leaf, torch.tensor([target]))
        (gradient,) = torch.autograd.grad(value.sum(), leaf)
        assert value.isfinite().all()
        assert gradient.isfinite().all()


@pytest.mark.parametrize("objective", [LogitRatio(), TargetedLogitRatio()], ids=lambda one: type(one).__name__)
def test_openvino_s_gradient_is_autograd_s(objective: Objective) -> None:
    import openvino

    network = ConvolutionNetwork(classes=6).eval().requires_grad_(False)
    photos = tiny_photos(4)
    labels = network(photos).argmax(1)
    target = torch.nn.functional.one_hot(labels, 6).float()
    if isinstance(objective, TargetedLogitRatio):
        target = torch.nn.functional.one_hot((labels + 1) % 6, 6) - target
    model, expected = convert_gradient(network, objective, photos, target)
    got = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([photos, target])
    require_agreement(expected[2], torch.from_numpy(got[2]))
    np.testing.assert_allclose(got[1], expected[1].numpy(), rtol=1e-4)
    assert float(expected[2].abs().max()) > 1e-3
