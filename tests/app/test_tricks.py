"""`enxerto tricks` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from app_runs import Run
from safetensors.torch import save_file
from tiny_networks import tiny_weights
from tiny_tuning import write_colors

from enxerto.report import tricks_from_json
from enxerto.tuning.trials import Trial, Trials
from enxerto.tuning.tricks import TRICKS


@pytest.fixture(scope="module")
def colors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos of each of three colors, in one flat folder; not to be changed."""
    folder = tmp_path_factory.mktemp("photos")
    flat = folder / "flat"
    flat.mkdir()
    for path in sorted(write_colors(folder / "classes", 6).glob("*/*")):
        path.rename(flat / path.name)
    return flat


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """Options for two settings on a tiny network with random weights."""
    weights = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tiny_weights(), weights)
    return (
        "--backbone", "test_resnet", "--weights", weights, "--device", "torch", "--label-pattern", "([a-z]+).*",
        "--epochs", 1, "--seeds", 1, "--trick", "mixup", "--trick", "no-average", "--no-cache",
    )  # fmt: skip


def test_every_trick_is_listed_without_photos(run: Run) -> None:
    ended = run("tricks", "--list")
    assert (ended.code, ended.err) == (0, "")
    words = " ".join(ended.out.split())
    assert all(trick.about in words for trick in TRICKS)
    assert "Values: sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw. Default: adamw." in words
    listed = json.loads(run("tricks", "--list", "--json").out)
    assert (listed["schema"], listed["kind"]) == (1, "tricks list")
    assert [each["name"] for each in listed["result"]] == [trick.name for trick in TRICKS]
    assert listed["result"][1]["default"] == "mixup=0"


def test_a_table_on_stdout_and_the_page_where_it_was_asked_for(
    run: Run, colors: Path, quick: Any, tmp_path: Path
) -> None:
    ended = run("tricks", colors, *quick, "--batch", 8, "--seed", 2, "-o", tmp_path / "tricks")
    assert ended.code == 0
    assert ended.out.startswith("Of 2 settings measured")
    assert {line.split(" ")[0] for line in ended.out.splitlines()} >= {"mixup=0.2", "no-average"}
    page, record = tmp_path / "tricks/tricks.html", tmp_path / "tricks/tricks.json"
    assert ended.err.endswith(f"\npage     {page}\nfigures  {record}\n")
    contents = tricks_from_json(record.read_bytes())
    assert (dict(contents.recipe)["batch"], dict(contents.recipe)["epochs"], contents.seed) == ("8", "1", 2)
    assert contents.command.startswith(f"enxerto tricks {colors} --backbone test_resnet")
    ended = run("tricks", colors, *quick, "-o", tmp_path / "tricks")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"enxerto: there is {page} already; pass --force to replace it\n"
    assert run("tricks", colors, *quick, "-o", tmp_path / "tricks", "--force", "-q").err == ""


def test_json_on_stdout(run: Run, colors: Path, quick: Any) -> None:
    ended = run("tricks", colors, *quick, "--json", "-q")
    assert (ended.code, ended.err) == (0, "")
    content = json.loads(ended.out)
    assert content["kind"] == "tricks"
    assert [effect["setting"] for effect in content["result"]["effects"]] == ["mixup=0.2", "no-average"]


def test_ctrl_c_shows_what_was_measured_and_ends_with_130(
    run: Run, colors: Path, quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, done = Trials.run, []

    def interrupted(trials: Trials, *rest: Any) -> Trial:
        done.append(rest)
        if len(done) == 3:
            raise KeyboardInterrupt
        return original(trials, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Trials, "run", interrupted)
        ended = run("tricks", colors, *quick, "-o", tmp_path / "tricks")
    assert ended.code == 130
    assert "mixup=0.2 " in ended.out
    assert "not measured, as the comparison was ended early: no-average" in ended.out
    assert ended.err.splitlines()[-1] == "enxerto: interrupted; this is what was measured, and --resume goes on"
    ended = run("tricks", colors, *quick, "-o", tmp_path / "tricks", "--resume", "-q")
    assert (ended.code, ended.err) == (0, "")
    assert "no-average " in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "Missing argument 'SOURCE'"),
        (("nowhere",), 1, "nowhere doesn't exist"),
        (("x", "--resume"), 2, "--resume goes on with the comparison at an output; give it with -o"),
        (("x", "--minutes", "0"), 2, "Invalid value for '--minutes'"),
        (("x", "--seeds", "0"), 2, "Invalid value for '--seeds'"),
    ],
)
def test_wrong_usage_is_answered_in_one_line(arguments: tuple[str, ...], code: int, message: str, run: Run) -> None:
    ended = run("tricks", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err.splitlines()[-1]


def test_everything_impossible_is_listed_at_once(run: Run, colors: Path, quick: Any) -> None:
    ended = run("tricks", colors, *quick, "--trick", "mixip", "--epochs", 0)
    assert ended.code == 2
    assert ended.err.splitlines() == [
        "enxerto: 2 things are wrong:",
        "- `epochs` must be a whole number of at least 1, got 0",
        "- unknown trick 'mixip'; did you mean mixup?",
    ]
