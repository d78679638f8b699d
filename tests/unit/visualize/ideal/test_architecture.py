from __future__ import annotations

import numpy as np
import pytest
import torch

from enxerto.backbones import find
from enxerto.visualize.ideal.architecture import has_attention, suited
from enxerto.visualize.ideal.recipe import LESSON, ROBUST, recipe_of

CONVOLUTIONAL = ("efficientnet_lite0", "squeezenet1_1", "vgg16", "convnext_tiny", "seresnet50", "skresnet18")
WITH_ATTENTION = ("vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "cait_xxs24_224", "xcit_nano_12_p16_224")


@pytest.mark.parametrize("name", [*CONVOLUTIONAL, *WITH_ATTENTION])
def test_attention_of_places_is_told_from_that_of_channels(name: str) -> None:
    before = torch.random.get_rng_state()
    assert has_attention(find(name)) == (name in WITH_ATTENTION)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_one_network_with_attention_is_enough_for_phases_alone() -> None:
    recipe, why = suited(ROBUST, [find("test_resnet"), find("test_vit")])
    assert (recipe.canvas, recipe.name) == ("maco", "robust")
    assert why.startswith("Only the phases of waves were optimized (canvas maco), as test_vit has attention blocks; ")
    assert suited(ROBUST, [find("test_resnet")]) == (ROBUST, "")


def test_other_recipes_and_a_plain_color_stay_as_they_are() -> None:
    entries = [find("test_vit")]
    for recipe in (LESSON, recipe_of("robust", steps=7)):
        assert suited(recipe, entries) == (recipe, "")
    assert suited(ROBUST, entries, "#8090a0") == (ROBUST, "")
    photo = np.zeros((8, 8, 3), dtype=np.uint8)
    assert suited(ROBUST, entries, photo) == suited(ROBUST, entries)
