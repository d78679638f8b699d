"""What the catalog says of its data sets."""

from __future__ import annotations

import re

import pytest

from enxerto.data.catalog import DATASETS, find
from enxerto.data.catalog.flower_names import FLOWERS
from enxerto.data.catalog.unpack import LIMITS
from enxerto.errors import UnknownNameError


def test_the_data_sets_that_courses_use() -> None:
    assert list(DATASETS) == [
        "cats-dogs", "pets", "hymenoptera", "flowers102", "food101", "caltech101", "eurosat", "digits",
    ]  # fmt: skip


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=list(DATASETS))
def test_every_entry_is_complete(dataset: object) -> None:
    assert dataset.licence  # type: ignore[attr-defined]
    assert dataset.citation  # type: ignore[attr-defined]
    assert dataset.homepage.startswith("https://")  # type: ignore[attr-defined]
    for archive in dataset.archives:  # type: ignore[attr-defined]
        assert re.fullmatch(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", archive.checksum)
        assert re.fullmatch(r"[\w.-]+", archive.name)
        assert archive.url.endswith(archive.name)
        assert 0 < archive.size_bytes < LIMITS.total_bytes
    assert bool(dataset.archives) != bool(dataset.package)  # type: ignore[attr-defined]


def test_names_of_flowers() -> None:
    assert len(set(FLOWERS)) == 102
    assert (FLOWERS[0], FLOWERS[76], FLOWERS[101]) == ("pink primrose", "passion flower", "blackberry lily")


def test_an_unknown_name_gets_near_ones() -> None:
    assert find("pets") is DATASETS["pets"]
    with pytest.raises(UnknownNameError, match="unknown data set 'pet'; did you mean pets"):
        find("pet")
