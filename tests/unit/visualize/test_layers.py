from __future__ import annotations

import pytest
import torch
from torch import nn

from enxerto.backbones import find
from enxerto.errors import OptionError, UnknownNameError
from enxerto.visualize.layers import CHANNELS_LAST, TOKENS, Layer, choose_layers, find_layers, layers_of

BLOCKS = [f"blocks.{number}" for number in range(6)]
DEFAULTS = {
    "vgg16": [f"features.{place}" for place in (1, 3, 6, 8, 11, 13, 15, 18, 20, 22, 25, 27, 29)],
    "resnet18": ["act1", "layer1", "layer2", "layer3", "layer4"],
    "squeezenet1_1": [f"features.{place}" for place in (1, 3, 4, 6, 7, 9, 10, 11, 12)],
    "efficientnet_lite0": ["bn1", *BLOCKS, "blocks.6", "bn2"],
    "mobilenetv3_small_100": ["bn1", *BLOCKS],
    "test_vit": ["patch_embed", *BLOCKS, "norm"],
    "test_convnext": ["stem", *(f"stages.{number}" for number in range(4))],
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_blocks_or_stages_of_an_architecture_are_drawn_by_default(name: str) -> None:
    layers = layers_of(find(name))
    assert [layer.name for layer in layers if layer.default] == DEFAULTS[name]
    assert [layer.name for layer in choose_layers(layers)] == DEFAULTS[name]
    assert all(layer.height > 1 and layer.width > 1 for layer in layers)


def by_name(architecture: str) -> dict[str, Layer]:
    return {layer.name: layer for layer in layers_of(find(architecture))}


def test_kinds_shapes_and_activation_functions_are_told() -> None:
    lite = by_name("efficientnet_lite0")
    assert (lite["bn1"].kind, lite["bn1"].activation, lite["bn1"].cap) == ("BatchNormAct2d", "ReLU6", 6.0)
    assert (lite["blocks.1"].kind, lite["blocks.1"].activation) == ("2 × InvertedResidual", None)
    assert (lite["blocks.0"].kind, lite["blocks.0"].shape) == ("DepthwiseSeparableConv", "16 × 112 × 112")
    resnet = by_name("resnet18")
    assert (resnet["layer1"].kind, resnet["layer1"].activation, resnet["layer1"].cap) == (
        "2 × BasicBlock",
        "ReLU",
        None,
    )
    assert by_name("mobilenetv3_small_100")["bn1"].activation == "Hardswish"


def test_what_only_hands_on_or_gives_no_maps_is_no_layer() -> None:
    names = by_name("test_vit")
    assert not {"pos_drop", "norm_pre", "fc_norm", "head", "blocks.0.drop_path1"} & names.keys()
    assert "global_pool" not in by_name("resnet18")
    assert "blocks.0.0.se" not in {name for name, layer in by_name("mobilenetv3_small_100").items() if layer.cap == 1.0}


def test_tokens_lie_on_their_grid_and_the_class_token_apart() -> None:
    block = by_name("test_vit")["blocks.0"]
    assert (block.layout, block.channels, block.height, block.width, block.prefix) == (TOKENS, 64, 10, 10, 1)
    assert block.shape == "64 × 10 × 10 + class token"
    tokens = torch.arange(101.0)[None, :, None] * torch.ones(64)
    maps = block.maps(tokens)
    assert maps.shape == (1, 64, 10, 10)
    assert maps[0, 5, 0, :3].tolist() == [1.0, 2.0, 3.0]
    assert maps[0, 5, 9, 9] == 100.0
    assert "2 tokens without a place" in by_name("deit_tiny_distilled_patch16_224")["blocks.0"].shape


def test_channels_that_come_last_are_put_first() -> None:
    stage = by_name("swin_tiny_patch4_window7_224")["layers.1"]
    assert (stage.layout, stage.channels, stage.height) == (CHANNELS_LAST, 192, 28)
    output = torch.rand(2, 28, 28, 192)
    assert torch.equal(stage.maps(output)[1, 7], output[1, :, :, 7])


class Named(nn.Module):
    """A chain of convolutions that are no sequence, some of them stages."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList([nn.Sequential(nn.Conv2d(3, 3, 1), nn.Dropout()) for _ in range(count)])

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        for part in self.parts:
            pixels = part(pixels)
        return pixels.mean((2, 3))


def test_of_many_blocks_some_are_drawn_the_first_and_last_among_them() -> None:
    network = Named(40)
    default = [layer.name for layer in find_layers(network, 8) if layer.default]
    assert len(default) == 24
    assert (default[0], default[-1]) == ("parts.0", "parts.39")


def test_the_network_comes_back_as_it_was_also_after_an_exception() -> None:
    network = Named(2)
    find_layers(network, 8)
    network.parts[1] = nn.Conv2d(5, 5, 1)
    with pytest.raises(RuntimeError, match="channels"):
        find_layers(network, 8)
    assert not any(module._forward_hooks for module in network.modules())


def test_layers_are_found_without_touching_the_random_state() -> None:
    before = torch.get_rng_state()
    layers_of(find("test_resnet"))
    assert torch.equal(torch.get_rng_state(), before)


def test_named_layers_come_in_the_order_in_which_they_run() -> None:
    layers = layers_of(find("test_resnet"))
    assert [layer.name for layer in choose_layers(layers, ["layer2", "act1"])] == ["act1", "layer2"]


def test_an_unknown_layer_is_answered_with_near_matches() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown layer 'layer22'; did you mean layer2"):
        choose_layers(layers_of(find("test_resnet")), ["layer22"])


def test_a_network_without_maps_is_refused() -> None:
    with pytest.raises(OptionError, match="no layer of this network gives square maps"):
        choose_layers(find_layers(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), 2))
