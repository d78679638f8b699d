from __future__ import annotations

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.visualize.ideal.meaning import meanings


def test_imagenets_own_names_mean_themselves_only() -> None:
    found = meanings(["crane (n02012849)", "tabby", "Cardigan", "cardigan"], imagenet_classes())
    assert found == {"crane (n02012849)": (134,), "tabby": (281,), "Cardigan": (264,), "cardigan": (474,)}


def test_a_name_is_found_in_the_plural_and_at_the_end_of_names() -> None:
    classes = imagenet_classes()
    found = meanings(["ants", "Bees", "cats", "berries", "roses", "!"], classes)
    assert {name: [classes[i] for i in indices] for name, indices in found.items()} == {
        "ants": ["ant"],
        "Bees": ["bee"],
        "cats": ["tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat", "Madagascar cat", "lesser panda"],
    }


def test_between_trained_models_only_equal_names_count() -> None:
    assert meanings(["cats", "dog", "tabby cat"], ("dogs", "Cat", "bird")) == {"cats": (1,), "dog": (0,)}
