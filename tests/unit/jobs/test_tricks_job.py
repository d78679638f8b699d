from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file
from tiny_networks import tiny_weights
from tiny_tuning import write_colors

from enxerto.errors import DataError, OptionError
from enxerto.jobs import compare_tricks
from enxerto.jobs.training.finetuning import recipe_rows
from enxerto.jobs.tricks.output import tricks_paths
from enxerto.report import TricksContents, render_tricks, tricks_from_json
from enxerto.tuning import Recipe
from enxerto.tuning.trials import Trial, Trials

QUICK = Recipe(stages=1, epochs=1, batch=7, views=2, precision="fp32")

Comparing = Callable[..., TricksContents]


@pytest.fixture(scope="module")
def colors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos of each of three colors; not to be changed."""
    return write_colors(tmp_path_factory.mktemp("photos") / "colors", 6)


@pytest.fixture(scope="module")
def comparing(tmp_path_factory: pytest.TempPathFactory) -> Comparing:
    """Compare two settings on a tiny network with random weights."""
    weights = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tiny_weights(), weights)

    def run(source: Path, output: Path | None = None, **options: Any) -> TricksContents:
        usual = {
            "backbone": "test_resnet", "weights": weights, "device": "torch", "cache": False, "recipe": QUICK,
            "tricks": ["mixup", "no-average"], "seeds": 2,
        }  # fmt: skip
        return compare_tricks(source, output, **(usual | options))  # type: ignore[arg-type]

    return run


def figures(contents: TricksContents) -> list[tuple[object, ...]]:
    """Everything that doesn't depend on the time."""
    return [(effect.setting, asdict(effect.accuracy), asdict(effect.log_loss)) for effect in contents.effects]


def test_a_comparison_comes_with_its_page(colors: Path, comparing: Comparing, tmp_path: Path) -> None:
    contents = comparing(colors, tmp_path / "tricks", seed=3)
    assert [(effect.setting, effect.seeds) for effect in contents.effects] == [("mixup=0.2", 2), ("no-average", 2)]
    assert all(effect.seconds > 0 for effect in contents.effects)
    assert (contents.title, contents.source, contents.seed) == ("colors", str(colors), 3)
    assert contents.command == f"enxerto tricks {colors}"
    assert (contents.photos, contents.validated) == (12, 6)
    assert (contents.engine, contents.backbone.name) == ("torch fp32", "test_resnet")
    assert (contents.recipe, contents.stages) == (recipe_rows(QUICK), ("layer4.0",))
    assert (contents.unmeasured, contents.interrupted, contents.minutes) == ((), False, 10.0)
    assert 0 < contents.seconds < 600
    assert 0 <= contents.probe.low <= contents.probe.value <= contents.probe.high
    page, record = tricks_paths(tmp_path / "tricks")
    assert page.read_text() == render_tricks(contents)
    assert tricks_from_json(record.read_bytes()) == contents
    assert [path.name for path in tmp_path.iterdir()] == ["tricks"]


def test_the_same_seed_gives_the_same_figures_whatever_else_is_compared(colors: Path, comparing: Comparing) -> None:
    one, other = comparing(colors), comparing(colors, tricks=["dropout", "mixup"])
    assert figures(one)[0] == figures(other)[1]
    assert one.accuracy == other.accuracy
    assert figures(comparing(colors, seed=1)) != figures(one)


def test_other_scalings_are_measured_with_features_of_their_own(colors: Path, comparing: Comparing) -> None:
    contents = comparing(colors, tricks=["input-scaling=raw"], seeds=1)
    (effect,) = contents.effects
    assert (effect.setting, effect.default) == ("input-scaling=raw", "input-scaling=backbone")
    assert effect.log_loss.value != 0


def test_a_given_side_is_measured_on(colors: Path, comparing: Comparing, tmp_path: Path) -> None:
    shutil.copytree(colors, tmp_path / "photos" / "train")
    write_colors(tmp_path / "photos" / "val", 2, start=6)
    shutil.copy(colors / "red" / "red000.png", tmp_path / "photos" / "val" / "red" / "copy.png")
    contents = comparing(tmp_path / "photos", seeds=1, tricks=["mixup"])
    assert (contents.photos, contents.validated) == (18, 6)


