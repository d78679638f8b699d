"""Comparing backbones: who is put aside, who is chosen, what the job gives, and what it refuses."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import enxerto
from enxerto.errors import DataError, EngineError, OptionError, UnknownNameError, WeightsMissingError
from enxerto.evaluation.intervals import mean_interval
from enxerto.jobs.comparing import compare as job
from enxerto.jobs.comparing import speed, transfer
from enxerto.jobs.comparing.candidates import candidates
from enxerto.jobs.comparing.choosing import Cost, by_accuracy, wishes
from enxerto.jobs.comparing.deadline import OutOfTimeError, until
from enxerto.jobs.comparing.screening import Screened, put_aside
from enxerto.jobs.comparing.solving import Answers
from enxerto.progress import silent
from enxerto.report import Speed, comparison_from_json, comparison_table

MEASURED = Speed(10.0, 9.0, 11.0, 20, 50_000_000, 5.0, "2026-01-31T12:00:00+00:00")


@pytest.fixture
def given_speeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speeds without processes: SqueezeNet is the fastest."""

    def of(candidate: Any, *_: Any, **__: Any) -> Speed:
        learning = None if candidate.random else 5.0
        return replace(
            MEASURED, milliseconds=5.0 if "squeeze" in candidate.name else 10.0, learning_milliseconds=learning
        )

    monkeypatch.setattr(job, "speed_of", of)


def _screened(wrong: int, score: float) -> Screened:
    right = np.arange(100) >= wrong
    groups = np.arange(100)
    return Screened(100, score, mean_interval(right, groups), right, groups)


def _answers(wrong: int, loss: float = 0.1) -> Answers:
    right = np.arange(400) >= wrong
    return Answers(tuple(map(str, range(400))), right, np.full(400, loss), np.arange(400))


def test_only_what_is_worse_beyond_noise_and_no_faster_is_put_aside() -> None:
    screened = {"good": _screened(2, 0.5), "near": _screened(4, 0.4), "bad": _screened(40, -0.5)}
    slow = {"good": 10.0, "near": 20.0, "bad": 10.0}
    assert list(put_aside(screened, slow.__getitem__)) == ["bad"]
    assert "good is better beyond noise" in put_aside(screened, slow.__getitem__)["bad"]
    assert put_aside(screened, {**slow, "bad": 5.0}.__getitem__) == {}


def test_wishes_choose_among_those_that_are_not_worse_beyond_noise() -> None:
    solved = {"large": _answers(4), "middle": _answers(6), "tiny": _answers(60)}
    costs = {"large": Cost(50, 500), "middle": Cost(20, 300), "tiny": Cost(5, 10)}
    chosen = wishes(solved, costs)
    assert chosen is not None
    assert (chosen.best, chosen.fastest, chosen.smallest) == ("large", "middle", "middle")
    assert wishes({}, {}) is None


def test_a_log_loss_that_is_higher_beyond_noise_is_worse() -> None:
    solved = {"sure": _answers(4, 0.1), "vague": _answers(5, 0.3)}
    chosen = wishes(solved, {"sure": Cost(50, 50), "vague": Cost(5, 5)})
    assert chosen is not None
    assert (chosen.best, chosen.fastest) == ("sure", "sure")


def test_equal_accuracies_are_told_apart_by_log_loss() -> None:
    assert by_accuracy({"vague": _answers(4, 0.3), "sure": _answers(4, 0.1)}) == ["sure", "vague"]


def test_work_ends_when_its_time_is_over() -> None:
    with until(time.monotonic() + 60, silent)("some", 2) as advance:
        advance(1)
    with pytest.raises(OutOfTimeError), until(time.monotonic() - 1, silent)("some", 2) as advance:
        advance(1)


def test_names_are_the_catalog_s_and_missing_weights_are_told() -> None:
    taking_part, left_out = candidates(["lite0", "efficientnet_lite0", "vgg16"], offline=True, seed=0)
    assert [each.name for each in taking_part] == ["efficientnet_lite0"]
    assert left_out[0][0] == "vgg16"
    assert "not on this machine" in left_out[0][1]
    with pytest.raises(WeightsMissingError, match="vgg16"):
        candidates(["vgg16"], offline=True, seed=0)
    with pytest.raises(UnknownNameError, match="did you mean vgg19 or vgg16"):
        candidates(["lite0", "random:vgg61"], offline=True, seed=0)


@pytest.mark.usefixtures("given_speeds")
def test_a_comparison_says_which_to_take_and_leaves_nobody_out_silently(faces: Path, tmp_path: Path) -> None:
    names = ["efficientnet_lite0", "squeezenet1_1", "random:resnet18"]
    contents = enxerto.compare(faces, tmp_path / "out", backbones=names, offline=True, transfer=False)
    assert sorted(entry.name for entry in contents.entries) == sorted(names)
    for entry in contents.entries:
        assert (entry.found is None) == bool(entry.skipped)
        assert (entry.tuning_seconds is None) == entry.random
        assert entry.size_bytes > 1_000_000
    assert contents.wishes is not None
    assert {contents.wishes.best, contents.wishes.fastest, contents.wishes.smallest} <= set(names[:2])
    assert comparison_from_json((tmp_path / "out/comparison.json").read_bytes()) == contents
    assert contents.wishes.best in (tmp_path / "out/comparison.html").read_text()
    with pytest.raises(OptionError, match="pass --force"):
        enxerto.compare(faces, tmp_path / "out", backbones=names, offline=True, transfer=False)


