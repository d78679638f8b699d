from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from bad_photos import encoded, scene
from PIL import Image, ImageEnhance, ImageOps

from enxerto.data import duplicates
from enxerto.data.duplicates import Duplicates, clusters, find_duplicates
from enxerto.data.embedded import cat_photo
from enxerto.data.inspect import PhotoRecord, inspect


def record_of(image: np.ndarray | Image.Image, kind: str = "PNG", **options: object) -> PhotoRecord:
    return inspect(encoded(image, kind, **options))[0]


def trimmed(image: Image.Image, share: float) -> Image.Image:
    x, y = round(image.width * share), round(image.height * share)
    return image.crop((x, y, image.width - x, image.height - y))


COPIES = {
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "quarter": lambda image: image.resize((image.width // 4, image.height // 4)),
    "recompressed": lambda image: Image.open(io.BytesIO(encoded(image, "JPEG", quality=50))),
    "trimmed": lambda image: trimmed(image, 0.02),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.9),
    "mirrored": ImageOps.mirror,
    "mirrored, half, trimmed": lambda image: trimmed(ImageOps.mirror(image), 0.01).resize((200, 140)),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_of_a_photo_is_a_near_duplicate(kind: str) -> None:
    cat = Image.fromarray(cat_photo())
    others = [record_of(scene(451, 300, seed)) for seed in range(20)]
    groups = find_duplicates([*others, record_of(cat), record_of(COPIES[kind](cat))])
    assert groups == [Duplicates((20, 21), False)]


def test_equal_files_are_exact_duplicates() -> None:
    records = [record_of(scene(seed=seed)) for seed in (0, 1, 0, 2, 1, 0)]
    assert find_duplicates(records) == [Duplicates((0, 2, 5), True), Duplicates((1, 4), True)]
    assert clusters(6, find_duplicates(records)) == [0, 1, 0, 2, 1, 0]


def test_exact_and_near_copies_are_one_group() -> None:
    records = [record_of(scene()), record_of(scene()), record_of(scene(), "BMP")]
    assert find_duplicates(records) == [Duplicates((0, 1, 2), False)]


def test_unreadable_photos_are_no_duplicates_however_equal() -> None:
    unread = PhotoRecord("", "no-permission")
    broken = inspect(b"equal text")[0]
    assert find_duplicates([unread, unread, broken, broken]) == []
    assert find_duplicates([]) == []
    assert clusters(3, []) == [0, 1, 2]


def test_flat_pictures_are_duplicates_only_when_equal() -> None:
    flat = [np.full((30, 30, 3), level, np.uint8) for level in (10, 11, 10)]
    assert find_duplicates([record_of(image) for image in flat]) == [Duplicates((0, 2), True)]


def test_equal_shape_with_much_less_contrast_is_another_picture() -> None:
    picture = scene()
    faint = (picture // 4 + 96).astype(np.uint8)
    assert find_duplicates([record_of(picture), record_of(faint)]) == []


def test_every_pair_of_blocks_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    prints = [random.integers(0, 256, 576, dtype=np.uint8).tobytes() for _ in range(13)]
    places = [*range(13), 3, 12, 0]
    records = [
        PhotoRecord(hashlib.sha256(bytes([n])).hexdigest(), "good", width=30, height=24, thumbprint=prints[place])
        for n, place in enumerate(places)
    ]
    monkeypatch.setattr(duplicates, "_BLOCK", 4)
    expected = [Duplicates((0, 15), False), Duplicates((3, 13), False), Duplicates((12, 14), False)]
    assert find_duplicates(records) == expected


def test_pictures_smaller_than_a_thumbprint_are_duplicates_only_when_equal() -> None:
    picture = scene(64, 64)
    copies = [picture, *(np.asarray(Image.fromarray(picture).resize(size)) for size in ((24, 24), (24, 23), (8, 8)))]
    records = [record_of(image) for image in (*copies, copies[-1])]
    assert find_duplicates(records) == [Duplicates((0, 1), False), Duplicates((3, 4), True)]


def test_records_without_a_thumbprint_are_compared_by_checksum_only() -> None:
    bare = PhotoRecord("aa", "good")
    assert find_duplicates([bare, bare, PhotoRecord("bb", "good")]) == [Duplicates((0, 1), True)]


def _cell(seed: int) -> Image.Image:
    """A dark disk on a lighter one in the middle of its picture, as cells under a microscope: all much alike."""
    dice = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64] - 32
    picture = np.full((64, 64), 230.0)
    for level, size in ((170, 26), (90, 11)):
        angle, edge = np.arctan2(y, x), np.full((64, 64), float(size) + dice.normal(0, 1))
        for wave in range(1, 5):
            edge += dice.normal(0, 0.07) * size * np.cos(wave * angle + dice.uniform(0, 6))
        picture[np.hypot(x, y) < edge] = level
    return Image.fromarray(picture.astype(np.uint8)).convert("RGB")


def test_of_pictures_that_are_all_much_alike_only_copies_are_duplicates() -> None:
    cells = [_cell(seed) for seed in range(60)]
    alone = [record_of(cell) for cell in cells]
    least = duplicates._merged(duplicates._signatures(_prints(alone)), np.full(60, 40.0, np.float32), duplicates.SAME)
    assert len(least.sets()) < 50  # at the limit for photos, different cells would be taken for one
    assert find_duplicates(alone) == []
    copy = Image.open(io.BytesIO(encoded(cells[7], "JPEG", quality=90)))
    assert find_duplicates([*alone, record_of(copy)]) == [Duplicates((7, 60), False)]


def test_photos_of_which_each_has_a_copy_are_still_found() -> None:
    photos = [Image.fromarray(scene(120, 90, seed)) for seed in range(20)]
    records = [record_of(each) for each in (*photos, *(COPIES["brighter"](photo) for photo in photos))]
    assert find_duplicates(records) == [Duplicates((index, index + 20), False) for index in range(20)]


def _prints(records: list[PhotoRecord]) -> np.ndarray:
    return np.stack([np.frombuffer(record.thumbprint, np.uint8).reshape(24, 24) for record in records])
