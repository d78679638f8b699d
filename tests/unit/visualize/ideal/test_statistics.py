from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tiny_ideal import tiny
from torch import nn

from enxerto.backbones import to_pixels
from enxerto.backbones.moments import normalizations
from enxerto.engines import HeadArrays
from enxerto.visualize.ideal.objective import aims_of
from enxerto.visualize.ideal.problems import recipe_problems
from enxerto.visualize.ideal.recipe import recipe_of
from enxerto.visualize.ideal.statistics import MeasuredNetwork, measured, with_distance


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.BatchNorm2d(3), nn.BatchNorm2d(3, affine=False)
        dice = torch.Generator().manual_seed(0)
        for norm in (self.first, self.second):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.running_mean.copy_(torch.rand(3, generator=dice))
            norm.running_var.copy_(0.5 + torch.rand(3, generator=dice))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.second(self.first(pixels).relu()).mean((2, 3))
        return features


def by_hand(pixels: np.ndarray[Any, Any], norm: nn.BatchNorm2d) -> np.ndarray[Any, Any]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    known_mean, known = norm.running_mean.double().numpy(), norm.running_var.double().numpy() + norm.eps
    shifted = (pixels.mean((2, 3)) - known_mean) ** 2 / known
    scaled = np.log((pixels.var((2, 3)) + norm.eps) / known) ** 2
    distance: np.ndarray[Any, Any] = (shifted + scaled).mean(1)
    return distance


def test_the_distance_of_the_later_half_is_numpys_and_belongs_to_one_image() -> None:
    network = Small().eval().requires_grad_(False)
    pixels = torch.rand(2, 3, 5, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        got = MeasuredNetwork(network)(pixels).double().numpy()
        between = network.first(pixels).relu().double().numpy()
    np.testing.assert_allclose(got[:, 3], by_hand(between, network.second), rtol=1e-4)
    np.testing.assert_allclose(got[:, :3], network(pixels).numpy(), rtol=1e-6)
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_hooks_are_gone_after_an_error() -> None:
    network = Small().eval().requires_grad_(False)
    with pytest.raises(RuntimeError, match="expand|size|shape|elements"):
        MeasuredNetwork(network)(torch.zeros(1, 7, 4, 4))
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_a_head_hands_the_distance_on() -> None:
    head = HeadArrays(np.ones((2, 3), dtype=np.float32), np.ones(2, dtype=np.float32))
    wider = with_distance(head)
    assert (wider.weight @ np.float32([1, 2, 3, 9]) + wider.bias).tolist() == [7, 7, 9]


@pytest.mark.parametrize("device", ["torch", "openvino"])
def test_the_gradient_is_that_of_logit_less_weighted_distance(device: str) -> None:
    classifier = tiny(device=device)
    (asked,) = aims_of([classifier], ["zebra"], "logit", 3.0)[0].asked
    side = classifier.preprocessing.size_px
    photo = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    pixels = torch.from_numpy(to_pixels(photo)).requires_grad_()
    distance = measured(classifier.backbone).feature_network()(pixels)[0, -1]
    (expected,) = torch.autograd.grad(classifier(pixels)[0, 340] - 3 * distance, pixels)
    got = torch.from_numpy(asked.gradient(pixels.detach().numpy()))
    assert float((got - expected).norm() / expected.norm()) < 1e-2


def test_networks_without_batch_normalization_are_left_as_they_are() -> None:
    classifier = tiny("test_vit")
    assert normalizations(classifier.backbone.network) == []
    (asked,) = aims_of([classifier], ["zebra"], "logit", 3.0)[0].asked
    assert asked.source.full == (asked.source.engine,)


def test_it_needs_the_logit() -> None:
    (problem,) = recipe_problems(recipe_of(batch_norm=1.0, objective="margin"))
    assert problem == "`batch_norm` works with the objective logit, got margin; set `batch_norm` to 0"
