from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from tiny_engines import ProjectionEngine, write_photos

from enxerto.backbones import open_backbone
from enxerto.data import PhotoSet, list_photos
from enxerto.engines import Engine, open_engine
from enxerto.features import extract, open_store
from enxerto.jobs.training.control import prepare_control, run_control, stratified_sample
from enxerto.progress import silent


@pytest.mark.usefixtures("warm_home")
def test_pretrained_weights_beat_random_ones_on_faces(faces: Path, home: Path) -> None:
    photos = list_photos(faces)
    engine = open_engine(open_backbone(), device="openvino")
    with open_store(engine, keep=False) as store:
        features = extract(photos, engine, store).matrix()
    labels = np.array([photos.classes.index(photo.label or "") for photo in photos.photos])
    found = run_control(
        photos, features, labels, np.arange(200), photos.classes, prepare_control(engine, 0),
        class_weight=None, seed=0, cache=False, limits=None, progress=silent,
    )  # fmt: skip
    assert found is not None
    assert found.photos == 200
    assert found.pretrained.value > 0.97
    assert found.random.value > 0.6
    assert found.lift.value == pytest.approx(found.pretrained.value - found.random.value)
    assert found.lift.value > 0
    assert not list(home.glob("features/*"))


def test_too_few_photos_of_a_class_give_no_control(faces: Path) -> None:
    photos = list_photos(faces)
    few = PhotoSet(photos.root, (*photos.photos[:4], photos.photos[100]), photos.layout)
    found = run_control(
        few, np.zeros((5, 3), dtype=np.float32), np.array([0, 0, 0, 0, 1]), np.arange(5), few.classes,
        Future(), class_weight=None, seed=0, cache=False, limits=None, progress=silent,
    )  # fmt: skip
    assert found is None


def test_the_control_runs_like_the_engine_it_controls() -> None:
    engine = open_engine(open_backbone(), device="torch", precision="bf16")
    random = prepare_control(engine, 3).result()
    assert (random.identity, random.backbone.entry) == (engine.identity, engine.backbone.entry)
    assert random.backbone.origin == "random weights, seed 3"


def test_a_sample_takes_from_every_class_in_turn() -> None:
    labels = np.array([0] * 50 + [1] * 3 + [2] * 20)
    chosen = stratified_sample(labels, 20, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [9, 3, 8]
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert stratified_sample(labels, 20, seed=0).tolist() == chosen.tolist()
    assert stratified_sample(labels, 20, seed=1).tolist() != chosen.tolist()


def test_a_sample_larger_than_what_there_is_takes_all() -> None:
    assert stratified_sample(np.array([1, 0, 1]), 200, seed=0).tolist() == [0, 1, 2]


def test_a_class_of_one_photo_takes_no_part(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 9)
    labels = np.array([0, 0, 0, 0, 1, 2, 2, 2, 2])
    random: Future[Engine] = Future()
    random.set_result(ProjectionEngine())
    features = np.random.default_rng(0).normal(size=(9, 12)).astype(np.float32)
    found = run_control(
        photos, features, labels, np.arange(9), ("a", "b", "c"), random,
        class_weight=None, seed=0, cache=False, limits=None, progress=silent,
    )  # fmt: skip
    assert found is not None
    assert found.photos == 8
