from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_networks import tiny_network

from enxerto.backbones import Backbone
from enxerto.backbones.catalog import find
from enxerto.classifier import Classifier
from enxerto.data import Limits, list_photos
from enxerto.data.decode import decode
from enxerto.jobs.robustness import others
from enxerto.jobs.robustness.others import open_others
from enxerto.report.robustness.words import ITSELF


@pytest.fixture(autouse=True)
def tiny_backbones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two other networks are here, both tiny; whatever is embedded is not."""

    def opened(name: str, *, offline: bool) -> Backbone:
        assert offline
        return tiny_network(name)

    monkeypatch.setattr(others, "EMBEDDED", (find("test_resnet"), find("test_vit")))
    monkeypatch.setattr(others, "is_present", lambda _: True)
    monkeypatch.setattr(others, "open_backbone", opened)


@pytest.fixture
def classifier(shared_model: Path) -> Classifier:
    return Classifier.load(shared_model, device="torch")


def test_heads_are_solved_on_the_photos_that_the_model_has_learned_from(
    classifier: Classifier, shared_model: Path, faces: Path
) -> None:
    found = open_others(classifier, shared_model, [], limits=Limits(), seed=0)
    assert list(found) == [ITSELF, "test_resnet", "test_vit"]
    photos = list_photos(faces).photos[:3]
    squares = [classifier.preprocessing.image(decode(photo.path.read_bytes()).image) for photo in photos]
    for answers in found.values():
        assert set(answers(squares).tolist()) <= {0, 1}
    assert found[ITSELF](squares).tolist() == [classifier.classes.index(photo.label or "") for photo in photos]


def test_photos_that_are_measured_are_not_learned_from(
    classifier: Classifier, shared_model: Path, faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []

    def fit(features: object, labels: object, classes: tuple[str, ...], *, seed: int) -> object:
        return classifier.probe

    real = others.extract

    def extract(photos: object, *arguments: object, **options: object) -> object:
        listed.extend(photo.name for photo in photos.photos)  # type: ignore[attr-defined]  # a spy takes anything
        return real(photos, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(others, "fit_probe", fit)
    monkeypatch.setattr(others, "extract", extract)
    photos = list_photos(faces).photos
    measured = [photo.path for photo in photos[:50]]
    open_others(classifier, shared_model, measured, limits=Limits(), seed=0)
    assert set(listed) == {photo.name for photo in photos[50:]}


def test_without_those_photos_there_are_no_others(classifier: Classifier, model: Path, faces: Path) -> None:
    everything = [photo.path for photo in list_photos(faces).photos]
    assert list(open_others(classifier, model, everything, limits=Limits(), seed=0)) == [ITSELF]
    assert list(open_others(classifier, None, [], limits=Limits(), seed=0)) == [ITSELF]
    shutil.rmtree(model)
    assert list(open_others(classifier, model, [], limits=Limits(), seed=0)) == [ITSELF]


def test_photos_of_a_class_that_can_not_be_read_any_more_leave_the_others_out(
    classifier: Classifier, shared_model: Path, faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(faces, tmp_path / "faces"))
    for path in (copy / "other").iterdir():
        path.write_bytes(b"no photo")
    monkeypatch.setattr(others, "photos_folder", lambda _: copy)
    assert list(open_others(classifier, shared_model, [], limits=Limits(), seed=0)) == [ITSELF]


def test_with_imagenets_classes_the_other_backbones_answer_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"class {number}" for number in range(1000))
    tiny = Classifier(tiny_network("test_vit"), names, device="torch")
    monkeypatch.setattr(
        others.Classifier,
        "from_backbone",
        lambda name, **_: replace(tiny, backbone=tiny_network(name), classes=names[::-1]),
    )
    attacked = Classifier(tiny_network(), names, device="torch")
    found = open_others(attacked, None, [], limits=Limits(), seed=0)
    assert list(found) == [ITSELF, "test_vit"]
    square = np.full((160, 160, 3), 90, dtype=np.uint8)
    (answer,) = found["test_vit"]([square])
    size = tiny.preprocessing.size_px
    logits = tiny.engine.logits(replace(tiny.preprocessing, crop=1.0).image(square)[None])
    assert logits.shape == (1, 1000)
    assert size <= 160
    assert answer == 999 - int(logits.argmax())
