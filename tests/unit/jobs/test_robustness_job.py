from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tiny_canvases import noise
from tiny_networks import tiny_network

from enxerto.backbones.imagenet import imagenet_classes, imagenet_ids
from enxerto.classifier import Classifier
from enxerto.errors import DataError, IntegrityError, OptionError, UnknownNameError
from enxerto.files import sha256_of
from enxerto.jobs import RobustnessReport, robustness
from enxerto.jobs.robustness import sections, summing
from enxerto.jobs.robustness.output import JOURNAL, PAGE, RECORD
from enxerto.jobs.robustness.photos import imagenet_index
from enxerto.report.robustness.words import ITSELF

CLASSES = tuple(f"class {number}" for number in range(1000))
RIGHT, WRONG = 3, 1

Measuring = Callable[..., RobustnessReport]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(tiny_network(), CLASSES, device="torch")


@pytest.fixture(scope="module")
def photos(classifier: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos that the classifier is right about, one that it is wrong about, one that is none."""
    folder, drafts = tmp_path_factory.mktemp("photos") / "mine", tmp_path_factory.mktemp("drafts")
    for number in range(RIGHT + WRONG):
        Image.fromarray(noise(40, 50, seed=number)).save(drafts / f"{number}.png")
    answers = classifier.predict(drafts)
    for number, answer in enumerate(answers):
        label = str(answer.label) if number < RIGHT else CLASSES[int(np.argmin(answer.probabilities))]
        (folder / label).mkdir(parents=True, exist_ok=True)
        (drafts / f"{number}.png").rename(folder / label / f"{number}.png")
    (folder / str(answers[0].label) / "broken.png").write_bytes(b"no photo")
    return folder


@pytest.fixture
def measuring(classifier: Classifier, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Measuring:
    """Measure the tiny classifier, with next to no noisy copies and few steps of everything."""
    for module, few in (
        (sections.curve, {"steps": 6}), (sections.standard, {"steps": 2}), (sections.smoothing, {"first": 4}),
        (sections.probe, {"steps": 4, "queries": 5}),
    ):  # fmt: skip
        monkeypatch.setattr(module, "measure", partial(module.measure, **few))
    monkeypatch.setattr(sections.transfer, "sure_points", partial(sections.transfer.sure_points, steps=4))
    monkeypatch.setattr(sections, "DRAWS", 8)
    monkeypatch.setattr(summing, "DRAWS", 8)

    def run(output: Path | None = None, **options: Any) -> RobustnessReport:
        return robustness(classifier, photos, output, **({"only": ["corruptions"], "minutes": 10.0} | options))

    return run


def figures(report: RobustnessReport) -> object:
    """Everything that doesn't depend on the time."""
    return report.contents.clean, report.contents.measured, report.contents.fragile, report.contents.stubborn


def test_all_parts_are_measured_and_written_and_photos_stay_as_they_are(
    measuring: Measuring, photos: Path, tmp_path: Path
) -> None:
    before = {path: sha256_of(path) for path in photos.rglob("*.png")}
    report = measuring(tmp_path / "out", only=[], norms=["linf", "l0"])
    contents = report.contents
    assert {path.name for path in (tmp_path / "out").iterdir()} == {PAGE, RECORD, JOURNAL}
    assert (contents.clean.count, contents.clean.of) == (RIGHT, RIGHT + WRONG)
    assert [name for name, _ in contents.unreadable] == [
        path.relative_to(photos).as_posix() for path in before if path.name == "broken.png"
    ]
    assert [(each.name, each.photos, each.of) for each in contents.sections] == [
        ("clean", 5, 5), ("curves:linf", 4, 4), ("corruptions", 4, 4), ("autoattack:linf", 4, 4), ("masking", 3, 3),
        ("transfer", 3, 3), ("certified", 4, 4), ("curves:l0", 4, 4),
    ]  # fmt: skip
    measured = contents.measured
    assert [(curve.norm, curve.photos, curve.clean.count) for curve in measured.curves] == [
        ("linf", 4, 3),
        ("l0", 4, 3),
    ]
    assert [each.accuracy.of for each in measured.standards] == [4, 4]
    assert measured.corruptions is not None
    assert len(measured.corruptions.results) == 30
    assert ITSELF in [each.model for each in measured.transfers]
    assert measured.certified is not None
    assert (measured.certified.photos, measured.certified.draws) == (4, 8)
    assert measured.masking
    assert contents.leading == "linf"
    cards = [*contents.fragile, *contents.stubborn]
    assert len({card.name for card in cards}) == len(cards) == RIGHT
    assert [norm for norm, _ in cards[0].sizes] == ["linf", "l0"]
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert (record["format"], record["version"]) == ("enxerto-robustness", 1)
    assert record["contents"]["clean"] == {"count": 3, "of": 4, "value": 0.75} | {
        name: record["contents"]["clean"][name] for name in ("low", "high")
    }
    assert (tmp_path / "out" / PAGE).read_text() == report.html
    assert {path: sha256_of(path) for path in photos.rglob("*.png")} == before


def test_an_interrupted_report_goes_on_and_comes_to_the_same(measuring: Measuring, tmp_path: Path) -> None:
    whole = measuring(tmp_path / "whole")
    cut = tmp_path / "cut"
    measuring(cut)
    lines = (cut / JOURNAL).read_bytes().splitlines(keepends=True)
    (cut / JOURNAL).write_bytes(b"".join(lines[:3]) + lines[3][: len(lines[3]) // 2])
    resumed = measuring(cut, resume=True)
    assert figures(resumed) == figures(whole)
    assert (cut / JOURNAL).read_bytes().startswith(b"".join(lines[:3]))
    again = measuring(cut, resume=True)
    assert figures(again) == figures(whole)


def test_the_time_that_a_report_took_counts_when_it_goes_on(measuring: Measuring, tmp_path: Path) -> None:
    first = measuring(tmp_path / "out")
    resumed = measuring(tmp_path / "out", resume=True, minutes=1e-4, only=["corruptions", "masking"])
    assert resumed.contents.seconds > first.contents.seconds / 2
    assert [(each.name, each.photos) for each in resumed.contents.sections][1:] == [("corruptions", 4), ("masking", 0)]
    assert "not measured: signs of gradient masking" in resumed.html


def test_too_little_time_leaves_everything_out_but_the_answers(measuring: Measuring) -> None:
    report = measuring(minutes=1e-6)
    assert report.contents.measured.corruptions is None
    assert [each.photos for each in report.contents.sections] == [5, 0]
    assert "how easily it is fooled was not measured" in report.html


def test_the_same_seed_measures_the_same_and_another_is_another_report(
    measuring: Measuring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    first, second = measuring(tmp_path / "out", seed=5), measuring(seed=5)
    assert first.html == second.html
    with pytest.raises(OptionError, match="is of another model, other photos, another seed or version"):
        measuring(tmp_path / "out", seed=6, resume=True)


def test_ctrl_c_writes_what_was_measured(measuring: Measuring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sections.probe, "measure", interrupt)
    report = measuring(tmp_path / "out", only=["masking", "corruptions"])
    assert report.contents.interrupted
    assert report.contents.measured.corruptions is not None
    assert "As it was ended early, not measured: signs of gradient masking" in (tmp_path / "out" / PAGE).read_text()


def test_an_output_that_is_taken_is_refused_or_replaced(measuring: Measuring, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    measuring(out)
    with pytest.raises(OptionError, match=r"there is .*robustness\.html already; go on with it by --resume"):
        measuring(out)
    measuring(out, force=True, seed=1)
    assert (out / "mine.txt").read_text() == "mine"
    with pytest.raises(OptionError, match="lies among the photos; choose another directory"):
        measuring(photos / "out")
    with pytest.raises(OptionError, match="lies among the photos"):
        measuring(photos.parent)
    with pytest.raises(OptionError, match=r"mine\.txt is a file; give a directory"):
        measuring(out / "mine.txt")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    with pytest.raises(OptionError, match="lies in a model's directory"):
        measuring(tmp_path / "model" / "out")


def test_what_is_impossible_is_named(
    measuring: Measuring, classifier: Classifier, photos: Path, tmp_path: Path
) -> None:
    for minutes in (0, -1, float("nan"), float("inf")):
        with pytest.raises(OptionError, match="`minutes` must be a number above 0, got"):
            measuring(minutes=minutes)
    with pytest.raises(UnknownNameError, match="unknown norm 'max'"):
        measuring(norms=["max"])
    with pytest.raises(
        OptionError, match="no_such_net is neither the directory of a saved model nor a backbone: unknown"
    ):
        robustness("no_such_net", photos)
    with pytest.raises(IntegrityError, match="is no Enxerto model"):
        robustness(tmp_path, photos)
    with pytest.raises(DataError, match="doesn't exist; give a folder of photos"):
        robustness(classifier, tmp_path / "nothing")
    with pytest.raises(UnknownNameError, match="unknown class 'dog"):
        Image.fromarray(noise()).save(_folder(tmp_path / "dogs" / "dog 7") / "a.png")
        robustness(classifier, tmp_path / "dogs")


def test_nothing_readable_and_nothing_right_are_named(classifier: Classifier, photos: Path, tmp_path: Path) -> None:
    (_folder(tmp_path / "broken" / CLASSES[0]) / "a.png").write_bytes(b"no photo")
    with pytest.raises(DataError, match="none of the 1 photos in .* can be read; run: enxerto check"):
        robustness(classifier, tmp_path / "broken")
    wrong = next(path for path in photos.rglob(f"{RIGHT}.png"))
    (_folder(tmp_path / "wrong" / wrong.parent.name) / "a.png").write_bytes(wrong.read_bytes())
    with pytest.raises(
        DataError, match="the model is right on none of 1 photos in .*, so that there is nothing to fool"
    ):
        robustness(classifier, tmp_path / "wrong")


def test_photos_that_the_model_has_learned_from_are_left_out(
    classifier: Classifier, photos: Path, measuring: Measuring
) -> None:
    known = next(path for path in photos.rglob("0.png"))
    learned = np.frombuffer(bytes.fromhex(sha256_of(known)), dtype=np.uint8).reshape(1, 32)
    report = robustness(replace(classifier, learned_from=learned), photos, only=["corruptions"])
    assert (report.contents.clean.count, report.contents.clean.of) == (RIGHT - 1, RIGHT)
    assert "One photo was left out, as the model has learned from it." in report.html


def test_files_and_folders_of_imagenet_are_known_by_their_ids(tmp_path: Path) -> None:
    classes, ids = imagenet_classes(), imagenet_ids()
    assert imagenet_index(ids[281], classes) == 281
    assert imagenet_index("tabby cat", classes) == 281
    with pytest.raises(UnknownNameError, match="unknown class 'n99999999'"):
        imagenet_index("n99999999", classes)
    Image.fromarray(noise(40, 50)).save(tmp_path / f"{ids[7]}_cock.png")
    answers = Classifier(tiny_network(), classes, device="torch").predict(tmp_path)
    said = ids[classes.index(str(answers[0].label))]
    (tmp_path / f"{ids[7]}_cock.png").rename(tmp_path / f"{said}_any.png")
    report = robustness(Classifier(tiny_network(), classes, device="torch"), tmp_path, only=["corruptions"])
    assert (report.contents.clean.count, report.contents.clean.of) == (1, 1)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
