from __future__ import annotations

import pytest

from enxerto.backbones import find
from enxerto.backbones.imagenet import imagenet_classes, imagenet_synonyms, require_imagenet
from enxerto.errors import OptionError


def test_there_are_a_thousand_different_short_names_in_the_order_of_the_logits() -> None:
    names = imagenet_classes()
    assert len(set(names)) == len(names) == 1000
    assert (names[0], names[1], names[281], names[340], names[999]) == (
        "tench", "goldfish", "tabby", "zebra", "toilet tissue",
    )  # fmt: skip


def test_classes_of_one_short_name_are_told_apart_by_their_descriptions() -> None:
    cranes = [name for name in imagenet_classes() if name.split(",")[0].split(" (")[0] == "crane"]
    assert len(cranes) == 2
    assert "crane" not in cranes


def test_only_networks_of_a_thousand_classes_have_these_names() -> None:
    require_imagenet(find("resnet50"))
    for name, count in {"vit_base_patch16_224.augreg_in21k": 21843, "vit_base_patch16_clip_224.openai": 512}.items():
        with pytest.raises(OptionError, match=rf"{name} has {count} classes of its own"):
            require_imagenet(find(name))


def test_synonyms_begin_with_the_usual_name() -> None:
    synonyms = imagenet_synonyms()
    assert len(synonyms) == 1000
    assert synonyms[281] == ("tabby", "tabby cat")
    assert [index for index, names in enumerate(synonyms) if "crane" in names] == [134, 517]
