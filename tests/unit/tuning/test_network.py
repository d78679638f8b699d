from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from tiny_networks import tiny_network
from tiny_tuning import CLASSES, LEARNING, same, small_network, toy_network

from enxerto.backbones.identity import identity_of
from enxerto.backbones.stages import stages
from enxerto.tuning import Recipe
from enxerto.tuning.network import (
    TunableNetwork,
    count_learning,
    open_tail,
    parameter_groups,
    set_modes,
    tuned_backbone,
)
from enxerto.tuning.optimizers import open_optimizer


def names(network: torch.nn.Module, parameters: list[torch.nn.Parameter]) -> set[str]:
    known = {id(parameter): name for name, parameter in network.named_parameters()}
    return {known[id(parameter)] for parameter in parameters}


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet"])
@pytest.mark.parametrize("count", [0, 1, 3, None])
def test_maps_of_the_trunk_give_the_features_of_the_whole(name: str, count: int | None) -> None:
    backbone = tiny_network(name)
    opened = open_tail(backbone, Recipe(stages=count))
    pixels = torch.rand(2, 3, 160, 160, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        whole = backbone.feature_network()(pixels)
        inputs = pixels
        if opened.trunk is not None:
            inputs = opened.trunk.feature_network()(pixels).reshape(2, *opened.shape)
        assert torch.allclose(opened.tail(inputs), whole, rtol=0, atol=1e-4 * float(whole.abs().max()))
    every = stages(backbone.network)
    assert opened.learning == every[len(every) - (len(every) if count is None else count) :]
    if count is None:
        assert (opened.trunk, opened.shape) == (None, ())
    else:
        assert opened.trunk is not None or (name, count) == ("test_vit", 0)


@pytest.mark.parametrize(("name", "count"), [("test_resnet", 2), ("test_resnet", None), ("test_vit", 0)])
def test_opening_leaves_the_network_as_it_was(name: str, count: int | None) -> None:
    backbone = small_network(name) if name == "test_resnet" else tiny_network(name)
    before = copy.deepcopy(backbone.network)
    opened = open_tail(backbone, Recipe(stages=count, batch_norm="train"))
    network = TunableNetwork(opened.tail, torch.zeros(2, opened.tail(example(opened)).shape[1]), torch.zeros(2))
    set_modes(network, Recipe(batch_norm="train"), opened.learning)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    assert same(before.state_dict(), backbone.network.state_dict())
    assert not any(module.training for module in backbone.network.modules())
    assert not any(parameter.requires_grad for parameter in backbone.network.parameters())
    kernels = [parameter for parameter in backbone.network.parameters() if parameter.ndim == 4]
    assert all(parameter.is_contiguous() for parameter in kernels)  # not channels last


def example(opened: object) -> torch.Tensor:
    return torch.rand(2, *(opened.shape or (3, opened.tail.size_px, opened.tail.size_px)))  # type: ignore[attr-defined]


def test_what_is_below_the_stages_that_learn_does_not_learn() -> None:
    backbone = tiny_network("test_efficientnet")
    one, two = (open_tail(backbone, Recipe(stages=count)) for count in (1, 2))
    assert {name for name, p in one.tail.network.named_parameters() if p.requires_grad} == {
        "conv_head.weight", "bn2.weight", "bn2.bias",
    }  # fmt: skip
    learned = {name.split(".")[0] for name, p in two.tail.network.named_parameters() if p.requires_grad}
    assert learned == {"blocks", "conv_head", "bn2"}
    assert not any(name.startswith("blocks.3") for name, _ in two.tail.network.named_parameters())


def test_a_network_s_own_last_layer_never_learns() -> None:
    opened = open_tail(tiny_network("test_byobnet"), Recipe(stages=None))
    assert {name for name, p in opened.tail.network.named_parameters() if not p.requires_grad} == {
        "head.fc.weight", "head.fc.bias",
    }  # fmt: skip


def test_where_a_network_can_t_be_cut_its_lower_stages_are_frozen_all_the_same() -> None:
    opened = open_tail(tiny_network("test_vit"), Recipe(stages=0))
    assert opened.trunk is None
    assert not any(parameter.requires_grad for parameter in opened.tail.parameters())


@pytest.mark.parametrize(
    ("batch_norm", "training", "learning"),
    [("frozen-statistics", False, True), ("frozen", False, False), ("train", True, True)],
)
def test_batch_normalization_is_frozen_as_far_as_asked_for(batch_norm: str, training: bool, learning: bool) -> None:
    recipe = Recipe(batch_norm=batch_norm, stages=1)
    opened = open_tail(tiny_network("test_efficientnet"), recipe)
    network = TunableNetwork(opened.tail, torch.zeros(2, 256), torch.zeros(2))
    network.train()
    set_modes(network, recipe, opened.learning)
    norm = opened.tail.network.get_submodule("bn2")
    assert norm.training is training
    assert {parameter.requires_grad for parameter in norm.parameters()} == {learning}
    assert {name.split(".")[2] for name, module in network.named_modules() if module.training} == (
        {"bn2"} if training else set()
    )


def test_only_stages_that_learn_have_statistics_that_learn() -> None:
    network = toy_network()
    set_modes(network, Recipe(batch_norm="train"), LEARNING[1:])
    assert [name for name, module in network.named_modules() if module.training] == ["tail.network.high.1"]


def test_rates_fall_layer_by_layer_and_only_weights_decay() -> None:
    network = toy_network()
    recipe = Recipe(head_rate=3, layer_decay=0.5, learning_rate=0.2, weight_decay=0.1, optimizer="sgd")
    groups = parameter_groups(network, recipe, LEARNING)
    assert [(names(network, group["params"]), group["rate"], group["decay"]) for group in groups] == [
        ({"weight"}, 3, True),
        ({"bias"}, 3, False),
        ({"tail.network.high.0.weight"}, 1, True),
        ({"tail.network.high.0.bias", "tail.network.high.1.weight", "tail.network.high.1.bias"}, 1, False),
        ({"tail.network.low.0.weight"}, 0.5, True),
        ({"tail.network.low.1.weight", "tail.network.low.1.bias"}, 0.5, False),
    ]
    opened = open_optimizer(recipe, groups).param_groups
    assert [group["peak"] for group in opened] == pytest.approx([0.6, 0.6, 0.2, 0.2, 0.1, 0.1])
    assert [group["weight_decay"] for group in opened] == [0.1, 0, 0.1, 0, 0.1, 0]
    every = [parameter for group in groups for parameter in group["params"]]
    assert names(network, every) == {name for name, _ in network.named_parameters()}
    assert len(every) == len(list(network.parameters()))


def test_frozen_parameters_are_in_no_group() -> None:
    network = toy_network()
    network.tail.network.get_submodule("low").requires_grad_(False)
    groups = parameter_groups(network, Recipe(), LEARNING)
    assert not any("low" in name for group in groups for name in names(network, group["params"]))
    assert count_learning(network) == CLASSES * 8 + CLASSES + 8 * 6 * 9 + 8 + 16


def test_hidden_features_do_not_count() -> None:
    network = toy_network()
    maps = torch.rand(2, 4, 5, 5)
    keep = torch.ones(2, 8)
    assert torch.equal(network(maps, keep), network(maps))
    assert torch.allclose(network(maps, 0 * keep), network.bias.expand(2, -1))
    expected = torch.nn.functional.linear(2 * network.tail(maps), network.weight, network.bias)
    assert torch.allclose(network(maps, 2 * keep), expected)


def test_logits_are_float32_under_autocast_too() -> None:
    network = toy_network()
    with torch.autocast("cpu", torch.bfloat16):
        features = network.tail(torch.rand(2, 4, 5, 5))
        assert features.dtype == torch.bfloat16
        loss = torch.log_softmax(network(torch.rand(2, 4, 5, 5)).float(), dim=1)
    assert loss.dtype == torch.float32


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_a_tuned_backbone_has_the_weights_learned_and_all_others_as_they_were(name: str) -> None:
    backbone = tiny_network(name)
    opened = open_tail(backbone, Recipe(stages=1))
    network = TunableNetwork(opened.tail, torch.zeros(2, 96 if name == "test_resnet" else 64), torch.zeros(2))
    with torch.no_grad():
        for parameter in network.tail.parameters():
            if parameter.requires_grad:
                parameter.add_(0.5)
    tuned = tuned_backbone(backbone, network.state_dict())
    before, after = backbone.tensors(), tuned.tensors()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert before.keys() == after.keys()
    assert changed == {name for name, p in opened.tail.network.named_parameters() if p.requires_grad}
    assert tuned.origin == "fine-tuned"
    assert tuned.identity == identity_of({name: np.asarray(tensor) for name, tensor in after.items()})
    assert tuned.identity != backbone.identity
    assert tuned.fingerprint != backbone.fingerprint
    assert same(tuned.network.state_dict(), dict(after))
    with torch.inference_mode():
        pixels = torch.rand(1, 3, 160, 160)
        lower = pixels if opened.trunk is None else opened.trunk.feature_network()(pixels).reshape(1, *opened.shape)
        assert torch.allclose(tuned.feature_network()(pixels), opened.tail(lower), rtol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_network_that_shall_withstand_changes_of_pixels_is_not_cut(count: int) -> None:
    backbone = small_network()
    opened = open_tail(backbone, Recipe(stages=count, adversarial=0.01))
    assert (opened.trunk, opened.shape) == (None, ())
    every = stages(backbone.network)
    assert opened.learning == every[len(every) - count :]
    learned = [name for name, p in opened.tail.network.named_parameters() if p.requires_grad]
    expected = tuple(module for stage in opened.learning for module in stage.modules)
    assert all(name.startswith(expected) for name in learned)
    assert bool(learned) == bool(count)
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    (slope,) = torch.autograd.grad(opened.tail(pixels).sum(), pixels)
    assert float(slope.abs().max()) > 0
