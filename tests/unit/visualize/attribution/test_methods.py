from __future__ import annotations

import pytest

from enxerto.errors import OptionError, UnknownNameError
from enxerto.visualize.attribution import METHODS, find_methods, through_captum


def test_all_that_are_installed_are_taken_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_methods() == METHODS
    assert len({method.name for method in METHODS}) == len(METHODS) == 4
    monkeypatch.setattr(through_captum, "find_spec", lambda _: None)
    assert [method.name for method in find_methods()] == ["gradcam", "ablation-cam"]


def test_those_named_come_in_their_order() -> None:
    assert [method.name for method in find_methods(["occlusion", "gradcam"])] == ["occlusion", "gradcam"]


def test_an_unknown_method_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown method 'gradcan'; did you mean gradcam"):
        find_methods(["gradcan"])


def test_a_method_named_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="every method once, got gradcam, gradcam"):
        find_methods(["gradcam", "gradcam"])


def test_a_method_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through_captum, "find_spec", lambda _: None)
    with pytest.raises(OptionError, match="occlusion needs Captum"):
        find_methods(["gradcam", "occlusion"])
