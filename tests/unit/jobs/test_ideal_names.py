from __future__ import annotations

import pytest

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.jobs.imagining.names import LONGEST, file_names, safe_name

RESERVED = set('<>:"/\\|?*\0\n')


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Siamese cat", "Siamese-cat"), ("maillot, tank suit", "maillot-tank-suit"),
        ("crane (n02012849)", "crane-n02012849"),
        ("../../etc/passwd", "etc-passwd"), ("a/b\\c:d", "a-b-c-d"), ("-rf", "rf"), (".hidden", "hidden"), ("猫", "猫"),
        ("blocks.3, channel 5", "blocks.3-channel-5"), ("e\u0301te\u0301", "\u00e9t\u00e9"), ("\u202e\x1b", ""),
        ("tv-weight 0.1", "tv-weight-0.1"), ("x" * 300, "x" * LONGEST), ("end. ", "end"),
    ],
)  # fmt: skip
def test_names_are_safe_wherever_they_are_written(words: str, name: str) -> None:
    assert safe_name(words) == name


def test_every_class_of_imagenet_has_a_name_of_its_own_even_without_capitals() -> None:
    classes = imagenet_classes()
    names = file_names([(name, "0") for name in classes], range(1000))
    assert len({name.casefold() for name in names}) == 1000
    assert not RESERVED & set("".join(names))
    assert (names[340], names[284]) == ("zebra-0", "Siamese-cat-0")
    assert (names[264], names[474]) == ("Cardigan-264-0", "cardigan-474-0")


def test_seeds_and_variations_follow_the_class() -> None:
    assert file_names([("zebra", "0", "tv-weight 0"), ("zebra", "1", "")], [340, 340]) == (
        "zebra-0-tv-weight-0", "zebra-1",
    )  # fmt: skip


def test_names_without_a_letter_get_the_index_and_equal_ones_a_number() -> None:
    assert file_names([("!", "0"), ("?", "0")], [3, 4]) == ("class-3-0", "class-4-0")
    assert file_names([("?", "0")], [None]) == ("image-0",)
    assert file_names([("a", "0"), ("A", "0"), ("a", "0"), ("a!", "0")], [None] * 4) == (
        "a-0", "A-0-again-2", "a-0-again-3", "a-0-again-4",
    )  # fmt: skip
