from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_engines import SIDE, ProjectionEngine, write_photos
from tiny_tuning import small_network

from enxerto.backbones import Augmentation, Preprocessing, View
from enxerto.data import PhotoSet
from enxerto.engines import open_engine
from enxerto.progress import silent
from enxerto.tuning import Recipe, Team
from enxerto.tuning.inputs import Maps, Pictures
from enxerto.tuning.network import open_tail

SEEN = Preprocessing(SIDE, 0.875, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
LEARNED = np.array([True, False, True, True, False])


@pytest.fixture
def photos(tmp_path: Path) -> PhotoSet:
    return write_photos(tmp_path / "photos", 5)


def maps_of(photos: PhotoSet, folder: Path, engine: ProjectionEngine | None = None, seed: int = 0) -> Maps:
    engine = engine or ProjectionEngine()
    return Maps(photos, LEARNED, engine, (3, 2, 2), folder, Augmentation(), seed, None, Team())


def test_maps_are_those_of_the_engine_for_each_view(photos: PhotoSet, tmp_path: Path) -> None:
    maps = maps_of(photos, tmp_path / "maps")
    for view, rows in ((0, [4, 1, 1]), (1, [3, 0, 2, 2]), (5, [2])):
        maps.prepare(view, silent)
        images = [shown(photos, row, View(view)) for row in rows]
        expected = maps.engine.features(np.stack(images)).reshape(len(rows), 3, 2, 2)
        batch = maps.batch(np.array(rows), view)
        assert np.allclose(batch, expected, rtol=1e-6)
        assert batch.dtype == torch.float32
        assert batch.is_contiguous(memory_format=torch.channels_last)
    maps.close()


def shown(photos: PhotoSet, row: int, view: View) -> np.ndarray:
    from enxerto.data import decode

    content = photos.photos[row].path.read_bytes()
    decoded = decode(content, short_side_px=view.short_side_px(SEEN))
    return view.image(decoded.image, hashlib.sha256(content).digest(), SEEN)


def test_a_view_is_made_once_and_only_of_photos_that_are_learned_from(photos: PhotoSet, tmp_path: Path) -> None:
    engine = ProjectionEngine()
    maps = maps_of(photos, tmp_path / "maps", engine)
    for _ in range(2):
        maps.prepare(0, silent)
    assert engine.photos == 5
    for _ in range(2):
        maps.prepare(3, silent)
    assert engine.photos == 5 + 3
    first = maps.batch(np.array([0, 3]), 3)
    maps.close()
    again = maps_of(photos, tmp_path / "maps", engine)  # as after a break
    again.prepare(3, silent)
    assert engine.photos == 8
    assert torch.equal(again.batch(np.array([0, 3]), 3), first)
    again.close()


def test_another_seed_shows_other_views(photos: PhotoSet, tmp_path: Path) -> None:
    batches = []
    for seed in (0, 1):
        maps = maps_of(photos, tmp_path / "maps", seed=seed)
        for view in (0, 1):
            maps.prepare(view, silent)
            batches.append(maps.batch(np.array([0]), view))
        maps.close()
    assert torch.equal(batches[0], batches[2])
    assert not torch.equal(batches[1], batches[3])


def test_copies_of_a_photo_have_the_same_maps(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", 4)
    (tmp_path / "photos" / "004.png").write_bytes((tmp_path / "photos" / "002.png").read_bytes())
    maps = maps_of(write_photos(tmp_path / "photos", 4), tmp_path / "maps")
    maps.prepare(0, silent)
    batch = maps.batch(np.array([2, 4, 0]), 0)
    assert torch.equal(batch[0], batch[1])
    assert not torch.equal(batch[0], batch[2])
    maps.close()


def test_a_share_of_nothing_has_the_shape_all_the_same(photos: PhotoSet, tmp_path: Path) -> None:
    none = np.arange(0)
    assert maps_of(photos, tmp_path / "maps").batch(none, 0).shape == (0, 3, 2, 2)
    assert Pictures(photos, SEEN, Augmentation(), 0, None).batch(none, 0).shape == (0, 3, SIDE, SIDE)


@pytest.mark.parametrize("view", [0, 2])
def test_pictures_are_the_views_themselves(photos: PhotoSet, view: int) -> None:
    pictures = Pictures(photos, SEEN, Augmentation(), 7, None)
    pictures.prepare(view, silent)
    rows = np.array([3, 0, 3])
    batch = pictures.batch(rows, view)
    expected = np.stack([shown(photos, row, View(view, seed=7)) for row in rows])
    assert torch.equal(batch, torch.from_numpy(expected).permute(0, 3, 1, 2).float() / 255)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    pictures.close()


def test_both_ways_lead_to_the_same_features(tmp_path: Path) -> None:
    """Maps of the trunk, through the tail, are what the whole network says of the pictures."""
    photos = write_photos(tmp_path / "photos", 5)
    backbone = small_network()
    opened = open_tail(backbone, Recipe(stages=1))
    assert opened.trunk is not None
    engine = open_engine(opened.trunk, device="torch", precision="fp32")
    maps = Maps(photos, LEARNED, engine, opened.shape, tmp_path / "maps", Augmentation(), 2, None, Team())
    pictures = Pictures(photos, backbone.preprocessing, Augmentation(), 2, None)
    for view in (0, 1):
        maps.prepare(view, silent)
        rows = np.array([0, 2, 3])
        with torch.inference_mode():
            whole = backbone.feature_network()(pictures.batch(rows, view))
            assert torch.allclose(opened.tail(maps.batch(rows, view)), whole, atol=1e-4 * float(whole.abs().max()))
    maps.close()
