from __future__ import annotations

import pytest
import timm

from enxerto.backbones import catalog, entries, find
from enxerto.backbones.catalog import EMBEDDED, SUGGESTED
from enxerto.errors import UnknownNameError


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_lite_networks_have_three_names_each(number: int) -> None:
    names = (f"efficientnet_lite{number}", f"tf_efficientnet_lite{number}", f"lite{number}")
    assert {find(name).name for name in names} == {f"efficientnet_lite{number}"}


def test_the_default_is_in_the_catalog_and_needs_no_extra() -> None:
    assert find(catalog.DEFAULT) is EMBEDDED[0]
    assert EMBEDDED[0].extra == ""


def test_embedded_names_identities_and_checksums_are_distinct() -> None:
    for values in zip(*((entry.name, entry.sha256, entry.identity, entry.package) for entry in EMBEDDED), strict=True):
        assert len(set(values)) == len(EMBEDDED)


@pytest.mark.parametrize(
    ("typed", "near"),
    [("eficientnet_lite0", "efficientnet_lite0"), ("resnet5", "resnet50"), ("squeeznet1_1", "squeezenet1_1")],
)
def test_an_unknown_name_is_answered_with_near_matches(typed: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown backbone '{typed}'; did you mean .*{near}"):
        find(typed)


def test_a_timm_network_brings_its_preprocessing_licence_and_repository() -> None:
    entry = find("vit_small_patch16_224")
    preprocessing = entry.preprocessing
    assert (preprocessing.size_px, preprocessing.crop, preprocessing.interpolation) == (224, 0.9, "bicubic")
    assert (preprocessing.mean, preprocessing.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert (entry.licence, entry.package) == ("apache-2.0", None)
    assert entry.hub == "timm/vit_small_patch16_224.augreg_in21k_ft_in1k"


def test_a_tag_chooses_other_weights_of_the_same_network() -> None:
    assert find("resnet50.tv_in1k").hub == "timm/resnet50.tv_in1k"
    assert find("resnet50").hub != "timm/resnet50.tv_in1k"


def test_weights_have_one_name_whether_or_not_the_tag_is_typed() -> None:
    assert find("resnet50").tagged_name == find("resnet50.a1_in1k").tagged_name == "resnet50.a1_in1k"
    assert find("lite0").tagged_name == "efficientnet_lite0"


@pytest.mark.parametrize(
    ("name", "classes"),
    [("lite0", 1000), ("squeezenet1_1", 1000), ("resnet50", 1000), ("vit_base_patch16_224.augreg_in21k", 21843)],
)
def test_how_many_classes_a_network_tells_apart(name: str, classes: int) -> None:
    assert find(name).classes == classes


def test_the_list_starts_with_the_embedded_ones() -> None:
    assert [entry.name for entry in entries()] == [*(entry.name for entry in EMBEDDED), *SUGGESTED]


def test_the_whole_list_holds_each_pretrained_network_of_timm_once() -> None:
    names = [entry.name for entry in entries(every=True)]
    assert names[: len(EMBEDDED)] == [entry.name for entry in EMBEDDED]
    assert set(timm.list_pretrained()) <= set(names)
    assert len(names) == len(set(names))


def test_an_embedded_network_hides_the_one_of_timm_whose_tag_still_finds_it() -> None:
    assert "efficientnet_lite0.ra_in1k" in timm.list_pretrained()
    assert find("efficientnet_lite0").package is not None
    assert find("efficientnet_lite0.ra_in1k").hub == "timm/efficientnet_lite0.ra_in1k"


def test_every_suggested_network_can_be_downloaded() -> None:
    assert all(find(name).hub for name in SUGGESTED)
