from __future__ import annotations

from typing import Any

import pytest
import torch
from hand_networks import HandNetwork, hand_classifier, hand_images
from tiny_networks import tiny_network

from enxerto.errors import OptionError
from enxerto.visualize.attribution.cam import gradcam
from enxerto.visualize.attribution.cut import _to_grid, find_cut
from enxerto.visualize.attribution.subject import Subject


@pytest.mark.parametrize(
    ("name", "layer", "shape"),
    [
        ("test_resnet", "last", (96, 5, 5)),
        ("test_efficientnet", "last", (256, 5, 5)),
        ("test_convnext", "last", (64, 5, 5)),
        ("test_vit", "blocks.4", (101, 64)),
    ],
)
@pytest.mark.parametrize("classes", [True, False])
def test_the_last_maps_are_found(name: str, layer: str, shape: tuple[int, ...], classes: bool) -> None:
    cut = find_cut(tiny_network(name), classes=classes)
    assert (cut.backbone.layer, cut.backbone.pooling, cut.shape) == (layer, "maps", shape)


@pytest.mark.parametrize("pooling", ["average", "max", "grid2"])
def test_a_layer_that_features_come_from_is_the_one(pooling: str) -> None:
    backbone = tiny_network(layer="layer3", pooling=pooling)
    cut = find_cut(backbone, classes=False)
    assert cut.backbone.layer == "layer3"
    pixels = torch.rand(2, 3, 160, 160, generator=torch.Generator().manual_seed(0))
    features = backbone.feature_network()
    tail = cut.tail(cut.backbone.feature_network()(pixels).unflatten(1, cut.shape))
    torch.testing.assert_close(tail, features(pixels), atol=1e-5, rtol=1e-4)


class OnePlace(HandNetwork):
    """Maps of one place."""

    def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().forward_features(inputs).mean((2, 3), keepdim=True)


def test_maps_of_one_place_are_none() -> None:
    with pytest.raises(OptionError, match="hand has no layer whose maps lead straight to its answer; take integrated"):
        find_cut(hand_classifier(made=OnePlace(0, False)).backbone, classes=True)


def test_channels_last_and_tokens_become_a_grid() -> None:
    class Odd:
        output_fmt = "Format.NHWC"
        num_prefix_tokens = 1

    maps = torch.arange(24.0).reshape(1, 2, 3, 4)
    turned = _to_grid(Odd(), maps)
    assert turned is not None
    assert turned.shape == (1, 4, 2, 3)
    tokens = torch.arange(10.0).reshape(1, 5, 2)
    grid = _to_grid(Odd(), tokens)
    assert grid is not None
    assert grid[0, 0].tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert _to_grid(Odd(), tokens[:, :4]) is None
    assert _to_grid(Odd(), tokens[0]) is None


class Stumbling(HandNetwork):
    """Goes wrong on call, in the middle of a network."""

    stumbles = False

    def forward_head(self, maps: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        if self.stumbles:
            raise ValueError("stumbled")
        return super().forward_head(maps, pre_logits)


def state(network: torch.nn.Module) -> Any:
    return (
        [(each.training, len(each._forward_hooks), len(each._backward_hooks)) for each in network.modules()],
        [(name, each.requires_grad, each.grad, each.tolist()) for name, each in network.named_parameters()],
    )


@pytest.mark.parametrize("stumbles", [False, True])
def test_a_network_comes_back_as_it_was(stumbles: bool) -> None:
    network = Stumbling(0, False)
    network.requires_grad_(True)
    before = state(network)
    subject = Subject(hand_classifier(made=network))
    assert subject.cut.shape == (4, 4, 4)
    network.stumbles = stumbles
    if stumbles:
        with pytest.raises(ValueError, match="stumbled"):
            gradcam(subject, hand_images(1), hand_images(1)[:, 0, 0, 0].astype(int) * 0)
    else:
        gradcam(subject, hand_images(1), hand_images(1)[:, 0, 0, 0].astype(int) * 0)
    assert state(network) == before
