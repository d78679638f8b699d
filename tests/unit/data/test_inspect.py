from __future__ import annotations

import hashlib

import msgspec
import numpy as np
import pytest
from bad_photos import encoded, scene, with_orientation
from PIL import Image

from enxerto.data.decode import Limits
from enxerto.data.inspect import THUMBPRINT_PX, PhotoRecord, inspect, thumbprint


def test_a_good_photo_is_recorded() -> None:
    data = with_orientation(scene(96, 64), "JPEG", 6)
    record, decoded = inspect(data)
    assert decoded is not None
    assert record.good
    assert record.sha256 == hashlib.sha256(data).hexdigest()
    assert (record.code, record.format, record.width, record.height) == ("good", "JPEG", 64, 96)
    assert record.thumbprint == thumbprint(decoded.image)


def test_a_bad_photo_is_recorded_too() -> None:
    record, decoded = inspect(b"text")
    assert decoded is None
    assert not record.good
    assert (record.code, record.sha256) == ("not-an-image", hashlib.sha256(b"text").hexdigest())
    assert "read are JPEG" in record.detail
    assert inspect(encoded(scene()), limits=Limits(pixels=1))[0].code == "bomb"


def test_records_are_packed_and_unpacked() -> None:
    frames = [Image.fromarray(scene(seed=seed)) for seed in (1, 2)]
    record, _ = inspect(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert record.warnings
    packed = record.to_bytes()
    assert len(packed) < 800
    assert PhotoRecord.from_bytes(packed) == record
    with pytest.raises(msgspec.DecodeError, match="Input data was truncated"):
        PhotoRecord.from_bytes(packed[:-1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (24, 24), (47, 48), (600, 800)])
def test_thumbprints_have_one_size_whatever_the_photos(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 77, np.uint8)
    assert thumbprint(image) == bytes([77]) * THUMBPRINT_PX**2


def test_a_thumbprint_is_the_mean_of_each_cell() -> None:
    cells = np.random.default_rng(0).integers(0, 256, (THUMBPRINT_PX, THUMBPRINT_PX), dtype=np.uint8)
    image = np.repeat(np.repeat(np.repeat(cells[:, :, None], 3, 2), 10, 0), 10, 1)
    assert thumbprint(image) == cells.tobytes()
