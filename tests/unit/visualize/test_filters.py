from __future__ import annotations

import numpy as np
import torch
from tiny_networks import tiny_network
from torch import nn

from enxerto.visualize.filters import Filters, first_filters


def test_the_first_convolution_over_three_colors_is_found() -> None:
    network = tiny_network().network
    found = first_filters(network)
    assert found is not None
    assert (found.name, found.weights.shape) == ("conv1.0", (16, 3, 3, 3))
    first = network.get_submodule("conv1.0")
    assert isinstance(first, nn.Conv2d)
    assert np.array_equal(found.weights, first.weight.numpy())
    assert not np.shares_memory(found.weights, first.weight.numpy())


def test_a_network_without_filters_to_see_has_none() -> None:
    assert first_filters(nn.Sequential(nn.Linear(3, 2))) is None
    assert first_filters(nn.Sequential(nn.Conv2d(3, 2, 1))) is None
    assert first_filters(nn.Sequential(nn.Conv2d(3, 2, 100))) is None


def test_gray_is_zero_and_the_largest_weight_has_full_color() -> None:
    weights = torch.zeros(2, 3, 2, 2)
    weights[0, 0, 0, 0], weights[0, 2, 1, 1] = -0.5, 0.25
    images = Filters("x", weights.numpy()).images
    assert images.shape == (2, 2, 2, 3)
    assert images[0, 0, 0].tolist() == [0, 128, 128]
    assert images[0, 1, 1].tolist() == [128, 128, 191]
    assert (images[1] == 128).all()
