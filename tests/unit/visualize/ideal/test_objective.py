from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny_ideal import tiny

from enxerto.backbones import to_pixels
from enxerto.classifier import Classifier
from enxerto.errors import OptionError, UnknownNameError
from enxerto.types import Images
from enxerto.visualize.ideal.objective import THINNED, Aim, Channel, Direction, Target, aims_of, thinnings

CLASSIFIER = tiny()
SIDE = CLASSIFIER.preprocessing.size_px
LAYER = "blocks.1"


def photo(side: int = SIDE) -> Images:
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


def aim(target: Target, objective: str = "logit") -> Aim:
    return aims_of([CLASSIFIER], [target], objective)[0]


def looked_at() -> torch.Tensor:
    return torch.from_numpy(to_pixels(CLASSIFIER.preprocessing.image(photo())[None]))


def layer_output() -> torch.Tensor:
    """What comes out of the layer's block, by running the network's parts one after the other."""
    network: Any = CLASSIFIER.backbone.network
    looks = CLASSIFIER.preprocessing
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in (looks.mean, looks.std))
    with torch.no_grad():
        maps: torch.Tensor = network.bn1(network.conv_stem((looked_at() - mean) / std))
        for block in network.blocks[:2]:
            maps = block(maps)
    return maps[0]


def test_classes_go_by_name_synonym_or_index() -> None:
    assert aim("zebra").index == aim(340).index == aim("340").index == aim("ZEBRA").index == 340
    assert aim("tabby cat").name == "tabby"


@pytest.mark.parametrize("objective", ["logit", "log-probability", "margin"])
def test_the_answer_and_its_gradient_are_those_of_the_objective(objective: str) -> None:
    wanted = aim(340, objective)
    pixels = looked_at().requires_grad_()
    logits = CLASSIFIER(pixels).double()
    others = torch.cat([logits[0, :340], logits[0, 341:]])
    value = {
        "logit": logits[0, 340],
        "log-probability": logits.log_softmax(1)[0, 340],
        "margin": logits[0, 340] - others.max(),
    }[objective]
    answer, probability = wanted.answer(photo())
    assert answer == pytest.approx(value.item(), rel=1e-3, abs=1e-4)
    assert probability == pytest.approx(logits.softmax(1)[0, 340].item(), rel=1e-3)
    (expected,) = torch.autograd.grad(value, pixels)
    (asked,) = wanted.asked
    got = torch.from_numpy(asked.gradient(pixels.detach().numpy()))
    torch.testing.assert_close(got, expected, rtol=1e-2, atol=1e-6)


def test_a_channel_is_its_average_over_the_image() -> None:
    wanted = aim(Channel(LAYER, 3))
    assert wanted.name == f"{LAYER}, channel 3"
    assert wanted.answer(photo()) == (pytest.approx(float(layer_output()[3].mean()), rel=1e-3, abs=1e-6), None)


def test_a_direction_weighs_the_channels() -> None:
    maps = layer_output().mean((1, 2))
    weights = np.random.default_rng(1).normal(size=len(maps)).astype(np.float32)
    expected = float(maps @ torch.from_numpy(weights))
    assert aim(Direction(LAYER, weights)).answer(photo())[0] == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_an_ensemble_answers_with_the_mean() -> None:
    other = tiny(seed=1)
    both = aims_of([CLASSIFIER, other], ["zebra"], "logit")[0].answer(photo(60))
    each = [aims_of([one], ["zebra"], "logit")[0].answer(photo(60)) for one in (CLASSIFIER, other)]
    assert both == pytest.approx(tuple(np.mean(each, axis=0)))


def test_the_reduced_network_sees_less_and_gives_a_gradient_of_its_size() -> None:
    (asked,) = aim(340).asked
    side = asked.size_px(reduced=True)
    assert side == 96 < SIDE
    assert asked.gradient(to_pixels(photo(side)[None]), reduced=True).shape == (1, 3, side, side)
    (transformer,) = aims_of([tiny("test_vit")], [340], "logit")[0].asked
    assert transformer.source.reduced == (transformer.source.engine,)


def test_networks_take_turns_with_thinned_ones() -> None:
    classifier = tiny("test_vit")
    (asked,) = aims_of([classifier], [340], "logit", thin=0.15)[0].asked
    assert len(asked.source.full) == 1 + THINNED
    pixels = to_pixels(photo(classifier.preprocessing.size_px)[None])
    gradients = [asked.gradient(pixels, turn=turn) for turn in (0.0, 0.2, 0.999)]
    np.testing.assert_array_equal(gradients[0], aims_of([classifier], [340], "logit")[0].asked[0].gradient(pixels))
    assert not any(np.allclose(gradients[i], gradients[i - 1]) for i in range(3))
    assert asked.source.engine.backbone.without == ()


def test_later_blocks_are_left_out_more_often_and_the_layer_asked_for_never() -> None:
    backbone = tiny("test_vit").backbone
    found = thinnings(backbone, 0.25)
    assert found == thinnings(backbone, 0.25)
    assert len(set(found)) == len(found) == THINNED
    out = [sum(f"blocks.{number}" in names for names in found) for number in range(6)]
    assert sum(out[3:]) > sum(out[:3])
    assert not any("blocks.5" in names for names in thinnings(replace(backbone, layer="blocks.5.norm1"), 0.25))
    assert thinnings(backbone, 0.0) == thinnings(tiny("test_efficientnet").backbone, 0.25) == []


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("zebr", "did you mean zebra"),
        (1000, "an index of classes goes from 0 to 999, got 1000"),
        (-1, "got -1"),
        (Channel("block.1", 0), "unknown layer 'block.1'; did you mean blocks.1"),
        (Channel(LAYER, 999), f"an index of {LAYER}'s channels goes from 0 to"),
        (Direction(LAYER, np.ones(3, dtype=np.float32)), f"a direction in {LAYER} needs"),
    ],
)
def test_targets_that_are_not_there_are_refused(target: Target, complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        aim(target)


def test_networks_and_targets_are_needed_and_have_to_fit() -> None:
    with pytest.raises(OptionError, match="at least one classifier"):
        aims_of([], ["zebra"], "logit")
    with pytest.raises(OptionError, match="at least one target"):
        aims_of([CLASSIFIER], [], "logit")
    with pytest.raises(OptionError, match="a layer belongs to one network, got 2"):
        aims_of([CLASSIFIER, tiny(seed=1)], [Channel(LAYER, 0)], "logit")
    few = Classifier(CLASSIFIER.backbone, ("a", "b"), device="torch")
    with pytest.raises(OptionError, match="must have the same classes, but test_efficientnet has others"):
        aims_of([CLASSIFIER, few], ["zebra"], "logit")
    with pytest.raises(UnknownNameError, match="did you mean"):
        aims_of([CLASSIFIER], ["zebrra"], "logit")


def test_targets_share_their_networks() -> None:
    aims = aims_of([CLASSIFIER], ["zebra", "goldfish", Channel(LAYER, 0), Channel(LAYER, 1)], "logit", 1.0)
    classes, others, channel, neighbor = (aim.asked[0].source for aim in aims)
    assert classes is others
    assert channel is neighbor
