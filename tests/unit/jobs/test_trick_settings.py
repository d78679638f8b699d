from __future__ import annotations

from dataclasses import replace

import pytest
from tiny_networks import tiny_network

from enxerto.backbones import Backbone
from enxerto.errors import OptionError
from enxerto.jobs.tricks.settings import compared_settings, learning_stages
from enxerto.tuning import Recipe
from enxerto.tuning.tricks import variants

RECIPE = Recipe(epochs=4)


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    """With batch normalization; scales pixels to -1 to 1."""
    return tiny_network("test_resnet")


def settings(backbone: Backbone, *asked: str, recipe: Recipe = RECIPE) -> list[str]:
    return [each.setting for each in compared_settings(recipe, asked, backbone, classes=2)]


def test_all_that_do_something_are_compared_by_default(backbone: Backbone) -> None:
    every = [each.setting for each in variants(RECIPE)]
    assert settings(backbone) == [setting for setting in every if setting != "input-scaling=symmetric"]


def test_a_trick_is_all_of_its_settings_and_a_setting_is_one(backbone: Backbone) -> None:
    assert settings(backbone, "batch-norm", "mixup=0.4", "no-average", "batch-norm=train") == [
        "batch-norm=train", "batch-norm=frozen", "mixup=0.4", "no-average",
    ]  # fmt: skip
    (chosen,) = compared_settings(RECIPE, ["mixup=0.4"], backbone, classes=2)
    assert (chosen.name, chosen.default, chosen.recipe.mixup) == ("mixup", "mixup=0", 0.4)


def test_scalings_that_are_the_networks_own_are_left_out(backbone: Backbone) -> None:
    assert settings(backbone, "input-scaling") == ["input-scaling=raw", "input-scaling=unit"]
    seen = replace(backbone.preprocessing, mean=(0.48, 0.45, 0.4))
    other = replace(backbone, entry=replace(backbone.entry, preprocessing=seen))
    assert "input-scaling=symmetric" in settings(other, "input-scaling")


def test_a_network_without_batch_normalization_has_none_to_compare() -> None:
    with pytest.raises(OptionError, match="'batch-norm' changes nothing in this recipe on test_vit; leave it out"):
        settings(tiny_network("test_vit"), "batch-norm")


def test_stages_are_as_many_as_the_network_has(backbone: Backbone) -> None:
    count = len(learning_stages(Recipe(stages=None), backbone))
    assert settings(backbone, "stages") == ["stages=0", "stages=all", "stages=1"]
    whole = Recipe(epochs=4, stages=count)
    assert [each for each in settings(backbone, recipe=whole) if each.startswith("stages=")] == ["stages=0", "stages=1"]
    assert "no-layer-decay" not in settings(backbone, recipe=Recipe(epochs=4, stages=1))
    assert [stage.name for stage in learning_stages(RECIPE, backbone)] == ["layer3.0", "layer4.0"]


def test_impossible_settings_are_left_out_unless_asked_for(backbone: Backbone) -> None:
    single = Recipe(epochs=4, batch=1)
    assert not {"mixup=0.2", "batch-norm=train"} & set(settings(backbone, recipe=single))
    assert settings(backbone, "batch-norm", recipe=single) == ["batch-norm=frozen"]
    with pytest.raises(OptionError, match="`batch` must be at least 2 with `mixup`"):
        settings(backbone, "mixup", recipe=single)


def test_everything_that_is_wrong_is_said_at_once(backbone: Backbone) -> None:
    with pytest.raises(OptionError) as error:
        settings(backbone, "mixip", "dropout=3", "no-mixup", recipe=Recipe(epochs=0))
    for part in (
        "4 things are wrong", "`epochs` must be", "unknown trick 'mixip'; did you mean mixup?",
        "`dropout` must be a number of at least 0 and below 1, got 3", "'no-mixup' changes nothing",
    ):  # fmt: skip
        assert part in str(error.value)
