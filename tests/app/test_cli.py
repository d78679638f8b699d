"""The command line as a user meets it: every command and option, streams, exit codes, interruptions."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from app_runs import Run
from PIL import Image, ImageOps
from safetensors.torch import save_file
from tiny_networks import tiny_weights

import enxerto
from enxerto.cli import COMMANDS
from enxerto.errors import DataError
from enxerto.features import list_stores


@pytest.fixture(scope="module")
def few(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight faces and eight others; not to be changed."""
    return copy_some(faces, tmp_path_factory.mktemp("few") / "few", 8)


def copy_some(faces: Path, target: Path, count: int, start: int = 0) -> Path:
    for label in ("face", "other"):
        (target / label).mkdir(parents=True)
        for number in range(start, start + count):
            shutil.copy(faces / label / f"{label}_{number:03d}.png", target / label)
    return target


@pytest.fixture
def broken(faces: Path, tmp_path: Path) -> Path:
    """Six photos a class, and one file that is none."""
    source = copy_some(faces, tmp_path / "broken", 6)
    (source / "face" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return source


@pytest.fixture
def new(faces: Path, tmp_path: Path) -> Path:
    """Three photos a class that the shared model has not learned from, and one a class that it has."""
    source = copy_some(faces, tmp_path / "new", 1)
    for label in ("face", "other"):
        for number in range(1, 4):  # no mirror image of the one learned from: that counts as seen, too
            with Image.open(faces / label / f"{label}_{number:03d}.png") as photo:
                ImageOps.mirror(photo).save(source / label / f"new_{number}.png")
    return source


QUICK = ("--no-control", "--precision", "fp32", "--device", "openvino")


# What every command has in common


def test_help_names_every_command(run: Run) -> None:
    ended = run("--help")
    assert (ended.code, ended.err) == (0, "")
    shown = " ".join(ended.out.split())
    assert all(f" {name} {text}" in shown for name, text in COMMANDS.items())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, run: Run) -> None:
    for flag in ("--help", "-h"):
        ended = run(name, flag)
        assert (ended.code, ended.err) == (0, "")
        assert f"Usage: enxerto {name}" in ended.out


def test_without_arguments_there_is_help(run: Run) -> None:
    ended = run()
    assert ended.code == 0
    assert "Commands:" in ended.out


def test_the_version(run: Run) -> None:
    assert enxerto.__version__ in run("--version").out