@pytest.mark.usefixtures("given_speeds")
def test_a_comparison_agrees_with_training(faces: Path) -> None:
    contents = enxerto.compare(faces, backbones=["squeezenet1_1"], offline=True, transfer=False)
    trained = enxerto.train(
        faces, None, backbone="squeezenet1_1", precision="fp32", control=False, curve=False, offline=True
    )
    found = contents.entries[0].found
    assert found is not None
    assert trained.contents.evaluation is not None
    assert found.accuracy == trained.contents.evaluation.accuracy


@pytest.mark.usefixtures("given_speeds")
def test_too_little_time_is_one_clear_line(faces: Path) -> None:
    with pytest.raises(OptionError, match="--minutes 1e-06 is not enough"):
        enxerto.compare(faces, backbones=["squeezenet1_1"], minutes=1e-6, offline=True, transfer=False, cache=False)
    with pytest.raises(OptionError, match="must be more than 0, got 0"):
        enxerto.compare(faces, minutes=0)


def test_one_class_and_unreadable_photos_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / "1.jpg").write_bytes(b"no photo")
    with pytest.raises(DataError, match="can be read"):
        enxerto.compare(tmp_path / "bad", backbones=["squeezenet1_1"], offline=True, transfer=False)
    with pytest.raises(DataError, match="two classes or more"):
        enxerto.compare(
            tmp_path / "bad" / "a" / "..",
            backbones=["squeezenet1_1"],
            label_pattern="(.)",
            offline=True,
            transfer=False,
        )


def test_a_speed_is_measured_once_and_then_recalled(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (candidate,), _ = candidates(["squeezenet1_1"], offline=True, seed=0)
    engine = enxerto.open_engine(candidate.backbone)
    photos = enxerto.list_photos(faces)
    measured = speed._measured
    monkeypatch.setattr(
        speed, "_measured", lambda *given, **rest: replace(measured(*given, **rest), disturbed=False)
    )  # by other tests
    first = speed.speed_of(candidate, engine, photos, keep=True, seed=0, limits=None)
    assert 0 < first.low <= first.milliseconds <= first.high
    assert first.learning_milliseconds is not None
    assert first.learning_milliseconds > 0
    assert first.memory_bytes is None or first.memory_bytes > 1_000_000

    def never(*_: Any, **__: Any) -> Speed:
        raise AssertionError("measured again")

    monkeypatch.setattr(speed, "_measured", never)
    assert speed.speed_of(candidate, engine, photos, keep=True, seed=0, limits=None) == first


def test_a_speed_that_other_programs_disturbed_is_not_kept(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (candidate,), _ = candidates(["squeezenet1_1"], offline=True, seed=0)
    engine, photos = enxerto.open_engine(candidate.backbone), enxerto.list_photos(faces)
    results = iter([replace(MEASURED, disturbed=True), MEASURED])
    monkeypatch.setattr(speed, "_measured", lambda *_, **__: next(results))
    for disturbed in (True, False, False):
        assert speed.speed_of(candidate, engine, photos, keep=True, seed=0, limits=None).disturbed is disturbed


def test_a_child_that_fails_says_why(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (candidate,), _ = candidates(["squeezenet1_1"], offline=True, seed=0)
    engine = enxerto.open_engine(candidate.backbone)
    monkeypatch.setattr(engine, "device", "nowhere")
    with pytest.raises(EngineError, match="could not be measured: .*nowhere"):
        speed.speed_of(candidate, engine, enxerto.list_photos(faces), keep=False, seed=0, limits=None)


@pytest.mark.usefixtures("given_speeds")
def test_whether_transfer_helps_is_measured_for_the_best(faces: Path, tmp_path: Path) -> None:
    for name in ("face", "other"):
        (tmp_path / "few" / name).mkdir(parents=True)
        for photo in sorted((faces / name).iterdir())[:15]:
            shutil.copy(photo, tmp_path / "few" / name)
    contents = enxerto.compare(tmp_path / "few", tmp_path / "out", backbones=["lite0", "random:lite0"], offline=True)
    card = contents.transfer
    assert card is not None
    assert (card.backbone, card.missing) == ("efficientnet_lite0", ())
    assert card.control is not None
    assert card.scratch is not None
    assert card.domain is not None
    assert card.layers is not None
    assert (card.layers.gain is None) == (card.layers.chosen.name == "last")
    page = (tmp_path / "out" / "comparison.html").read_text()
    for part in ("Does transfer help here?", "Which layer transfers best", "of the way to pure noise", "Advice"):
        assert part in page
    assert comparison_from_json((tmp_path / "out" / "comparison.json").read_bytes()) == contents
    assert "(chosen)" in comparison_table(contents)


@pytest.mark.usefixtures("given_speeds")
def test_what_of_transfer_there_was_no_time_for_is_said(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: Any, **__: Any) -> Any:
        raise OutOfTimeError

    monkeypatch.setattr(transfer, "run_scratch", late)
    contents = enxerto.compare(faces, backbones=["squeezenet1_1"], offline=True)
    assert contents.transfer is not None
    assert contents.transfer.control is not None
    assert contents.transfer.domain is None  # SqueezeNet has no batch normalizations
    assert contents.transfer.missing == ("a network from scratch", "other layers")
    assert "measured against a network from scratch and other layers" in comparison_table(contents, columns=500)
