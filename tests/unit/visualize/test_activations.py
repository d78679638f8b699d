from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
import torch
from tiny_networks import tiny_network
from torch import nn

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.errors import OptionError
from enxerto.heads.familiarity import Familiarity
from enxerto.heads.linear import LinearHead
from enxerto.heads.probe import LinearProbe
from enxerto.types import Images
from enxerto.visualize.activations import capture, network_of, outputs_of
from enxerto.visualize.layers import Layer, choose_layers, layers_of


def classifier_of(name: str = "test_resnet") -> Classifier:
    return Classifier(tiny_network(name), imagenet_classes())


def grafted(name: str = "test_resnet", features: int = 96) -> Classifier:
    dice = np.random.default_rng(0)
    head = LinearHead(dice.normal(size=(2, features)).astype(np.float32), np.zeros(2, dtype=np.float32), ("a", "b"))
    bank = dice.normal(size=(5, features)).astype(np.float16)
    probe = LinearProbe(head, 1.0, 0.2, 0.95, Familiarity(bank, 0.1), 1.0, ((1.0, 0.5),))
    return Classifier(tiny_network(name), ("a", "b"), probe)


def noise(photos: int = 1, side: int = 160) -> Images:
    return np.random.default_rng(3).integers(0, 256, (photos, side, side, 3), dtype=np.uint8)


def layers_for(classifier: Classifier, *names: str) -> tuple[Layer, ...]:
    return choose_layers(layers_of(classifier.backbone.entry), names)


def test_maps_are_what_the_layer_gives_even_where_the_next_one_works_in_place() -> None:
    classifier = classifier_of()
    captured = capture(classifier, noise(2), layers_for(classifier, "bn1", "act1"))
    before, after = (each.maps for each in captured.layers)
    assert before.shape == (2, 32, 80, 80)
    assert before.min() < 0
    assert np.array_equal(after, np.maximum(before, 0))
    with torch.inference_mode():
        expected = classifier.network(torch.from_numpy(noise(2)).permute(0, 3, 1, 2) / 255)
    assert np.allclose(captured.logits, expected.numpy(), atol=1e-5)
    assert captured.target == int(expected[0].argmax())


def test_an_effect_is_what_the_logit_loses_without_the_channel_where_the_rest_is_linear() -> None:
    classifier = classifier_of()
    captured = capture(classifier, noise(), layers_for(classifier, "layer4"), target=7)
    network, (layer,) = network_of(classifier), captured.layers

    def without(number: int) -> float:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
            keep = torch.ones(96)
            keep[number] = 0
            return output * keep[:, None, None]

        handle = network.get_submodule("layer4").register_forward_hook(hook)
        try:
            with torch.inference_mode():
                return float(classifier.network(torch.from_numpy(noise()))[0, 7])
        finally:
            handle.remove()

    notable = np.argsort(-np.abs(layer.effects[0]))[:4].tolist()
    lost = [float(captured.logits[0, 7]) - without(number) for number in notable]
    assert layer.effects[0, notable] == pytest.approx(lost, rel=1e-2)
    assert np.abs(lost).min() > 1e-4


def test_effects_on_a_grafted_head_and_of_both_photos() -> None:
    classifier = grafted()
    captured = capture(classifier, noise(2), layers_for(classifier, "layer1", "layer4"), target=1)
    assert captured.logits.shape == (2, 2)
    probe = classifier.probe
    assert probe is not None
    for photo in range(2):
        means = captured.layers[1].maps[photo].mean((1, 2))
        assert captured.layers[1].effects[photo] == pytest.approx(means * probe.head.weight[1], abs=1e-4)


def test_the_class_token_is_kept_apart() -> None:
    classifier = classifier_of("test_vit")
    (layer,) = capture(classifier, noise(), layers_for(classifier, "blocks.5")).layers
    assert (layer.maps.shape, layer.extra.shape) == ((1, 64, 10, 10), (1, 1, 64))
    assert np.abs(layer.effects).max() > 0


