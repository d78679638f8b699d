from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_networks import tiny_weights
from tiny_tuning import write_colors

from enxerto.classifier import Classifier
from enxerto.data import reading
from enxerto.errors import IntegrityError, OptionError
from enxerto.evaluation import Comparison
from enxerto.jobs import Trained, evaluate, train
from enxerto.jobs.training import finetuning
from enxerto.jobs.training.finetuning import Plan, recipe_rows
from enxerto.jobs.training.ways import PROBE, TUNED
from enxerto.progress import Advance
from enxerto.report import from_json
from enxerto.tuning import Epoch, Material, Recipe, Surroundings
from enxerto.tuning import fit as fit_module

QUICK = Recipe(stages=1, epochs=1, batch=7, views=2, learning_rate=1e-3, precision="fp32")
TIMID = replace(QUICK, learning_rate=1e-12, average=0.0)

Training = Callable[..., Trained]


@pytest.fixture(scope="module")
def colors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight photos of each of three colors; not to be changed."""
    return write_colors(tmp_path_factory.mktemp("photos") / "colors", 8)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Train on a tiny network with random weights that looks at small squares; a quarter of the photos is held out."""
    weights = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tiny_weights(), weights)

    def run(source: Path, output: Path | None = None, **options: Any) -> Trained:
        usual = {
            "backbone": "test_resnet", "weights": weights, "size_px": 64, "device": "torch", "precision": "fp32",
            "control": False, "curve": False, "cache": False, "finetune": QUICK,
        } | ({} if any((source / side).is_dir() for side in ("train", "test")) else {"holdout": 0.25})  # fmt: skip
        return train(source, output, **(usual | options))

    return run


