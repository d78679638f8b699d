"""`enxerto train --finetune` as a user meets it: knobs, mistakes, a kill and a second try, several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_runs import Run
from safetensors.numpy import load_file
from safetensors.torch import save_file
from tiny_networks import tiny_weights
from tiny_tuning import write_colors

from enxerto.evaluation import Comparison
from enxerto.tuning import Recipe


@pytest.fixture(scope="module")
def colors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight photos of each of three colors; not to be changed."""
    return write_colors(tmp_path_factory.mktemp("photos") / "colors", 8)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Options of a tiny network with random weights that looks at small squares."""
    weights = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tiny_weights(), weights)
    return [
        "--backbone", "test_resnet", "--weights", weights, "--size", 64, "--device", "torch", "--precision", "fp32",
        "--no-control", "--no-curve", "--holdout", 0.25, "--tuning-precision", "fp32",
    ]  # fmt: skip


TUNING = ("--finetune", "--epochs", 2, "--batch", 4, "--trick", "stages=1", "--trick", "learning-rate=0.001",
          "--trick", "augmentation=2", "--trick", "mixup=0.3", "--trick", "dropout=0.2")  # fmt: skip


# Something better beyond noise is hard to come by on a few photos; here, whatever comes later is.
BETTER = """
import os, signal, sys
from enxerto.evaluation import Comparison
Comparison.better = property(lambda _: True)
"""

MAIN = """
from enxerto.cli import main
main()
"""

KILL = """
from enxerto.tuning import epoch
original, left = epoch.learn, [int(os.environ["KILLED_AFTER"])]
def learn(*arguments):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return original(*arguments)
epoch.learn = learn
"""


@pytest.fixture
def better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Comparison, "better", property(lambda _: True))


def test_every_option_reaches_the_recipe(run: Run, colors: Path, network: list[object], tmp_path: Path) -> None:
    ended = run(
        "train", colors, "-o", tmp_path / "model", *network, "--finetune", "--epochs", 1, "--batch", 6, "--accumulate",
        2, "--held-out", 0.4, "--checkpoint-minutes", 2.5, "--trick", "no-average", "--trick", "optimizer=sgd",
        "--trick", "stages=1", "--views", 2, "--log", f"tensorboard:{tmp_path / 'board'}", "--json", "-q",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    result = json.loads(ended.out)["result"]
    recipe = dict(result["tuning"]["recipe"])
    assert recipe.keys() == {field.name for field in fields(Recipe)}
    changed = {"epochs": "1", "batch": "6", "accumulate": "2", "held_out": "0.4", "checkpoint_minutes": "2.5",
               "average": "0", "optimizer": "sgd", "stages": "1", "precision": "fp32"}  # fmt: skip
    assert {name: recipe[name] for name in changed} == changed
    assert (recipe["schedule"], recipe["layer_decay"]) == (Recipe.schedule, str(Recipe.layer_decay))
    assert [candidate["name"] for candidate in result["candidates"]] == [
        "linear probe", "probe on 2 views", "fine-tuning",
    ]  # fmt: skip
    assert len((tmp_path / "model/history.jsonl").read_text().splitlines()) == 2
    assert list((tmp_path / "board").iterdir())
    assert {path.name for path in tmp_path.iterdir() if "home" not in path.name} == {"model", "board"}


def test_people_are_told_which_way_is_kept(run: Run, colors: Path, network: list[object], tmp_path: Path) -> None:
    ended = run("train", colors, "-o", tmp_path / "model", *network, *TUNING)
    assert ended.code == 0
    assert "fine-tuning" in ended.out
    assert "linear probe" in ended.out
    assert f"model   {tmp_path / 'model'}\n" in ended.err


def test_everything_that_is_wrong_is_listed_at_once_before_a_photo_is_read(
    run: Run, network: list[object], tmp_path: Path
) -> None:
    (tmp_path / "photos" / "only").mkdir(parents=True)
    for number in range(5):
        (tmp_path / "photos" / "only" / f"{number}.png").write_bytes(b"no photo, which nobody will see")
    ended = run(
        "train", tmp_path / "photos", "-o", tmp_path / "model", *network, "--finetune", "--trick", "mixap", "--trick",
        "learning-rate=-1", "--epochs", 0, "--batch", 50, "--log", "wandb:x", "--slim",
    )  # fmt: skip
    assert (ended.code, ended.out) == (2, "")
    first, *problems = ended.err.splitlines()
    assert first == "enxerto: 7 things are wrong:"
    for problem, words in zip(
        problems, ("mixap", "learning-rate", "wandb:x", "--slim", "epochs", "2 classes", "batch"), strict=True
    ):
        assert problem.startswith("- ")
        assert words in problem
    assert "did you mean mixup?" in problems[0]
    assert "at most 4" in problems[-1]
    assert not list(tmp_path.glob("model*"))


@pytest.mark.parametrize(
    "option",
    [("--trick", "mixup"), ("--epochs", 3), ("--held-out", 0.3), ("--tuning-precision", "bf16"), ("--resume",),
     ("--log", "tensorboard:x"), ("--adversarial",), ("--adversarial", "2/255")],
    ids=str,
)  # fmt: skip
def test_what_belongs_to_fine_tuning_is_refused_without_it(
    option: tuple[object, ...], run: Run, colors: Path, tmp_path: Path
) -> None:
    ended = run("train", colors, "-o", tmp_path / "model", *option)
    assert (ended.code, ended.out) == (2, "")
    assert "add --finetune" in ended.err
    assert not list(tmp_path.glob("model*"))


@pytest.mark.parametrize("radius", ["4", "17/255", "some"])
def test_a_radius_that_no_defense_can_have_is_told_in_a_line(
    radius: str, run: Run, colors: Path, tmp_path: Path
) -> None:
    ended = run("train", colors, "-o", tmp_path / "model", "--finetune", "--adversarial", radius)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert "`--adversarial` must be a number of at least 0 and at most 16/255, such as 2/255, got " in line
    assert not list(tmp_path.glob("model*"))


def test_a_radius_that_is_the_folder_is_told_how_to_write_both(run: Run, colors: Path, tmp_path: Path) -> None:
    ended = run("train", "-o", tmp_path / "model", "--finetune", "--adversarial", colors)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert f"took {colors} for its radius; write the photos before it, or --adversarial=1/255" in line


def child(
    script: Path, arguments: list[object], *before: object, **environment: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, before), str(script), *map(str, arguments)],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip


@pytest.mark.usefixtures("better")
def test_killed_and_resumed_it_is_the_same_model(run: Run, colors: Path, network: list[object], tmp_path: Path) -> None:
    (tmp_path / "killed.py").write_text(BETTER + KILL + MAIN)
    options = [*network, *TUNING, "--checkpoint-minutes", 1e-9]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run("train", colors, "-o", whole, *options).code == 0
    killed = child(tmp_path / "killed.py", ["train", colors, "-o", broken, *options], KILLED_AFTER=5)
    assert killed.returncode == -9, killed.stderr
    assert not broken.exists()
    refused = run("train", colors, "-o", broken, *options)
    assert refused.code == 2
    assert "holds an unfinished run; go on with --resume, or start anew with --force" in refused.err
    assert run("train", colors, "-o", broken, *options, "--resume").code == 0
    for name in ("backbone.safetensors", "head.safetensors"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()
    assert "fine-tuning" in json.loads((broken / "results.json").read_bytes())["contents"]["candidates"][1]["name"]
    assert not (tmp_path / "broken.unfinished").exists()


@pytest.mark.usefixtures("better")
def test_two_processes_make_the_model_of_one(run: Run, colors: Path, network: list[object], tmp_path: Path) -> None:
    """18 photos to learn from, of which 14 or so are learned from in fours: the last batch is shared unevenly."""
    (tmp_path / "better.py").write_text(BETTER + MAIN)
    one, two = tmp_path / "one", tmp_path / "two"
    alone = run("train", colors, "-o", one, *network, *TUNING, "--json")
    assert alone.code == 0
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2)
    together = child(tmp_path / "better.py", ["train", colors, "-o", two, *network, *TUNING, "--json"], *launcher)
    assert together.returncode == 0, together.stderr
    results: list[Any] = [json.loads(said)["result"] for said in (alone.out, together.stdout)]  # one process speaks
    assert together.stderr.count(f"model   {two}") == 1
    weights = [load_file(path / "backbone.safetensors") for path in (one, two)]
    assert any(not np.array_equal(tensor, weights[0][name]) for name, tensor in tiny_weights().items())
    for name, tensor in weights[0].items():
        assert np.allclose(tensor, weights[1][name], rtol=1e-3, atol=1e-5), name
    for key in ("accuracy", "confusion", "photos"):
        assert results[0]["evaluation"][key] == results[1]["evaluation"][key]
    epochs = [result["tuning"]["fits"][0]["epochs"] for result in results]
    assert len(epochs[0]) == 3
    for epoch, expected in zip(*epochs, strict=True):
        assert epoch["accuracy"] == expected["accuracy"]
        for figure in ("loss", "training_loss", "learning_rate"):
            assert epoch[figure] == (expected[figure] and pytest.approx(expected[figure], rel=1e-4))
    assert {path.name for path in two.iterdir()} == {path.name for path in one.iterdir()}
    assert not (tmp_path / "two.unfinished").exists()
