from __future__ import annotations

import copy

import pytest
import torch
from tiny_networks import tiny_network
from torch import nn

from enxerto.backbones import Preprocessing, find
from enxerto.backbones.networks import FeatureNetwork, build
from enxerto.backbones.stages import TOLERANCE, Stage, example_pixels, is_last, stages, tail_of

FIRST_AND_LAST = {
    "test_resnet": (("conv1.0",), ("layer4.0", "global_pool")),
    "test_vit": (("patch_embed", "pos_drop", "patch_drop", "norm_pre"), ("norm", "fc_norm", "head_drop")),
    "test_efficientnet": (("conv_stem", "bn1"), ("conv_head", "bn2", "global_pool")),
    "test_convnext": (("stem.0",), ("head",)),  # its norm is a stage, though its own last layer is none
    "test_byobnet": (("stem",), ("stages.3", "final_conv", "head")),  # a head without a norm is none of its own
}


def after(features: FeatureNetwork, frozen: tuple[Stage, ...]) -> torch.Tensor:
    """What the last frozen module gives for the example pixels."""
    lower = FeatureNetwork(features.network, SEEN, frozen[-1].modules[-1], "maps")
    with torch.inference_mode():
        return lower.maps(features.normalize(example_pixels(features)))


SEEN = Preprocessing(160, 0.9, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.parametrize("name", FIRST_AND_LAST)
def test_stages_go_from_the_input_to_the_last_features_and_leave_nothing_out(name: str) -> None:
    network = tiny_network(name).network
    found = stages(network)
    assert (found[0].modules, found[-1].modules) == FIRST_AND_LAST[name]
    assert all(stage.name == stage.modules[0] for stage in found)
    every = [module for stage in found for module in stage.modules]
    assert len(every) == len(set(every))
    inside = {name for name, _ in network.named_parameters() if name.startswith(tuple(f"{part}." for part in every))}
    outside = {name for name, _ in network.named_parameters() if name not in inside}
    assert outside - {"pos_embed", "cls_token"} == {name for name in outside if is_last(name, network)}


@pytest.mark.parametrize(
    ("layer", "last"), [("layer2", "layer2.0"), ("layer2.0.conv1", "layer2.0"), ("act1", "act1"), ("conv1", "conv1.6")]
)
def test_what_runs_after_the_layer_belongs_to_no_stage(layer: str, last: str) -> None:
    assert stages(tiny_network().network, layer)[-1].modules[-1] == last


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet"])
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_both_parts_one_after_the_other_give_the_features_of_the_whole(name: str, pooling: str) -> None:
    features = tiny_network(name, pooling=pooling).feature_network()
    found = stages(features.network)
    with torch.inference_mode():
        whole = features(example_pixels(features))
    for cut in range(1, len(found)):
        maps = after(features, found[:cut])
        tail = tail_of(features, found[:cut], maps)
        assert tail is not None, found[cut]
        with torch.inference_mode():
            parts = tail(maps)
        assert torch.allclose(parts, whole, rtol=0, atol=TOLERANCE * float(whole.abs().max()))
        assert sum(p.numel() for p in tail.parameters()) < sum(p.numel() for p in features.parameters())


def test_a_network_is_left_as_it_was_by_a_cut() -> None:
    features = tiny_network("test_vit").feature_network()
    before = copy.deepcopy(features.state_dict()), repr(features), set(vars(features.network))
    frozen = stages(features.network)[:2]
    assert tail_of(features, frozen, after(features, frozen)) is not None
    assert (repr(features), set(vars(features.network))) == before[1:]
    assert all(torch.equal(tensor, before[0][name]) for name, tensor in features.state_dict().items())


class Skipping(nn.Module):
    """A network whose last block also sees what the first one gave, so that it is no chain."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.third = nn.Conv2d(4, 4, 3, padding=1)

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        low = self.first(pixels)
        return self.third(self.second(low)) + low.mean()


class Changing(Skipping):
    """A network that asks for three colors in its input."""

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        assert pixels.shape[1] == 3
        return self.third(self.second(self.first(pixels)))


@pytest.mark.parametrize("made", [Skipping, Changing])
def test_a_network_that_is_no_chain_can_t_be_cut(made: type[nn.Module]) -> None:
    torch.manual_seed(0)
    features = FeatureNetwork(made().eval(), Preprocessing(16, 1, "bilinear", (0, 0, 0), (1, 1, 1)), "last", "average")
    frozen = (Stage("first", ("first",)), Stage("second", ("second",)))
    maps = torch.rand(2, 4, 16, 16)
    if made is Skipping:
        with torch.inference_mode():
            maps = features.network.second(features.network.first(example_pixels(features)))
    assert tail_of(features, frozen, maps) is None


def test_networks_that_have_their_logits_from_more_than_one_layer() -> None:
    with torch.device("meta"):
        network = build(find("deit_tiny_distilled_patch16_224"))
    assert {name for name, _ in network.named_parameters() if is_last(name, network)} == {
        "head.weight", "head.bias", "head_dist.weight", "head_dist.bias",
    }  # fmt: skip
