from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from enxerto.data import Photo, PhotoRecord, PhotoSet
from enxerto.errors import DataError
from enxerto.features import FeatureTable, Store
from enxerto.features.row import pack

HASHES = [bytes([number]) * 32 for number in range(4)]


@pytest.fixture
def table(tmp_path: Path) -> FeatureTable:
    """Photos 0, 1, 2 and 4 are readable, 2 is a copy of 0; 3 was damaged, 5 could not be opened."""
    records = [PhotoRecord(HASHES[i].hex(), "good") for i in (0, 1, 0)]
    records += [PhotoRecord(HASHES[2].hex(), "truncated"), PhotoRecord(HASHES[3].hex(), "good")]
    records += [PhotoRecord("", "vanished")]
    photos = PhotoSet(tmp_path, tuple(Photo(tmp_path / str(i), str(i)) for i in range(6)), "made up")
    store = Store(tmp_path / "store")
    for i in (0, 1, 4):
        vector = np.full(5, i, dtype=np.float32)
        store.put([(bytes.fromhex(records[i].sha256), pack(records[i], vector))])
    store.put([(HASHES[2], pack(records[3], None))])
    return FeatureTable(photos, tuple(records), (0, 1, 2, 4), store, 4)


def test_one_row_a_readable_photo_in_order(table: FeatureTable) -> None:
    matrix = table.matrix()
    assert matrix.dtype == np.float32
    assert matrix.tolist() == [[i] * 5 for i in (0, 1, 0, 4)]


def test_some_photos_in_the_order_asked_for(table: FeatureTable) -> None:
    assert table.matrix([4, 0, 4, 2])[:, 0].tolist() == [4, 0, 4, 0]


@pytest.mark.parametrize("indices", [[3], [0, 3], [3, 0, 1], [5], [0, 5]])
def test_photos_without_features_are_refused(table: FeatureTable, indices: list[int]) -> None:
    with pytest.raises(DataError, match=rf"1 of {len(indices)} photos have no features in .*; extract again"):
        table.matrix(indices)


def test_no_photo_at_all_is_refused(table: FeatureTable) -> None:
    with pytest.raises(DataError, match="0 of 0 photos have no features"):
        table.matrix([])


def test_a_row_that_got_lost_since_is_an_error(table: FeatureTable) -> None:
    table.store.remove([HASHES[1]])
    with pytest.raises(DataError, match="1 of 4 photos have no features"):
        table.matrix()