def test_an_unknown_command_is_answered_with_near_matches(run: Run) -> None:
    ended = run("trian")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "enxerto: unknown command 'trian'; did you mean train or tricks?\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train",), "Missing argument 'SOURCE'"),
        (("train", "x"), "Missing option '-o'"),
        (("train", "x", "-o", "y", "--folds", "1"), "1 is not in the range 2<=x<=100"),
        (("predict", "x", "y", "--csv", "--json"), "--csv and --json exclude each other"),
        (("cache", "shwo"), "No such command 'shwo'"),
        (("check", "x", "--colour"), "No such option"),
        (("check", "x", "--max-megapixels", "inf"), "inf is not in the range 0<x<=1000000"),
        (("check", "x", "--max-megapixels", "nan"), "nan is not a number"),
        (("train", "x", "-o", "y", "--crop", "nan"), "nan is not a number"),
        (("cache", "prune", "--older-than", "nan"), "nan is not a number"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_was_wrong(arguments: tuple[str, ...], message: str, run: Run) -> None:
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


def test_debug_shows_the_traceback(run: Run) -> None:
    plain, debugged = run("check", "nowhere"), run("--debug", "check", "nowhere")
    assert plain.err == "enxerto: nowhere doesn't exist; give a folder of photos or a CSV file\n"
    assert plain.code == debugged.code == 1
    assert "Traceback (most recent call last)" in debugged.err
    assert debugged.last == plain.last


def test_warnings_of_the_library_are_lines_on_stderr(run: Run, few: Path, tmp_path: Path, home: Path) -> None:
    run("train", few, "-o", tmp_path / "model", *QUICK)
    (network,) = (home / "networks").iterdir()
    network.write_bytes(b"damaged")
    ended = run("predict", tmp_path / "model", few / "face" / "face_000.png", "--device", "openvino")
    assert ended.code == 0
    assert ended.err == f"enxerto: warning: {network} is damaged; the network is converted again\n"


@contextmanager
def closed_pipe() -> Iterator[int]:
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def test_a_reader_that_has_enough_is_no_error(faces: Path) -> None:
    """As in `enxerto check photos | head -1`."""
    with closed_pipe() as writing:
        child = subprocess.run(
            [sys.executable, "-m", "enxerto", "check", faces], stdout=writing, stderr=subprocess.PIPE, check=False
        )
    assert child.stderr == b""
    assert child.returncode == 0


def test_an_error_of_the_system_that_nobody_foresaw_is_one_line_and_5(
    run: Run, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x")

    monkeypatch.setattr("enxerto.data.check", full)
    ended = run("check", few)
    assert (ended.code, ended.out) == (5, "")
    assert ended.err == "enxerto: the system refused something: [Errno 28] No space left on device: '/tmp/x'\n"


# train


def test_train_prints_figures_on_stdout_and_paths_on_stderr(
    run: Run, few: Path, tmp_path: Path, warm_home: Path
) -> None:
    ended = run("train", few, "-o", tmp_path / "model", *QUICK, "--seed", 5)
    assert ended.code == 0
    assert "16" in ended.out
    assert "accuracy" in ended.out.lower()
    assert ended.err == f"\nmodel   {tmp_path / 'model'}\nreport  {tmp_path / 'model' / 'report.html'}\n"
    contents = json.loads((tmp_path / "model" / "results.json").read_bytes())["contents"]
    assert contents["seed"] == 5
    assert contents["command"] == f"enxerto train {few} -o {tmp_path / 'model'} {' '.join(QUICK)} --seed 5"
    assert (warm_home / "features").is_dir()


@pytest.mark.usefixtures("warm_home")
def test_train_takes_every_option(run: Run, few: Path, tmp_path: Path) -> None:
    output = tmp_path / "model"
    ended = run(
        "train", few, "-o", output, "--backbone", "lite0", "--layer", "blocks.3", "--pooling", "max", "--size", 64,
        "--crop", 0.9, "--holdout", 0.25, "--balanced", "--coverage", 0.8, "--no-control", "--precision", "fp32",
        "--device", "torch", "--offline", "--slim", "--no-cache", "--seed", 1, "--max-megapixels", 1,
        "--min-accuracy", 0.1, "--on-error", "fail", "--json", "--quiet",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    result = ended.json
    assert result["evaluation"]["photos"] == 4
    assert result["evaluation"]["prediction_sets"]["stated"] == 0.8
    assert (result["backbone"]["layer"], result["backbone"]["pooling"]) == ("blocks.3", "max")
    assert (result["backbone"]["size_px"], result["engine"], result["seed"]) == (64, "torch fp32", 1)
    assert not (output / "backbone.safetensors").exists()
    predicted = run("predict", output, few / "face" / "face_000.png", "--offline", "--json").json["predictions"]
    assert len(predicted) == 1


@pytest.mark.usefixtures("warm_home")
def test_train_by_a_given_split(run: Run, few: Path, tmp_path: Path) -> None:
    rows = [f"{path.relative_to(few).as_posix()}" for path in sorted(few.glob("*/*"))]
    lines = [f"{name},{'test' if number % 4 == 0 else 'train'}" for number, name in enumerate(rows)]
    (tmp_path / "split.csv").write_text("path,split\n" + "\n".join(lines) + "\n")
    ended = run("train", few, "-o", tmp_path / "model", *QUICK, "--split", tmp_path / "split.csv", "--json")
    assert ended.json["evaluation"]["photos"] == 4


@pytest.mark.usefixtures("warm_home")
def test_train_on_a_flat_folder_by_label_pattern(run: Run, few: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in few.glob("*/*"):
        shutil.copy(path, flat)
    unlabelled = run("train", flat, "-o", tmp_path / "model", *QUICK)
    assert unlabelled.code == 1
    assert "no class folders" in unlabelled.last
    ended = run("train", flat, "-o", tmp_path / "model", *QUICK, "--label-pattern", r"(.+)_\d+", "--folds", 2, "--json")
    assert ended.json["evaluation"]["classes"] == ["face", "other"]
    assert ended.json["evaluation"]["protocol"].startswith("2-fold")


@pytest.mark.usefixtures("warm_home")
def test_train_with_weights_from_a_file(run: Run, few: Path, tmp_path: Path) -> None:
    save_file(tiny_weights("test_resnet"), tmp_path / "weights.safetensors")
    ended = run(
        "train", few, "-o", tmp_path / "model", *QUICK, "--backbone", "test_resnet", "--weights",
        tmp_path / "weights.safetensors", "--json",
    )  # fmt: skip
    assert ended.json["backbone"]["name"] == "test_resnet"
    (tmp_path / "weights.safetensors").unlink()
    assert run("predict", tmp_path / "model", few / "face", "--device", "openvino").code == 0  # they are inside


@pytest.mark.usefixtures("warm_home")
def test_train_against_random_weights(run: Run, few: Path, tmp_path: Path) -> None:
    ended = run("train", few, "-o", tmp_path / "model", "--device", "torch", "--folds", 2, "--json", "-q")
    assert ended.json["control"]["photos"] == 16
    assert ended.err == ""


@pytest.mark.usefixtures("warm_home")
def test_train_below_the_accuracy_asked_for_ends_with_7_and_keeps_the_model(
    run: Run, faces: Path, tmp_path: Path
) -> None:
    source = copy_some(faces, tmp_path / "photos", 8)
    for number in range(4):  # half of each class is called the other
        (source / "face" / f"face_00{number}.png").rename(source / "other" / f"x_{number}.png")
        (source / "other" / f"other_00{number}.png").rename(source / "face" / f"x_{number}.png")
    ended = run("train", source, "-o", tmp_path / "model", *QUICK, "--min-accuracy", 0.99)
    assert ended.code == 7
    assert "that --min-accuracy asks for" in ended.last
    assert (tmp_path / "model" / "report.html").exists()


@pytest.mark.usefixtures("warm_home")
def test_train_on_one_photo_a_class_says_that_nothing_was_measured(run: Run, faces: Path, tmp_path: Path) -> None:
    source, model = copy_some(faces, tmp_path / "photos", 1), tmp_path / "model"
    ended = run("train", source, "-o", model, *QUICK, "--finetune", "--views", 4, "--min-accuracy", 0)
    assert ended.code == 7
    assert ended.out.startswith("NOT MEASURED: A classifier of 2 classes learned from 2 photos.")
    assert "! Not fine-tuned: no photo is held out" in ended.out
    assert "%" not in ended.out
    assert ended.last == (
        "enxerto: nothing was measured, so that no accuracy can be told for --min-accuracy: every class has one photo "
        "only; add photos"
    )
    again = run("train", source, "-o", model, *QUICK, "--force", "--split", model / "split.csv", "--json", "-q")
    assert (again.code, again.json["evaluation"]) == (0, None)
    assert again.json["reason"] == "the split file split.csv holds no photo out"
    assert run("report", model, "-o", tmp_path / "report.html").code == 0
    assert (tmp_path / "report.html").read_bytes() == (model / "report.html").read_bytes()
    assert run("predict", model, source / "face", "--device", "openvino").out.split()[1] == "face"
    assert "One photo only of 'face' and 'other'" in run("check", source).out


@pytest.mark.usefixtures("warm_home")
def test_train_with_an_unreadable_photo(run: Run, broken: Path, tmp_path: Path) -> None:
    assert run("train", broken, "-o", tmp_path / "skip", *QUICK).code == 0
    ended = run("train", broken, "-o", tmp_path / "fail", *QUICK, "--on-error", "fail")
    assert ended.code == 3
    assert "1 of 13 files" in ended.out
    assert (tmp_path / "fail" / "model.json").exists()


@pytest.mark.usefixtures("warm_home")
def test_train_replaces_a_model_only_by_force(run: Run, few: Path, model: Path) -> None:
    ended = run("train", few, "-o", model, *QUICK)
    assert ended.code == 2
    assert "pass --force to replace it" in ended.last
    assert run("train", few, "-o", model, *QUICK, "--force", "--json").json["evaluation"]["photos"] == 16


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: shutil.rmtree(folder), "doesn't exist"),
        (lambda folder: shutil.rmtree(folder / "other"), "needs two classes or more, found only one, 'face'"),
        (lambda folder: [file.write_bytes(b"") for file in folder.glob("*/*")], "none of the 4 files in"),
        (lambda folder: [file.unlink() for file in folder.glob("*/*")], "its folders are empty"),
    ],
    ids=["missing", "one-class", "unreadable", "empty"],
)
def test_train_without_enough_ends_with_1_and_one_line(
    prepare: Callable[[Path], object], message: str, run: Run, faces: Path, tmp_path: Path
) -> None:
    source = copy_some(faces, tmp_path / "photos", 2)
    prepare(source)
    ended = run("train", source, "-o", tmp_path / "model", *QUICK)
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "model").exists()


