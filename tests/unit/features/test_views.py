from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tiny_engines import LENGTH, ProjectionEngine, write_photos

from enxerto.backbones import Augmentation, View
from enxerto.data import PhotoSet, decode, list_unlabeled
from enxerto.errors import OptionError
from enxerto.features import extract, extract_views, list_stores, open_store
from enxerto.progress import Advance
from enxerto.types import Features

CROPS = Augmentation(scale=(0.5, 0.9))
SMALL_CROPS = Augmentation(scale=(0.05, 0.1))
"""For these photos are decoded larger than for view 0."""


def reference(photos: PhotoSet, view: View) -> Features:
    """One photo after the other, with nothing between file and feature."""
    import hashlib

    engine = ProjectionEngine()
    preprocessing = engine.backbone.preprocessing
    images = []
    for photo in photos.photos:
        data = photo.path.read_bytes()
        image = decode(data, short_side_px=view.short_side_px(preprocessing)).image
        images.append(view.image(image, hashlib.sha256(data).digest(), preprocessing))
    return engine.features(np.stack(images))


@pytest.mark.parametrize("augmentation", [CROPS, SMALL_CROPS], ids=["crops", "small crops"])
def test_features_are_those_of_each_view_of_each_photo(tmp_path: Path, augmentation: Augmentation) -> None:
    photos = write_photos(tmp_path / "photos", 7)
    found = extract_views(photos, ProjectionEngine(), 3, augmentation, seed=4)
    assert (found.vectors.dtype, found.vectors.shape) == (np.dtype(np.float32), (7, 3, LENGTH))
    assert (found.readable, found.computed) == (tuple(range(7)), 21)
    for number in range(3):
        assert np.array_equal(found.vectors[:, number], reference(photos, View(number, augmentation, 4)))


def test_view_0_shares_its_store_with_plain_extraction(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 6)
    with open_store(ProjectionEngine()) as store:
        plain = extract(photos, ProjectionEngine(), store)
        matrix = plain.matrix()
    found = extract_views(photos, ProjectionEngine(), 3, CROPS)
    assert found.computed == 12
    assert found.records == plain.records
    assert np.array_equal(found.vectors[:, 0], matrix)
    assert sorted(info.about.get("view", "0") for info in list_stores()) == ["0", "1", "2"]
    assert {info.about.get("augmentation") for info in list_stores()} == {
        None, View(1, CROPS).identity, View(2, CROPS).identity,
    }  # fmt: skip


def test_one_view_is_extracted_into_the_store_of_that_view(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 4)
    view = View(2, CROPS)
    with open_store(ProjectionEngine(), view=view) as store:
        matrix = extract(photos, ProjectionEngine(), store, view=view).matrix()
    found = extract_views(photos, ProjectionEngine(), 3, CROPS)
    assert found.computed == 8
    assert np.array_equal(found.vectors[:, 2], matrix)


def test_a_second_time_nothing_is_computed_and_more_views_only_add(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 5)
    first = extract_views(photos, ProjectionEngine(), 3, CROPS)
    engine = ProjectionEngine()
    again = extract_views(photos, engine, 3, CROPS)
    assert (again.computed, engine.photos) == (0, 0)
    assert np.array_equal(again.vectors, first.vectors)
    more = extract_views(photos, engine, 4, CROPS)
    assert (more.computed, engine.photos) == (5, 5)
    assert np.array_equal(more.vectors[:, :3], first.vectors)
    assert extract_views(photos, ProjectionEngine(), 2, CROPS, seed=1).computed == 5


def test_views_that_are_not_kept_leave_nothing(tmp_path: Path, home: Path) -> None:
    photos = write_photos(tmp_path / "photos", 3)
    assert extract_views(photos, ProjectionEngine(), 2, CROPS, keep=False).computed == 6
    assert not home.exists()


@pytest.mark.parametrize(("chunk", "workers"), [(1, 1), (8, 4)])
def test_chunks_and_workers_change_nothing(tmp_path: Path, chunk: int, workers: int) -> None:
    photos = write_photos(tmp_path / "photos", 9)
    expected = extract_views(photos, ProjectionEngine(), 3, CROPS, keep=False)
    found = extract_views(photos, ProjectionEngine(chunk=chunk, workers=workers), 3, CROPS, keep=False)
    assert found.records == expected.records
    assert np.array_equal(found.vectors, expected.vectors)


def test_copies_share_their_views_and_unreadable_photos_have_none(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    write_photos(folder, 3)
    shutil.copy(folder / "001.png", folder / "copy.png")
    (folder / "002.png").write_bytes(b"no photo")
    found = extract_views(list_unlabeled([folder]), ProjectionEngine(), 2, CROPS)
    assert [record.code for record in found.records] == ["good", "good", "not-an-image", "good"]
    assert found.readable == (0, 1, 3)
    assert np.array_equal(found.vectors[1], found.vectors[2])
    assert not np.array_equal(found.vectors[0], found.vectors[1])
    again = extract_views(list_unlabeled([folder]), ProjectionEngine(), 2, CROPS)
    assert (again.records, again.computed) == (found.records, 0)


def test_only_unreadable_photos(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    found = extract_views(list_unlabeled([tmp_path]), ProjectionEngine(), 2)
    assert (found.readable, found.vectors.shape) == ((), (0, 2, 0))


def test_progress_counts_photos_times_views(tmp_path: Path) -> None:
    counted: list[object] = []

    @contextmanager
    def progress(description: str, total: int) -> Iterator[Advance]:
        counted.append((description, total))
        yield counted.append

    extract_views(write_photos(tmp_path / "photos", 5), ProjectionEngine(chunk=3), 4, progress=progress)
    assert counted == [("features", 20), 12, 8]


def test_less_than_one_view_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="`views` must be 1 or more, got 0"):
        extract_views(PhotoSet(tmp_path, (), "none"), ProjectionEngine(), 0)
