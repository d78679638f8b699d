from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hand_networks import hand_classifier
from tiny_networks import tiny_network

from enxerto.engines import Engine, HeadArrays, InputGradient, Objective, logit_network, open_engine
from enxerto.engines.differentiable import PHOTOS_A_CALL, EngineNetwork
from enxerto.errors import BoundsError
from enxerto.types import Pixels

CLASSES = 3


def engine(device: str) -> Engine:
    backbone = tiny_network("test_efficientnet")
    length = backbone.feature_network()(torch.zeros(1, 3, 160, 160)).shape[1]
    dice = np.random.default_rng(1)
    weight = 100 * dice.normal(size=(CLASSES, length)).astype(np.float32)
    return open_engine(backbone, head=HeadArrays(weight, np.zeros(CLASSES, dtype=np.float32)), device=device)


@pytest.mark.parametrize("device", ["openvino", "torch"])
def test_both_passes_are_autograds(device: str) -> None:
    opened = engine(device)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(2, 3, 160, 160, generator=generator)
    weights = torch.randn(2, CLASSES, generator=generator)
    ours, theirs = pixels.clone().requires_grad_(), pixels.clone().requires_grad_()
    logits = EngineNetwork(opened)(ours)
    expected = logit_network(opened.backbone, opened.head)(theirs)
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-3)
    logits.backward(weights)
    expected.backward(weights)
    assert ours.grad is not None
    assert theirs.grad is not None
    assert float((ours.grad - theirs.grad).norm() / theirs.grad.norm()) < 1e-3


def test_a_gradient_that_is_one_number_repeated_is_taken_too() -> None:
    network = EngineNetwork(hand_classifier().engine)
    pixels = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (gradient,) = torch.autograd.grad(network(pixels).sum(), pixels)  # autograd expands one 1
    (expected,) = torch.autograd.grad(hand_classifier().network(pixels).sum(), pixels)
    torch.testing.assert_close(gradient, expected)


class CountingEngine(Engine):
    name = device = identity = "counting"
    workers, chunk = 2, 8

    def __init__(self, inner: Engine) -> None:
        super().__init__(inner.backbone, inner.head, "fp32")
        self.inner, self.batches = inner, list[int]()

    def _features(self, _batch: Pixels) -> np.ndarray:
        raise AssertionError

    def _class_logits(self, _batch: Pixels) -> np.ndarray:
        raise AssertionError("the forward pass is another engine's")

    def _input_gradient(self, pixels: Pixels, target: np.ndarray, objective: Objective) -> InputGradient:
        self.batches.append(len(pixels))
        return self.inner.input_gradient(pixels, target, objective)


def test_the_backward_pass_may_run_elsewhere_and_a_few_photos_at_once() -> None:
    inner = hand_classifier().engine
    counting = CountingEngine(inner)
    pixels = torch.rand(PHOTOS_A_CALL + 2, 3, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (gradient,) = torch.autograd.grad(EngineNetwork(inner, counting)(pixels).square().sum(), pixels)
    (expected,) = torch.autograd.grad(hand_classifier().network(pixels).square().sum(), pixels)
    torch.testing.assert_close(gradient, expected)
    assert counting.batches == [PHOTOS_A_CALL, 2]


def test_rounding_beyond_the_bounds_is_forgiven_and_more_is_not() -> None:
    network = EngineNetwork(hand_classifier().engine)
    white = torch.ones(1, 3, 8, 8)
    torch.testing.assert_close(network(white * (1 + 1e-5)), network(white))
    for wrong in (white * 1.01, white - 1.01, white * float("nan")):
        with pytest.raises(BoundsError, match="`pixels` must lie in"):
            network(wrong)


def test_threads_may_share_one() -> None:
    network = EngineNetwork(hand_classifier().engine)
    batches = [torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(i)).requires_grad_() for i in range(8)]

    def gradient(pixels: torch.Tensor) -> torch.Tensor:
        return torch.autograd.grad(network(pixels)[:, 0].sum(), pixels)[0]

    alone = [gradient(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for got, expected in zip(pool.map(gradient, batches), alone, strict=True):
            torch.testing.assert_close(got, expected)


def test_nothing_is_kept_between_calls() -> None:
    network = EngineNetwork(hand_classifier().engine)

    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())

    def call() -> None:
        pixels = torch.full((2, 3, 8, 8), 0.5, requires_grad=True)
        network(pixels).sum().backward()

    call()
    before = tensors()
    for _ in range(200):
        call()
    assert tensors() == before
