from __future__ import annotations

import pytest
from tiny_networks import tiny_network

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.errors import OptionError, WeightsMissingError
from enxerto.visualize.ideal import panel
from enxerto.visualize.ideal.panel import convene, default_judges, open_judges


def tiny(name: str = "test_resnet") -> Classifier:
    return Classifier(tiny_network(name), imagenet_classes(), device="torch")


def test_who_is_of_the_makers_family_is_a_sibling() -> None:
    found = convene({"a": tiny()}, ["zebra"], {"b": tiny("test_vit"), "c": tiny()}, [("d", "not here")])
    assert [(each.name, each.relation) for each in found.makers] == [("a", "itself")]
    assert [(each.name, each.relation) for each in found.judges] == [("b", "unrelated"), ("c", "sibling")]
    assert {each.wanted["zebra"] for each in found.everyone} == {(340,)}
    assert found.missing == (("d", "not here"),)


def test_the_unrelated_come_first_and_the_makers_last() -> None:
    found = convene({"a": tiny()}, ["zebra"], {"b": tiny(), "c": tiny("test_vit")})
    assert [each.name for each in found.everyone] == ["c", "b", "a"]


def test_stopping_leaves_somebody_out_who_judges() -> None:
    resnet, vit = tiny(), tiny("test_vit")
    both = convene({"a": resnet}, [], {"b": vit, "c": resnet})
    assert [each.name for each in both.stoppers()] == ["c"]
    siblings = convene({"a": resnet}, [], {"b": resnet, "c": resnet})
    assert [each.name for each in siblings.stoppers()] == ["c"]
    strangers = convene({"a": resnet}, [], {"b": vit, "c": vit, "d": vit})
    assert [each.name for each in strangers.stoppers()] == ["c", "d"]
    with pytest.raises(OptionError, match="at least 2 of them, one to stop and one to judge; here are 1; add"):
        convene({"a": resnet}, [], {"b": vit}).stoppers()


def test_the_default_judges_are_others_than_the_makers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "is_present", lambda _entry: True)
    assert default_judges(["efficientnet_lite0"]) == ("squeezenet1_1", "efficientnet_lite2")
    assert default_judges(["efficientnet_lite2", "squeezenet1_1"]) == ("efficientnet_lite1",)
    monkeypatch.setattr(panel, "is_present", lambda entry: entry.name.endswith("lite1"))
    assert default_judges(["efficientnet_lite0"]) == ("squeezenet1_1", "efficientnet_lite1")
    monkeypatch.setattr(panel, "is_present", lambda _entry: False)
    assert default_judges(["vgg16"]) == ("squeezenet1_1", "efficientnet_lite2"), "to be named as missing"


def test_who_is_not_here_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str, **opening: object) -> Classifier:
        assert opening == {"device": "torch", "offline": True}
        if name == "squeezenet1_1":
            raise WeightsMissingError("pip install 'enxerto[squeezenet]'")
        return tiny()

    monkeypatch.setattr(Classifier, "from_backbone", staticmethod(absent))
    opened, missing = open_judges(["squeezenet1_1", "other"], device="torch", offline=True)
    assert list(opened) == ["other"]
    assert missing == (("squeezenet1_1", "pip install 'enxerto[squeezenet]'"),)