def test_without_time_nothing_but_the_default_is_measured(colors: Path, comparing: Comparing) -> None:
    contents = comparing(colors, minutes=1e-6)
    assert (contents.effects, contents.unmeasured) == ((), ("mixup=0.2", "no-average"))
    assert contents.accuracy.high > 0


def interrupt(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Ctrl-C in the run of this number."""
    original, done = Trials.run, []

    def run(trials: Trials, *rest: Any) -> Trial:
        done.append(rest)
        if len(done) == number:
            signal.raise_signal(signal.SIGINT)
        return original(trials, *rest)

    monkeypatch.setattr(Trials, "run", run)


def test_what_was_measured_before_ctrl_c_is_written_and_gone_on_with(
    colors: Path, comparing: Comparing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "tricks.html"
    with monkeypatch.context() as patch:
        interrupt(patch, 3)
        early = comparing(colors, target)
    assert early.interrupted
    assert ([effect.setting for effect in early.effects], early.unmeasured) == (["mixup=0.2"], ("no-average",))
    assert "was ended early" in target.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tricks.html", "tricks.html.unfinished", "tricks.json"]
    with pytest.raises(OptionError, match="tricks.html already; pass --force to replace it"):
        comparing(colors, target)
    with pytest.raises(OptionError, match="other photos, options or versions"):
        comparing(colors, target, resume=True, recipe=replace(QUICK, epochs=2))
    whole = comparing(colors, target, resume=True)
    assert figures(whole) == figures(comparing(colors))
    assert not whole.interrupted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tricks.html", "tricks.json"]
    assert comparing(colors, target, force=True, tricks=["dropout"], seeds=1).effects[0].setting == "dropout=0.2"


def test_ctrl_c_before_anything_was_measured_writes_nothing(
    colors: Path, comparing: Comparing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        comparing(colors, tmp_path / "tricks")
    assert [path.name for path in tmp_path.iterdir() if path.name != "enxerto-home"] == ["tricks.unfinished"]


def test_what_photos_can_not_be_learned_from_or_measured_on_is_said(comparing: Comparing, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="every class needs 3 readable photos or more; 'blue' has 2"):
        comparing(write_colors(tmp_path / "two", 2))
    shutil.copytree(write_colors(tmp_path / "few", 1), tmp_path / "sides" / "train")
    shutil.copytree(write_colors(tmp_path / "more", 3), tmp_path / "sides" / "val")
    with pytest.raises(DataError, match="'blue' has only one to learn from"):
        comparing(tmp_path / "sides")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minutes": 0}, "`minutes` must be a number above 0, got 0"),
        ({"minutes": float("nan")}, "`minutes` must be a number above 0, got nan"),
        ({"seeds": 0}, "`seeds` must be 1 or more, got 0"),
        ({"recipe": replace(QUICK, epochs=0), "tricks": ["mixip"]}, "2 things are wrong"),
    ],
)
def test_impossible_options_are_refused_before_a_photo_is_read(
    options: dict[str, Any], message: str, colors: Path, comparing: Comparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enxerto.jobs.tricks.tricks.engine_for", None)
    with pytest.raises(OptionError, match=message):
        comparing(colors, **options)


def test_a_page_goes_nowhere_that_it_would_harm(colors: Path, comparing: Comparing, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").touch()
    (tmp_path / "file").touch()
    for output in (tmp_path / "model", tmp_path / "model" / "tricks.html"):
        with pytest.raises(OptionError, match="would lie in a model's directory"):
            comparing(colors, output)
    with pytest.raises(OptionError, match="file is a file; choose another path, or one that ends in .html"):
        comparing(colors, tmp_path / "file")
    (tmp_path / "page.json").touch()
    with pytest.raises(OptionError, match="page.json already; pass --force"):
        comparing(colors, tmp_path / "page.html")