def test_a_mirrored_view_counts_in_effects_and_the_plain_one_is_drawn() -> None:
    from dataclasses import replace

    plain = grafted()
    backbone = plain.backbone
    seen = replace(backbone.preprocessing, mirror=True)
    both = replace(plain, backbone=replace(backbone, entry=replace(backbone.entry, preprocessing=seen)))
    layers = layers_for(plain, "layer4")
    one, two = (capture(each, noise(), layers, target=0) for each in (plain, both))
    assert np.allclose(one.layers[0].maps, two.layers[0].maps, atol=1e-5)
    probe = plain.probe
    assert probe is not None
    assert two.layers[0].effects.sum() == pytest.approx(float(two.logits[0, 0]), abs=1e-4)


def test_a_layer_beside_the_way_is_refused() -> None:
    classifier = grafted("squeezenet1_1", 512)
    layers = [layer for layer in layers_of(classifier.backbone.entry) if layer.name == "classifier.1"]
    with pytest.raises(OptionError, match="layer classifier.1 doesn't run on the way to this model's classes"):
        capture(classifier, noise(side=227), layers)


def test_an_effect_is_zero_where_the_logit_does_not_depend_on_the_layer() -> None:
    from dataclasses import replace

    classifier = grafted(features=32)
    lower = replace(classifier, backbone=replace(classifier.backbone, layer="layer1"))
    captured = capture(lower, noise(), layers_for(lower, "layer1", "layer2"))
    assert np.abs(captured.layers[0].effects).max() > 0
    assert not captured.layers[1].effects.any()


def state(network: nn.Module) -> tuple[Any, ...]:
    return (
        [module.training for module in network.modules()],
        [len(module._forward_hooks) for module in network.modules()],
        [(parameter.requires_grad, parameter.grad) for parameter in network.parameters()],
    )


def test_the_classifier_comes_back_as_it_was_also_after_an_exception() -> None:
    classifier = classifier_of()
    before = state(classifier.network)
    capture(classifier, noise(), layers_for(classifier))
    assert state(classifier.network) == before
    network = network_of(classifier)
    with pytest.raises(AttributeError, match="nowhere"), outputs_of(network, ["act1", "nowhere"]):
        pass

    def stumble(*_: object) -> None:
        raise RuntimeError("stumbled")

    handle = network.get_submodule("layer3").register_forward_hook(stumble)
    with pytest.raises(RuntimeError, match="stumbled"):
        capture(classifier, noise(), layers_for(classifier))
    handle.remove()
    assert state(classifier.network) == before


def test_nothing_is_taken_from_other_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    classifier = classifier_of()
    pixels = torch.rand(1, 3, 160, 160)
    with outputs_of(network_of(classifier), ["act1"]) as outputs, ThreadPoolExecutor(1) as pool:
        pool.submit(classifier.network, pixels).result()
        assert outputs == {}
        classifier.network(pixels)
    assert len(outputs["act1"]) == 1


def test_a_thousand_calls_leave_no_tensor_and_no_hook_behind() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True), nn.Conv2d(4, 2, 1))
    pixels = torch.rand(1, 3, 4, 4)

    def once() -> None:
        with outputs_of(network, ["0", "1"]) as outputs:
            logits = network(pixels).mean((2, 3))
        torch.autograd.grad(logits[:, 0].sum(), [outputs["0"][0], outputs["1"][0]])

    def alive() -> int:
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())

    once()
    before = alive()
    for _ in range(1000):
        once()
    assert alive() == before
    assert not any(module._forward_hooks for module in network.modules())


def test_captured_activations_of_a_classifier_are_let_go() -> None:
    classifier = classifier_of()
    layers = layers_for(classifier, "layer3", "layer4")

    def alive() -> int:
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())

    capture(classifier, noise(), layers)
    before = alive()
    for _ in range(5):
        capture(classifier, noise(), layers)
    assert alive() == before