@pytest.fixture
def better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes later is better beyond noise."""
    monkeypatch.setattr(Comparison, "better", property(lambda _: True))


def probabilities(classifier: Classifier, photos: Path) -> np.ndarray:
    return np.array([prediction.probabilities for prediction in classifier.predict(photos)])


@pytest.mark.usefixtures("better")
def test_a_tuned_network_that_is_better_is_saved_and_does_the_same_ever_after(
    colors: Path, training: Training, tmp_path: Path
) -> None:
    trained = training(colors, tmp_path / "model")
    contents = trained.contents
    assert [(candidate.name, candidate.kept) for candidate in contents.candidates] == [(PROBE, False), (TUNED, True)]
    assert trained.classifier.backbone.origin == "fine-tuned"
    assert contents.backbone.sha256 == trained.classifier.backbone.identity
    assert contents.tuning is not None
    assert contents.tuning.recipe == recipe_rows(QUICK)
    assert contents.tuning.stages == ("layer4.0",)
    assert [(fit.name, fit.best) for fit in contents.tuning.fits] == [("final", 1)]
    assert "fine-tuning" in trained.html
    assert from_json((tmp_path / "model/results.json").read_bytes()) == contents
    lines = [json.loads(line) for line in (tmp_path / "model/history.jsonl").read_text().splitlines()]
    assert lines == [{"fit": "final", **asdict(epoch)} for epoch in contents.tuning.fits[0].epochs]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    # The saved model is the one of the job.
    loaded = Classifier.load(tmp_path / "model", device="torch")
    weights = load_file(tmp_path / "model/backbone.safetensors")
    assert not torch.equal(weights["layer4.0.conv1.weight"], tiny_weights()["layer4.0.conv1.weight"])
    assert torch.equal(weights["layer3.0.conv1.weight"], tiny_weights()["layer3.0.conv1.weight"])
    assert loaded.backbone.identity == trained.classifier.backbone.identity
    assert np.array_equal(probabilities(loaded, colors), probabilities(trained.classifier, colors))
    measured = evaluate(tmp_path / "model", colors, device="torch", cache=False)
    assert len(measured.contents.seen) == len(loaded.learned_from) == 18
    assert measured.evaluation.accuracy == trained.evaluation.accuracy
    assert measured.evaluation.log_loss.value == pytest.approx(trained.evaluation.log_loss.value, rel=1e-3)


def test_the_probe_is_kept_where_tuning_gives_nothing_and_the_report_says_so(
    colors: Path, training: Training, tmp_path: Path
) -> None:
    trained = training(colors, tmp_path / "model", finetune=TIMID)
    first, second = trained.contents.candidates
    assert (first.name, first.kept, second.name, second.kept) == (PROBE, True, TUNED, False)
    assert second.gain is not None
    assert second.gain.low <= 0 <= second.gain.high
    assert second.note == "no epoch was better than the start, so there is nothing to keep"
    assert second.note in trained.html
    assert trained.contents.tuning is not None  # what was tried is shown all the same
    plain = training(colors, tmp_path / "plain", finetune=False)
    for name in ("head.safetensors", "backbone.safetensors"):
        assert (tmp_path / "model" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
    assert plain.contents.tuning is None
    assert not (tmp_path / "plain/history.jsonl").exists()
    assert plain.evaluation == trained.evaluation


@pytest.mark.usefixtures("better")
def test_folds_are_tuned_one_by_one_and_the_model_on_all_photos(colors: Path, training: Training) -> None:
    shown: list[tuple[str, int]] = []

    @contextmanager
    def progress(description: str, total: int) -> Iterator[Advance]:
        shown.append((description, total))
        yield lambda *_: None

    trained = training(colors, holdout=None, folds=2, views=2, progress=progress)
    assert trained.contents.tuning is not None
    assert [fit.name for fit in trained.contents.tuning.fits] == ["fold0", "fold1", "final"]
    assert [candidate.name for candidate in trained.contents.candidates] == [PROBE, "probe on 2 views", TUNED]
    assert trained.evaluation.photos == 24
    assert len(trained.classifier.learned_from) == 24
    tuning = [description for description, _ in shown if description.startswith("tuning")]
    assert tuning == ["tuning fold0", "tuning fold1", "tuning final"]


def given_sides(tmp_path: Path) -> Path:
    source = tmp_path / "sides"
    for side, start, count in (("train", 0, 4), ("val", 4, 1), ("test", 5, 2)):
        write_colors(source / side, count, start=start)
    return source


@pytest.mark.usefixtures("better")
def test_a_given_validation_side_chooses_the_weights_and_is_not_learned_from(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[Material, Any]] = []
    original = finetuning.fine_tune

    def fine_tune(backbone: Any, material: Material, rounds: Any, *rest: Any, **more: Any) -> Any:
        given.append((material, rounds))
        return original(backbone, material, rounds, *rest, **more)

    monkeypatch.setattr(finetuning, "fine_tune", fine_tune)
    trained = training(given_sides(tmp_path))
    ((material, rounds),) = given
    sides = np.array([photo.split for photo in material.photos.photos])
    assert set(sides[material.validation]) == {"val"}
    ((learned, evaluated),) = rounds
    assert (set(sides[learned]), set(sides[evaluated])) == ({"train"}, {"test"})
    assert (len(learned), len(material.validation), len(evaluated)) == (12, 3, 6)
    assert len(trained.classifier.learned_from) == 15  # validation photos steered it
    probe = training(tmp_path / "sides", finetune=False)
    assert len(probe.classifier.learned_from) == 12


def test_where_validation_is_all_that_is_held_out_it_is_answered_and_not_chosen_by(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = given_sides(tmp_path)
    shutil.rmtree(source / "test")
    write_colors(source / "val", 2, start=4)
    validations = []
    original = finetuning.fine_tune
    monkeypatch.setattr(
        finetuning, "fine_tune",
        lambda backbone, material, *rest, **more: (
            validations.append(material.validation), original(backbone, material, *rest, **more),
        )[1],
    )  # fmt: skip
    trained = training(source, finetune=TIMID)
    assert [len(rows) for rows in validations] == [0]
    assert trained.evaluation.photos == 6


def test_one_photo_of_a_class_can_t_be_tuned_on_and_the_probe_is_saved_all_the_same(
    training: Training, tmp_path: Path
) -> None:
    source = tmp_path / "sides"
    write_colors(source / "train", 1)
    write_colors(source / "test", 2, start=3)
    trained = training(source, tmp_path / "model", finetune=replace(QUICK, batch=2))
    assert trained.contents.notes == (
        "Not fine-tuned: fine-tuning holds photos of each class out to see when to stop, and 'blue' has only one to "
        "learn from; add photos of it.",
    )
    assert trained.contents.tuning is None
    assert "Not fine-tuned" in trained.html
    assert Classifier.load(tmp_path / "model", device="torch").backbone.identity == trained.classifier.backbone.identity
    assert not (tmp_path / "model/history.jsonl").exists()
    assert not (tmp_path / "model.unfinished").exists()


@pytest.mark.parametrize("photos", [2, 3])
def test_a_few_photos_of_a_class_are_tuned_on(photos: int, training: Training, tmp_path: Path) -> None:
    source = tmp_path / "sides"
    write_colors(source / "train", photos)
    write_colors(source / "test", 2, start=5)
    trained = training(source, finetune=replace(QUICK, batch=2))
    assert (trained.contents.tuning is not None, trained.contents.notes) == (True, ())


@pytest.mark.usefixtures("better")
def test_photos_that_can_t_be_read_and_copies_are_no_trouble(training: Training, tmp_path: Path) -> None:
    source = write_colors(tmp_path / "photos", 6)
    (source / "blue/blue002.png").write_bytes(b"no photo")
    (source / "red/a copy.png").write_bytes((source / "red/red003.png").read_bytes())
    trained = training(source, holdout=None, folds=2)
    assert trained.evaluation.photos == 18
    assert trained.contents.tuning is not None
    assert [issue.path for issue in trained.contents.health.skipped] == ["blue/blue002.png"]
    copy, original = (trained.classifier.predict(source / "red" / name)[0] for name in ("a copy.png", "red003.png"))
    assert copy.probabilities == original.probabilities


@pytest.mark.usefixtures("better")
def test_pixels_scaled_another_way_are_scaled_so_by_the_saved_model_too(
    colors: Path, training: Training, tmp_path: Path
) -> None:
    trained = training(colors, tmp_path / "model", tricks=["input-scaling=unit"])
    loaded = Classifier.load(tmp_path / "model", device="torch")
    assert (loaded.backbone.preprocessing.mean, loaded.backbone.preprocessing.std) == ((0, 0, 0), (1, 1, 1))
    assert np.array_equal(probabilities(loaded, colors), probabilities(trained.classifier, colors))
    measured = evaluate(tmp_path / "model", colors, device="torch", cache=False)
    assert measured.evaluation.log_loss.value == pytest.approx(trained.evaluation.log_loss.value, rel=1e-3)


def test_tricks_and_precision_reach_the_fit(colors: Path, training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Recipe, Surroundings]] = []

    def fine_tune(_backbone: Any, _material: Any, _rounds: Any, recipe: Recipe, around: Surroundings, **_: Any) -> Any:
        given.append((recipe, around))
        raise KeyboardInterrupt

    monkeypatch.setattr(finetuning, "fine_tune", fine_tune)
    monkeypatch.setattr(finetuning, "has_native_bf16", lambda: True)
    for precision in ("auto", "fp32", "bf16"):
        with pytest.raises(KeyboardInterrupt):
            training(colors, finetune=replace(QUICK, precision=precision), tricks=["mixup=0.3", "no-clip"])
    assert given[0][0] == replace(QUICK, mixup=0.3, clip=None, precision="auto")
    assert [around.bf16 for _, around in given] == [True, False, True]
    monkeypatch.setattr(finetuning, "has_native_bf16", lambda: False)
    with pytest.raises(KeyboardInterrupt):
        training(colors, finetune=True)
    assert given[-1][0] == Recipe()
    assert not given[-1][1].bf16


def test_an_impossible_job_is_refused_at_once_before_a_photo_is_read(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_colors(tmp_path / "one", 3)
    shutil.rmtree(tmp_path / "one/red")
    shutil.rmtree(tmp_path / "one/blue")
    monkeypatch.setattr(reading, "read_bytes", lambda *_: pytest.fail("a photo is read"))
    with pytest.raises(OptionError) as error:
        training(
            tmp_path / "one", tmp_path / "model", slim=True, logs=["wandb:x"], tricks=["mixap", "learning-rate=-1"],
            finetune=replace(QUICK, batch=64, epochs=0, stages=40),
        )  # fmt: skip
    problems = str(error.value).split("\n- ")
    assert problems[0] == "8 things are wrong:"
    for problem, words in zip(
        problems[1:],
        ("mixap", "learning-rate.*-1", "wandb:x", "leave --slim out", "epochs", "at least 2 classes", "stages.*10",
         "batch.*64"),
        strict=True,
    ):  # fmt: skip
        assert re.search(words, problem), problem
    assert not list(tmp_path.glob("model*"))


@pytest.mark.parametrize(
    ("option", "name"),
    [({"tricks": ["mixup"]}, "tricks"), ({"logs": ["tensorboard:x"]}, "logs"), ({"resume": True}, "resume")],
)
def test_what_belongs_to_fine_tuning_is_refused_without_it(
    option: dict[str, Any], name: str, colors: Path, training: Training
) -> None:
    with pytest.raises(OptionError, match=f"`{name}` belong to fine-tuning; add --finetune"):
        training(colors, finetune=False, **option)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Any]:
    """A block in which the job ends after so many epochs."""

    @contextmanager
    def block(epochs: int) -> Iterator[None]:
        original, left = fit_module._note, [epochs]

        def note(state: Any, epoch: Epoch, task: Any, around: Any) -> None:
            if not left[0]:
                raise Killed
            left[0] -= 1
            original(state, epoch, task, around)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(fit_module, "_note", note)
            yield

    return block


@pytest.mark.usefixtures("better")
def test_an_interrupted_job_goes_on_to_the_same_model(
    colors: Path, training: Training, tmp_path: Path, dying: Callable[[int], Any]
) -> None:
    recipe = replace(QUICK, epochs=2)
    options: dict[str, Any] = {"holdout": None, "folds": 2, "finetune": recipe}
    whole = training(colors, tmp_path / "whole", **options)
    with dying(5):  # in the second fold
        training(colors, tmp_path / "broken", **options)
    assert not (tmp_path / "broken").exists()
    folder = tmp_path / "broken.unfinished"
    assert {path.name for path in folder.iterdir()} == {
        "fold0-0.safetensors", "fold0-0-all.safetensors", "fold1-0.safetensors", "history.jsonl", "maps",
    }  # fmt: skip
    with pytest.raises(OptionError, match=r"broken\.unfinished holds an unfinished run; go on with --resume"):
        training(colors, tmp_path / "broken", **options)
    with pytest.raises(OptionError, match="is from a run with other photos, options or versions"):
        training(colors, tmp_path / "broken", resume=True, **(options | {"seed": 4}))
    with pytest.raises(OptionError, match="is from a run with other photos, options or versions"):
        training(colors, tmp_path / "broken", resume=True, **(options | {"finetune": replace(recipe, epochs=3)}))
    checkpoint = (folder / "fold0-0.safetensors").read_bytes()
    (folder / "fold0-0.safetensors").write_bytes(checkpoint[:-1])
    with pytest.raises(IntegrityError, match=r"fold0-0\.safetensors is no intact checkpoint"):
        training(colors, tmp_path / "broken", resume=True, **options)
    (folder / "fold0-0.safetensors").write_bytes(checkpoint)
    broken = training(colors, tmp_path / "broken", resume=True, **options)
    for name in ("backbone.safetensors", "head.safetensors", "split.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "broken" / name).read_bytes()
    assert broken.evaluation == whole.evaluation
    assert not folder.exists()
    numbers = [
        [
            (line["fit"], line["number"], line["loss"])
            for line in map(json.loads, (path / "history.jsonl").read_text().splitlines())
        ]
        for path in (tmp_path / "whole", tmp_path / "broken")
    ]
    assert numbers[0] == numbers[1]
    assert len(numbers[0]) == 9


def test_logs_are_kept_where_they_are_asked_for(colors: Path, training: Training, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    training(colors, finetune=TIMID, logs=[f"tensorboard:{tmp_path / 'board'}"])
    assert len(list((tmp_path / "board").iterdir())) == 1


def test_nothing_is_left_behind_without_an_output(
    colors: Path, training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dying: Callable[[int], Any]
) -> None:
    folders = []
    original = Plan.tune

    def tune(self: Plan, *arguments: Any) -> Any:
        folders.append(self.folder)
        return original(self, *arguments)

    monkeypatch.setattr(Plan, "tune", tune)
    training(colors, finetune=TIMID)
    with dying(1):
        training(colors)
    assert len(folders) == 2
    assert not any(folder.exists() for folder in folders)
