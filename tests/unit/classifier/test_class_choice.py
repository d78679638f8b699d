from __future__ import annotations

import pytest

from enxerto.backbones.imagenet import imagenet_classes, imagenet_synonyms
from enxerto.classifier.class_choice import class_index
from enxerto.errors import OptionError, UnknownNameError


@pytest.mark.parametrize(
    ("typed", "index"),
    [
        ("zebra", 340), ("Siamese cat", 284), ("siamese_cat", 284), ("SIAMESE-CAT", 284), ("orca", 148), ("340", 340),
        (" 0 ", 0), ("harp", 594), ("maillot, tank suit", 639), ("crane (n02012849)", 134), ("cardigan", 474),
        ("Cardigan", 264),
    ],
)  # fmt: skip
def test_a_class_of_imagenet_is_found_by_name_synonym_and_index(typed: str, index: int) -> None:
    assert class_index(typed, imagenet_classes(), imagenet_synonyms()) == index


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("crane", r"class 'crane' could be 134 \(crane \(n02012849\)\) or 517 \(crane \(n03126707\)\); give the index"),
        ("maillot", r"could be 638 \(maillot\) or 639 \(maillot, tank suit\)"),
        ("CARDIGAN", r"could be 264 \(Cardigan\) or 474 \(cardigan\)"),
        ("panda", r"could be 387 \(lesser panda\) or 388 \(giant panda\)"),
        ("1000", "class 1000 is beyond the last one; indices go from 0 to 999"),
    ],
)
def test_what_could_be_several_classes_or_none_is_refused(typed: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        class_index(typed, imagenet_classes(), imagenet_synonyms())


@pytest.mark.parametrize("typed", ["Siamse cat", "tabby catt", "-1", ""])
def test_an_unknown_name_lists_near_ones(typed: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown class {typed!r}; (did you mean|known:)") as caught:
        class_index(typed, imagenet_classes(), imagenet_synonyms())
    assert ("Siamese cat" in str(caught.value)) == (typed == "Siamse cat")


def test_a_name_goes_before_an_index() -> None:
    assert class_index("1", ["7", "cat", "1"]) == 2
    assert class_index("0", ["7", "cat", "1"]) == 0
    with pytest.raises(OptionError, match=r"could be 0 \(a\) or 1 \(A\) or 2 \(a \) or 3 \(_a\) or 1 others"):
        class_index("-a", ["a", "A", "a ", "_a", "a_"])
