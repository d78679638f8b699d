from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from enxerto.classifier import Classifier, read_manifest
from enxerto.errors import DataError
from enxerto.jobs import Trained, rerender, train
from enxerto.jobs.training.unmeasured import Asked
from enxerto.report import UnmeasuredContents, from_json

pytestmark = pytest.mark.usefixtures("warm_home")


def copy_some(faces: Path, target: Path, counts: dict[str, int]) -> Path:
    """The first photos of `face` and `other`, in classes of any name: `face`, `face-2`, …; no class has another's."""
    for position, (label, count) in enumerate(counts.items()):
        (target / label).mkdir(parents=True)
        kind = label.split("-")[0]
        for number in range(20 * position, 20 * position + count):
            shutil.copy(faces / kind / f"{kind}_{number:03d}.png", target / label / f"{number}.png")
    return target


def quick(source: Path, output: Path | None = None, **options: Any) -> Trained:
    return train(source, output, **({"control": False, "precision": "fp32", "device": "openvino"} | options))


def sides_in(path: Path) -> dict[str, str]:
    with path.open(newline="") as lines:
        return {row["path"]: row["split"] for row in csv.DictReader(lines)}


def test_a_class_of_one_photo_is_learned_from_and_named_as_not_measured(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", {"face": 6, "other": 6, "other-single": 1})
    trained = quick(source, tmp_path / "model", control=True)
    assert trained.measured
    assert trained.contents.unmeasured == ("other-single",)
    assert trained.evaluation.photos == 12
    assert trained.evaluation.classes == ("face", "other", "other-single")
    assert [result.support for result in trained.evaluation.per_class] == [6, 6, 0]
    assert trained.evaluation.protocol == "5-fold cross-validation over 2 of 3 classes"
    assert trained.contents.control.photos == trained.contents.curve.photos == 12
    assert len(trained.classifier.learned_from) == 13
    assert sides_in(tmp_path / "model/split.csv")["other-single/40.png"] == "always"
    assert from_json((tmp_path / "model/results.json").read_bytes()).unmeasured == ("other-single",)
    again = quick(source, split=tmp_path / "model/split.csv")
    assert again.evaluation.confusion == trained.evaluation.confusion
    assert again.contents.unmeasured == ("other-single",)


def test_a_class_without_a_photo_on_the_test_side_is_named(faces: Path, tmp_path: Path) -> None:
    copy_some(faces, tmp_path / "photos/train", {"face": 4, "other": 4, "face-single": 1})
    copy_some(faces, tmp_path / "photos/test", {"other": 3, "face": 3})
    trained = quick(tmp_path / "photos")
    assert trained.contents.unmeasured == ("face-single",)
    assert trained.evaluation.photos == 6


def test_with_one_photo_a_class_there_is_a_model_and_no_figure(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", {"face": 1, "other": 1})
    trained = quick(source, tmp_path / "model", control=True, views=2, finetune=True)
    assert isinstance(trained.contents, UnmeasuredContents)
    assert not trained.measured
    with pytest.raises(DataError, match="nothing was measured: every class has one photo only; add a second photo"):
        trained.evaluation  # noqa: B018 - the attribute is what raises
    assert not trained.contents.calibrated
    assert (trained.contents.temperature, trained.contents.regularization) == (1.0, 1.0)
    assert [note.split(":")[0] for note in trained.contents.notes] == [
        "No probe on 2 views was tried",
        "Not fine-tuned",
    ]
    assert from_json((tmp_path / "model/results.json").read_bytes()) == trained.contents
    assert rerender(tmp_path / "model") == trained.html == (tmp_path / "model/report.html").read_text()
    assert read_manifest(tmp_path / "model").figures == {"photos": 0.0}
    assert set(sides_in(tmp_path / "model/split.csv").values()) == {"always"}
    predictions = Classifier.load(tmp_path / "model", device="openvino").predict(source)
    assert [p.label for p in predictions] == ["face", "other"]
    again = quick(source, split=tmp_path / "model/split.csv")
    assert again.contents.reason == "the split file split.csv holds no photo out"
    assert np.array_equal(again.classifier.probe.head.weight, trained.classifier.probe.head.weight)


def test_copies_of_one_photo_are_one_photo(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", {"face": 5, "other": 1})
    shutil.copy(source / "other/20.png", source / "other/copy.png")
    trained = quick(source)
    assert trained.contents.reason.startswith("only 'face' has two photos that are independent")
    assert not trained.contents.calibrated


def test_a_class_without_a_readable_photo_is_refused(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", {"face": 2, "other": 1})
    (source / "other/20.png").write_bytes(b"no photo")
    with pytest.raises(DataError, match="every class needs a readable photo or more; 'other' has 0"):
        quick(source)


def test_what_was_not_asked_for_is_not_mentioned() -> None:
    assert Asked("photos", "enxerto train photos", 1, False, False, "auto").notes == ()


def test_a_copy_of_what_is_always_learned_from_counts_as_seen(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", {"face": 5, "other": 5})
    shutil.copy(source / "face/0.png", source / "face/copy.png")
    rows = [f"{path.parent.name}/{path.name},fold{int(path.stem) % 2}" for path in sorted(source.glob("*/[0-9]*"))]
    (tmp_path / "split.csv").write_text("\n".join(["path,split", "face/copy.png,always", *rows]))
    trained = quick(source, split=tmp_path / "split.csv")
    assert trained.contents.seen == ("face/0.png",)
    assert (trained.evaluation.photos, trained.contents.unmeasured) == (9, ())
