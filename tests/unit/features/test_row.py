from __future__ import annotations

import numpy as np

from enxerto.data import PhotoRecord
from enxerto.features.row import pack, unpack

RECORD = PhotoRecord("ab" * 32, "good", "", (("animated", "several frames"),), "GIF", 30, 20, bytes(range(16)))


def test_a_row_is_unpacked_to_what_was_packed() -> None:
    vector = np.linspace(-1, 1, 7, dtype=np.float32)
    record, got = unpack(pack(RECORD, vector))
    assert record == RECORD
    assert got.dtype == np.float32
    assert np.array_equal(got, vector)


def test_a_photo_without_features_has_an_empty_vector() -> None:
    record, vector = unpack(pack(PhotoRecord("cd" * 32, "truncated", "it ends"), None))
    assert (record.code, len(vector)) == ("truncated", 0)


def test_rows_hold_little_endian_float32_whatever_they_were_made_of() -> None:
    strided = np.arange(10, dtype=">f4")[::2]
    assert pack(RECORD, strided).endswith(np.array([0, 2, 4, 6, 8], dtype="<f4").tobytes())
