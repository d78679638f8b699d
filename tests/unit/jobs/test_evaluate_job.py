from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from enxerto.classifier import Classifier
from enxerto.errors import DataError, IntegrityError, OptionError, UnknownNameError
from enxerto.jobs import Evaluated, evaluate

pytestmark = pytest.mark.usefixtures("warm_home")


def measure(model: Path | Classifier, source: Path, **options: Any) -> Evaluated:
    return evaluate(model, source, **({"device": "openvino"} | options))


def photos(faces: Path, target: Path, seen: int, unseen: int) -> Path:
    """Photos a class that the model has learned from, and mirrored ones that it has not."""
    for label in ("face", "other"):
        (target / label).mkdir(parents=True)
        for number in range(seen):
            name = f"{label}_{number:03d}.png"
            shutil.copy(faces / label / name, target / label / name)
        for number in range(50, 50 + unseen):
            with Image.open(faces / label / f"{label}_{number:03d}.png") as photo:
                ImageOps.mirror(photo).save(target / label / f"new_{number}.png")
    return target


def test_photos_learned_from_are_named_and_left_out(shared_model: Path, faces: Path, tmp_path: Path) -> None:
    evaluated = measure(shared_model, photos(faces, tmp_path / "photos", 2, 5), seed=4)
    contents = evaluated.contents
    assert evaluated.evaluation is contents.without_seen
    assert contents.evaluation.photos == 14
    assert contents.seen == ("face/face_000.png", "face/face_001.png", "other/other_000.png", "other/other_001.png")
    assert contents.without_seen is not None
    assert contents.without_seen.photos == 10
    assert contents.without_seen.accuracy.value >= 0.8
    assert (contents.title, contents.seed, contents.control) == ("photos", 4, None)
    assert contents.command == f"enxerto evaluate MODEL {tmp_path / 'photos'}"
    assert contents.precision_note == "fp32: the precision that the saved model was loaded with"
    assert "face_001.png" in evaluated.html


def test_only_new_photos_need_no_second_figure(shared_model: Path, faces: Path, tmp_path: Path) -> None:
    contents = measure(shared_model, photos(faces, tmp_path / "photos", 0, 5)).contents
    assert (contents.seen, contents.without_seen) == ((), None)


def test_only_photos_learned_from_leave_nothing_to_measure(shared_model: Path, faces: Path, tmp_path: Path) -> None:
    contents = measure(shared_model, photos(faces, tmp_path / "photos", 5, 0)).contents
    assert (len(contents.seen), contents.without_seen) == (10, None)


def test_an_open_classifier_gives_the_same_figures(shared_model: Path, faces: Path, tmp_path: Path) -> None:
    source = photos(faces, tmp_path / "photos", 1, 5)
    opened = measure(Classifier.load(shared_model, device="openvino"), source)
    assert opened.evaluation == measure(shared_model, source).evaluation


@pytest.mark.parametrize(("sides", "taken"), [(("train", "val"), "val"), (("train", "val", "test"), "test")])
def test_of_a_given_split_only_the_side_to_evaluate_on_is_taken(
    sides: tuple[str, ...], taken: str, shared_model: Path, faces: Path, tmp_path: Path
) -> None:
    for number, side in enumerate(sides):
        photos(faces, tmp_path / "photos" / side, 0, 2 + number)
    contents = measure(shared_model, tmp_path / "photos").contents
    assert contents.evaluation.photos == 2 * (2 + sides.index(taken))
    assert contents.health.listed == contents.evaluation.photos


def test_a_label_that_the_model_doesn_t_know_is_refused(shared_model: Path, faces: Path, tmp_path: Path) -> None:
    source = photos(faces, tmp_path / "photos", 1, 1)
    (source / "face").rename(source / "faces")
    with pytest.raises(UnknownNameError, match="unknown class 'faces'; did you mean face"):
        measure(shared_model, source)


def test_nothing_readable_is_said_so(shared_model: Path, faces: Path, tmp_path: Path) -> None:
    source = photos(faces, tmp_path / "photos", 1, 0)
    for file in source.glob("*/*"):
        file.write_bytes(b"no photo")
    with pytest.raises(DataError, match=r"none of the 2 photos in .* can be read; run: enxerto check "):
        measure(shared_model, source)


def test_a_backbone_with_its_own_classes_is_refused(faces: Path) -> None:
    with pytest.raises(OptionError, match="`model` must have a head of its own"):
        measure(Classifier.from_backbone(device="openvino"), faces)


def test_without_the_cache_no_feature_is_kept(home: Path, shared_model: Path, faces: Path, tmp_path: Path) -> None:
    source = photos(faces, tmp_path / "photos", 1, 2)
    measure(shared_model, source, cache=False)
    assert not list(home.glob("features/*"))
    measure(shared_model, source)
    assert list(home.glob("features/*.sqlite"))


def test_a_damaged_model_is_refused(model: Path, faces: Path) -> None:
    (model / "model.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError, match=r"model\.json"):
        measure(model, faces)


def test_no_model_is_refused(tmp_path: Path, faces: Path) -> None:
    with pytest.raises(OptionError, match="there is no model at "):
        measure(tmp_path / "model", faces)


def test_a_photo_beside_the_original_that_it_copies_was_seen_too(
    shared_model: Path, faces: Path, tmp_path: Path
) -> None:
    source = photos(faces, tmp_path / "photos", 1, 3)
    with Image.open(source / "face/face_000.png") as original:
        original.save(source / "face/again.bmp")
    contents = measure(shared_model, source).contents
    assert contents.seen == ("face/again.bmp", "face/face_000.png", "other/other_000.png")