def test_train_with_an_unknown_backbone(run: Run, few: Path, tmp_path: Path) -> None:
    ended = run("train", few, "-o", tmp_path / "model", "--backbone", "resnet5")
    assert (ended.code, ended.out) == (2, "")
    assert "unknown backbone 'resnet5'; did you mean resnet5" in ended.err


def test_train_with_a_backbone_whose_weights_are_not_here(
    run: Run, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    ended = run("train", few, "-o", tmp_path / "model", "--backbone", "vgg16", "--offline")
    assert (ended.code, ended.out) == (1, "")
    assert "enxerto backbones import vgg16 model.safetensors" in ended.err


def test_train_interrupted_ends_with_130_and_keeps_what_was_finished(
    run: Run, faces: Path, tmp_path: Path, warm_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0

    @contextmanager
    def interrupting(_description: str, _total: int) -> Iterator[Callable[[int], None]]:
        def advance(count: int) -> None:
            nonlocal seen
            seen += count
            if seen >= 50:
                os.kill(os.getpid(), signal.SIGINT)

        yield advance

    monkeypatch.setattr("enxerto.cli.train.progress", lambda _quiet: interrupting)
    ended = run("train", faces, "-o", tmp_path / "model", *QUICK)
    assert (ended.code, ended.out) == (130, "")
    assert ended.last == (
        "enxerto: interrupted; what was finished is kept: the same command goes on from there, "
        "fine-tuning with --resume"
    )
    assert not list(tmp_path.glob("*model*"))
    (store,) = list_stores()
    assert 0 < store.photos < 200
    monkeypatch.undo()
    monkeypatch.setenv("ENXERTO_HOME", str(warm_home))
    assert run("train", faces, "-o", tmp_path / "model", *QUICK, "-q").code == 0


# evaluate


@pytest.mark.usefixtures("warm_home")
def test_evaluate_names_photos_that_were_learned_from(run: Run, shared_model: Path, new: Path, tmp_path: Path) -> None:
    report = tmp_path / "evaluation.html"
    ended = run("evaluate", shared_model, new, "--device", "openvino", "-o", report)
    assert ended.code == 0
    assert "8" in ended.out
    assert "2 of" in ended.out or "2 photos" in ended.out
    assert ended.err == f"\nreport  {report}\n"
    assert "face_000.png" in report.read_text()


@pytest.mark.usefixtures("warm_home")
def test_evaluate_takes_every_option(run: Run, shared_model: Path, new: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in new.glob("*/*"):
        shutil.copy(path, flat / f"{path.parent.name}-{path.name}")
    ended = run(
        "evaluate", shared_model, flat, "--label-pattern", "([a-z]+)-.*", "-o", tmp_path / "report.html",
        "--precision", "bf16", "--device", "openvino", "--offline", "--no-cache", "--seed", 3, "--max-megapixels", 1,
        "--min-accuracy", 0.2, "--on-error", "fail", "--json", "--quiet",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    result = ended.json
    assert sorted(result["seen"]) == ["face-face_000.png", "other-other_000.png"]
    assert (result["evaluation"]["photos"], result["without_seen"]["photos"]) == (8, 6)
    assert (result["engine"], result["seed"]) == ("openvino bf16", 3)
    assert (tmp_path / "report.html").exists()


@pytest.mark.usefixtures("warm_home")
def test_evaluate_below_the_accuracy_asked_for_ends_with_7(run: Run, shared_model: Path, new: Path) -> None:
    (new / "face").rename(new / "swap")
    (new / "other").rename(new / "face")
    (new / "swap").rename(new / "other")
    ended = run("evaluate", shared_model, new, "--device", "openvino", "--min-accuracy", 0.5)
    assert ended.code == 7
    assert "lower than the 0.5000 that --min-accuracy asks for" in ended.last


@pytest.mark.usefixtures("warm_home")
def test_no_accuracy_of_photos_learned_from_passes_the_gate(run: Run, shared_model: Path, faces: Path) -> None:
    ended = run("evaluate", shared_model, faces, "--device", "openvino", "--min-accuracy", 0.5)
    assert ended.code == 7
    assert "every photo was in training" in ended.last


@pytest.mark.usefixtures("warm_home")
def test_evaluate_with_an_unreadable_photo_can_end_with_3(run: Run, shared_model: Path, broken: Path) -> None:
    assert run("evaluate", shared_model, broken, "--device", "openvino", "--on-error", "fail").code == 3


def test_evaluate_an_unknown_label(run: Run, shared_model: Path, new: Path) -> None:
    (new / "face").rename(new / "faces")
    ended = run("evaluate", shared_model, new)
    assert (ended.code, ended.err) == (2, "enxerto: unknown class 'faces'; did you mean face?\n")


def test_evaluate_a_damaged_model_ends_with_6(run: Run, model: Path, few: Path) -> None:
    with (model / "head.safetensors").open("ab") as file:
        file.write(b"x")
    ended = run("evaluate", model, few)
    assert (ended.code, ended.out) == (6, "")
    assert "head.safetensors" in ended.err


# predict


@pytest.fixture
def strange(faces: Path, tmp_path: Path) -> Path:
    """A folder of photos with names that mean something to a spreadsheet, a terminal or JSON, and one that is none."""
    source = tmp_path / "strange"
    source.mkdir()
    for name in ("=cmd|calc.png", "@sum.png", "-1.png", "+1.png", 'a,"b.png', "\x1b[31mred.png"):
        shutil.copy(faces / "face" / "face_000.png", source / name)
    (source / "broken.png").write_bytes(b"no photo")
    return source


@pytest.mark.usefixtures("warm_home")
def test_predict_prints_a_line_a_photo(run: Run, shared_model: Path, few: Path) -> None:
    ended = run("predict", shared_model, few / "face", few / "other" / "other_001.png", "--device", "openvino")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert len(lines) == 9
    assert sum("  face " in line for line in lines) >= 7
    assert all("%" in line for line in lines)


@pytest.mark.usefixtures("warm_home")
def test_predict_shows_what_can_t_be_read_and_no_escapes(run: Run, shared_model: Path, strange: Path) -> None:
    ended = run("predict", shared_model, strange, "--device", "openvino", "--on-error", "fail")
    assert ended.code == 3
    assert "\x1b" not in ended.out
    assert any(line.startswith("broken.png  not read: ") for line in ended.out.splitlines())


@pytest.mark.usefixtures("warm_home")
def test_predict_as_csv_holds_no_formula(run: Run, shared_model: Path, strange: Path) -> None:
    ended = run("predict", shared_model, strange, "--device", "openvino", "--csv")
    assert (ended.code, ended.err) == (0, "")
    header, *rows = list(csv.reader(io.StringIO(ended.out)))
    assert header == ["photo", "label", "probability", "unfamiliar", "prediction_set", "problem", "face", "other"]
    names = {row[0] for row in rows}
    assert {"'=cmd|calc.png", "'@sum.png", "'-1.png", "'+1.png", 'a,"b.png', "broken.png"} <= names
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert {len(row) for row in rows} == {8}
    (unread,) = [row for row in rows if row[0] == "broken.png"]
    assert unread[5]
    assert (unread[1], unread[6:]) == ("", ["", ""])
    (read,) = [row for row in rows if row[0] == "'-1.png"]
    assert float(read[6]) + float(read[7]) == pytest.approx(1, abs=1e-5)
    assert float(read[2]) == max(float(read[6]), float(read[7]))


@pytest.mark.usefixtures("warm_home")
def test_predict_as_json_takes_every_option(run: Run, shared_model: Path, strange: Path) -> None:
    ended = run(
        "predict", shared_model, strange, "--device", "openvino", "--precision", "bf16", "--offline",
        "--max-megapixels", 1, "--on-error", "skip", "--json", "--quiet",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    result = ended.json
    assert result["classes"] == ["face", "other"]
    by_name = {prediction["name"]: prediction for prediction in result["predictions"]}
    assert len(by_name) == 7
    assert by_name["=cmd|calc.png"]["label"] == "face"
    assert by_name["broken.png"]["label"] is None
    assert by_name["broken.png"]["problem"]


@pytest.mark.usefixtures("warm_home")
@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["table", "csv", "json"])
def test_predict_a_photo_whose_name_is_no_text(
    form: tuple[str, ...], run: Run, shared_model: Path, few: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bytes"
    folder.mkdir()
    shutil.copy(few / "face" / "face_000.png", os.fsencode(folder) + b"/caf\xe9.png")
    ended = run("predict", shared_model, folder, "--device", "openvino", *form)
    assert (ended.code, ended.err) == (0, "")
    assert "caf" in ended.out


def test_predict_without_photos_or_a_model(run: Run, shared_model: Path, tmp_path: Path) -> None:
    ended = run("predict", shared_model, tmp_path / "nowhere")
    assert (ended.code, ended.out) == (1, "")
    assert "doesn't exist; give photos or folders of photos" in ended.err
    ended = run("predict", tmp_path / "nowhere", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "there is no model at" in ended.err


# check, report


def test_check_as_a_table_and_as_json(run: Run, broken: Path) -> None:
    shutil.copy(broken / "face" / "face_000.png", broken / "other" / "twin.png")
    table = run("check", broken)
    assert (table.code, table.err) == (0, "")
    assert "broken.png" in table.out
    assert "twin.png" in table.out
    ended = run("check", broken, "--on-error", "fail", "--max-megapixels", 1, "--json", "-q")
    assert (ended.code, ended.err) == (3, "")
    result = ended.json
    assert (result["health"]["listed"], result["health"]["readable"]) == (14, 13)
    assert result["health"]["duplicates"][0]["paths"] == ["face/face_000.png", "other/twin.png"]
    verdicts = {photo["photo"]: photo["verdict"] for photo in result["photos"]}
    assert len(verdicts) == 14
    assert verdicts["face/broken.png"] != verdicts["face/face_000.png"]


def test_check_obeys_the_limit(run: Run, few: Path) -> None:
    assert run("check", few, "--max-megapixels", 0.0001, "--json").json["health"]["readable"] == 0


def test_check_by_label_pattern(run: Run, few: Path) -> None:
    counts = run("check", few / "face", "--label-pattern", r"(face)_\d+", "--json").json["health"]["class_counts"]
    assert [(count["name"], count["readable"]) for count in counts] == [("face", 8)]


def test_a_report_is_drawn_again(run: Run, shared_model: Path, faces: Path, tmp_path: Path) -> None:
    written = tmp_path / "again.html"
    ended = run("report", shared_model, "-o", written, "--photos", faces)
    assert (ended.code, ended.out, ended.err) == (0, "", f"report  {written}\n")
    assert written.read_text() == (shared_model / "report.html").read_text()
    ended = run("report", shared_model, "-o", "-", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == written.read_text()


def test_a_report_of_a_damaged_model(run: Run, model: Path, tmp_path: Path) -> None:
    (model / "results.json").write_bytes(b"{}")
    ended = run("report", model, "-o", tmp_path / "report.html")
    assert ended.code == 6
    assert not (tmp_path / "report.html").exists()


def test_a_report_that_can_t_be_written_ends_with_5(run: Run, shared_model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("report", shared_model, "-o", tmp_path / "file" / "report.html")
    assert ended.code == 5
    assert "can't write" in ended.err


@pytest.mark.parametrize("name", ["report.html", "new.html", "results.json", "."])
def test_no_report_is_written_into_a_model(name: str, run: Run, model: Path, few: Path, tmp_path: Path) -> None:
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    (tmp_path / "link").symlink_to(model)
    for output in (model / name, tmp_path / "link" / name):
        for ended in (run("report", model, "-o", output), run("evaluate", model, few, "-o", output)):
            assert (ended.code, ended.out) == (2, "")
            assert "lies in the model's directory" in ended.err
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before


# backbones, cache, demo, doctor


def test_backbones_are_listed(run: Run) -> None:
    ended = run("backbones", "list")
    assert (ended.code, ended.err) == (0, "")
    header, first, *_ = ended.out.splitlines()
    assert header.split()[:3] == ["name", "parameters", "pixels"]
    assert first.split()[:5] == ["efficientnet_lite0", "4.7", "M", "224", "apache-2.0"]
    assert " yes " in first
    rows = {row["name"]: row for row in run("backbones", "list", "--json").json}
    assert rows["efficientnet_lite0"]["present"] is True
    assert rows["vgg16"]["parameters"] == 138_357_544
    assert len(ended.out.splitlines()) == len(rows) + 1


def test_all_backbones_are_listed(run: Run) -> None:
    rows = run("backbones", "list", "--all", "--json").json
    assert len(rows) > 1000
    assert {"resnet50.a1_in1k", "efficientnet_lite0"} <= {row["name"] for row in rows}
    assert {row["parameters"] for row in rows} == {None}
    assert "without their sizes" in " ".join(run("backbones", "list", "--help").out.split())


@pytest.mark.usefixtures("warm_home")
def test_imported_weights_are_trained_on(run: Run, few: Path, tmp_path: Path) -> None:
    torch.save(tiny_weights("test_resnet"), tmp_path / "weights.pth")
    ended = run("backbones", "import", "test_resnet", tmp_path / "weights.pth")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("imported  ")
    trained = run("train", few, "-o", tmp_path / "model", *QUICK, "--backbone", "test_resnet", "--json", "-q")
    assert trained.json["backbone"]["name"] == "test_resnet"


def test_an_import_that_makes_no_sense(run: Run, tmp_path: Path) -> None:
    ended = run("backbones", "import", "resnet5", tmp_path / "weights.pth")
    assert ended.code == 2
    assert "did you mean" in ended.err
    ended = run("backbones", "import", "resnet50", tmp_path / "weights.pth")
    assert ended.code == 1
    assert "there is no weight file" in ended.err


def test_the_cache_is_shown_verified_and_pruned(run: Run, few: Path, tmp_path: Path, warm_home: Path) -> None:
    networks = list((warm_home / "networks").iterdir())
    kept = f"{len(networks)} converted networks, {sum(file.stat().st_size for file in networks) / 1e6:.1f} MB"
    assert run("cache", "show").out == f"{warm_home}: 0 feature stores; {kept}\n"
    run("train", few, "-o", tmp_path / "model", *QUICK)
    for asked in ((), ("show",), ("verify",)):
        shown = run("cache", *asked)
        assert shown.code == 0
        header, columns, row = shown.out.splitlines()
        assert header == f"{warm_home}: 1 feature stores; {kept}"
        assert "last used" in columns
        assert "efficientnet_lite0" in row
        assert row.endswith("intact") == (asked == ("verify",))
    content = run("cache", "show", "--json").json
    assert content["networks"]["count"] == len(networks)
    (store,) = content["stores"]
    assert (store["photos"], store["about"]["backbone"], store["damaged"]) == (16, "efficientnet_lite0", None)
    lately = run("cache", "prune", "--older-than", 1)
    assert lately.err == "freed 0.0 MB\n"
    pruned = run("cache", "prune")
    assert (pruned.code, pruned.out) == (0, "")
    assert not list((warm_home / "networks").iterdir())
    assert run("cache", "show", "--json").json == {"stores": [], "networks": {"count": 0, "size_bytes": 0}}


def test_a_damaged_cache_ends_with_6(run: Run, few: Path, tmp_path: Path, warm_home: Path) -> None:
    run("train", few, "-o", tmp_path / "model", *QUICK)
    (store,) = (warm_home / "features").glob("*.sqlite")
    store.write_bytes(b"damaged" * 1000)
    assert run("cache", "show").out.splitlines()[-1].endswith("  damaged")
    ended = run("cache", "verify", "--json")
    assert ended.code == 6
    assert "run the job again" in ended.last
    assert run("train", few, "-o", tmp_path / "again", *QUICK).code == 0


@pytest.mark.usefixtures("warm_home")
def test_the_demo_makes_photos_a_model_and_a_report(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("demo")
    assert ended.code == 0
    assert "accuracy" in ended.out.lower()
    assert len(list((tmp_path / "enxerto-demo" / "photos").glob("*/*.png"))) == 200
    assert (tmp_path / "enxerto-demo" / "model" / "report.html").exists()
    assert ended.last == f"report  {tmp_path / 'enxerto-demo' / 'model' / 'report.html'}"
    again = run("demo", "-o", tmp_path / "enxerto-demo", "--quiet")
    assert (again.code, again.err) == (0, "")


def test_the_demo_of_digits_asks_for_all_that_a_new_kind_of_image_needs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}

    def train(*given: object, **settings: object) -> None:
        asked.update(settings, given=given)
        raise DataError("that is enough")

    monkeypatch.setattr("enxerto.jobs.train", train)
    ended = run("demo", "--data", "digits", "-o", tmp_path)
    assert ended.code == 1
    assert len(list((tmp_path / "digits").glob("*/*.png"))) == 1797
    assert (asked["layer"], asked["size_px"], asked["crop"], asked["scratch"]) == ("auto", 96, 1.0, True)
    assert asked["given"] == (tmp_path / "digits", tmp_path / "digits-model")
    assert str(asked["command"]).endswith(" --layer auto --size 96 --crop 1 --scratch")


def test_the_doctor_is_content_with_this_machine(run: Run, home: Path) -> None:
    ended = run("doctor")
    assert (ended.code, ended.err) == (0, "")
    assert all(line.startswith("ok ") for line in ended.out.splitlines())
    found = {row["what"]: row for row in run("doctor", "--json").json}
    assert {"python", "torch", "openvino", "torch pair", "processor", "bf16", "cache", "downloads"} <= set(found)
    assert found["cache"]["found"].startswith(str(home))
    assert found["downloads"]["found"] == "off (HF_HUB_OFFLINE)"


def test_the_doctor_names_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enxerto.cli.doctor._PACKAGES", ("numpy", "no-such-package-anywhere"))
    ended = run("doctor")
    assert ended.code == 1
    (bad,) = [line for line in ended.out.splitlines() if line.startswith("BAD")]
    assert bad.split() == ["BAD", "no-such-package-anywhere", "not", "installed"]
