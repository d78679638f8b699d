from __future__ import annotations

import numpy as np
import pytest
from tiny_networks import tiny_network

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.errors import OptionError, UnknownNameError
from enxerto.types import Images
from enxerto.visualize.feature_maps import see


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(tiny_network(), imagenet_classes())


def noise(photos: int = 1) -> Images:
    return np.random.default_rng(3).integers(0, 256, (photos, 160, 160, 3), dtype=np.uint8)


def test_one_photo(classifier: Classifier) -> None:
    maps = see(classifier, noise(), layers=["layer4", "act1"])
    assert [each.layer.name for each in maps.layers] == ["act1", "layer4"]
    assert maps.target == int(maps.probabilities[0].argmax())
    assert maps.probabilities.sum() == pytest.approx(1)
    assert maps.layers[0].change is None
    assert maps.filters is not None
    arrays = maps.arrays()
    assert {*arrays} == {
        "images", "probabilities", "filters", "act1", "act1.effects", "act1.order", "layer4", "layer4.effects",
        "layer4.order",
    }  # fmt: skip
    assert arrays["layer4"].shape == (1, 96, 5, 5)


def test_two_photos_and_the_size_of_their_difference(classifier: Classifier) -> None:
    images = np.concatenate([noise(), noise()])
    images[1, :80] = 0
    (layer,) = see(classifier, images, layers=["layer4"], rank="difference").layers
    first, second = layer.activations.maps.astype(np.float64)
    assert layer.change == pytest.approx(np.linalg.norm(second - first) / np.linalg.norm(first))
    (same,) = see(classifier, np.concatenate([noise(), noise()]), layers=["layer4"]).layers
    assert same.change == pytest.approx(0, abs=1e-5)


def test_the_class_token_is_among_the_arrays() -> None:
    maps = see(Classifier(tiny_network("test_vit"), imagenet_classes()), noise(), layers=["blocks.5"])
    assert maps.arrays()["blocks.5.extra"].shape == (1, 1, 64)


@pytest.mark.parametrize(("typed", "index"), [("tabby", 281), ("Tabby cat", 281), ("282", 282)])
def test_the_class_is_found_by_name_synonym_or_index(classifier: Classifier, typed: str, index: int) -> None:
    assert see(classifier, noise(), layers=["layer4"], class_name=typed).target == index


def test_wrong_names_are_answered_with_near_ones(classifier: Classifier) -> None:
    with pytest.raises(UnknownNameError, match="unknown class 'taby'; did you mean .*tabby"):
        see(classifier, noise(), class_name="taby")
    with pytest.raises(UnknownNameError, match="unknown layer 'layr4'; did you mean layer4"):
        see(classifier, noise(), layers=["layr4"])


def test_three_photos_are_too_many(classifier: Classifier) -> None:
    with pytest.raises(OptionError, match="one photo, or of two to compare them; got 3"):
        see(classifier, noise(3))
