from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from children import children
from safetensors.torch import load_file
from tiny_tuning import material_of, same, small_network, write_colors

from enxerto.backbones import Backbone
from enxerto.engines import open_engine
from enxerto.errors import DataError, OptionError
from enxerto.features import extract_views
from enxerto.heads import LinearProbe
from enxerto.tuning import FitHistory, Material, Recipe, Surroundings, Tuned, fine_tune
from enxerto.tuning import bench as bench_module
from enxerto.tuning import tune as tune_module
from enxerto.tuning.tune import Round

QUICK = Recipe(stages=1, epochs=2, batch=7, views=2, learning_rate=1e-3, precision="fp32")


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return small_network()


@pytest.fixture(scope="module")
def material(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Six photos of each of three colors."""
    return material_of(write_colors(tmp_path_factory.mktemp("colors"), 6), backbone)


def split(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Four photos of each class, and two."""
    last = np.arange(len(material.labels)) % 6 >= 4
    return np.flatnonzero(~last), np.flatnonzero(last)


def tuned(
    backbone: Backbone,
    material: Material,
    folder: Path,
    recipe: Recipe = QUICK,
    rounds: Sequence[Round] | None = None,
    around: Surroundings | None = None,
) -> Tuned:
    return fine_tune(
        backbone, material, rounds or [split(material)], recipe, around or Surroundings(), folder=folder,
        engine_device="torch",
    )  # fmt: skip


def test_a_split_gives_one_fit_whose_network_answers_and_is_kept(
    backbone: Backbone, material: Material, tmp_path: Path
) -> None:
    before = copy.deepcopy(backbone.network)
    result = tuned(backbone, material, tmp_path)
    _, evaluated = split(material)
    assert [fit.name for fit in result.fits] == ["final"]
    assert result.learning == ("layer4.0",)
    assert result.parameters == 3 * 96 + 3 + sum(p.numel() for p in backbone.network.layer4.parameters())
    assert (result.recipe, result.found) == (QUICK, None)
    (decisions,) = result.decisions
    assert np.array_equal(decisions.probabilities, result.probe.decide(result.features[evaluated]).probabilities)
    engine = open_engine(result.backbone, device="torch", precision="fp32")
    features = extract_views(material.photos, engine, 1, keep=False).vectors[:, 0]
    assert np.allclose(features, result.features, rtol=1e-4, atol=1e-4 * np.abs(features).max())
    assert not np.allclose(features, material.features[:, 0], rtol=1e-4, atol=1e-4 * np.abs(features).max())
    # What was handed in is as it was.
    assert same(backbone.network.state_dict(), before.state_dict())
    assert not any(module.training for module in backbone.network.modules())
    assert not any(parameter.requires_grad for parameter in backbone.network.parameters())


def test_folds_give_a_fit_each_and_one_on_all_photos(
    backbone: Backbone, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []
    original = tune_module.calibrate

    def calibrate(head: Any, features: Any, labels: Any, unseen: Any, **rest: Any) -> LinearProbe:
        calls.append({"photos": len(features), "unseen": unseen, **rest})
        return original(head, features, labels, unseen, **rest)

    monkeypatch.setattr(tune_module, "calibrate", calibrate)
    learned, evaluated = split(material)
    others = np.array([0, 1, 6, 12])
    rounds = [(learned, evaluated), (np.setdiff1d(learned, others), others)]
    every = np.arange(18)
    result = tuned(backbone, material, tmp_path, rounds=[rounds[0], rounds[1], (every, every[:0])])
    assert [fit.name for fit in result.fits] == ["fold0", "fold1", "final"]
    assert [len(decisions.probabilities) for decisions in result.decisions] == [6, 4]
    # A fold's temperature and threshold come from what the other folds answered, the final ones from all of that.
    assert np.array_equal(calls[0]["unseen"][1], material.labels[others])
    assert np.array_equal(calls[1]["unseen"][1], material.labels[evaluated])
    parts = [material.parts(rows, QUICK.held_out)[1] for rows in (rounds[0][0], rounds[1][0])]
    answered = np.concatenate([evaluated, others])
    assert np.array_equal(calls[2]["unseen"][1], material.labels[answered])
    assert [call["photos"] for call in calls] == [12, 8, 18]
    for call, (rows, _), chosen_by in zip(calls, rounds, parts, strict=False):
        assert np.array_equal(np.flatnonzero(call["new"]), np.searchsorted(rows, chosen_by))
    probabilities = result.decisions[0].probabilities
    logits, _ = calls[2]["unseen"]
    assert np.array_equal(probabilities.argmax(1), logits[:6].argmax(1))


def test_photos_for_validation_choose_and_are_not_learned_from(
    backbone: Backbone, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned, evaluated = split(material)
    tasks = []
    original = bench_module.fit

    def fit(network: Any, learning: Any, task: Any, *rest: Any) -> FitHistory:
        tasks.append(task)
        return original(network, learning, task, *rest)

    monkeypatch.setattr(bench_module, "fit", fit)
    validated = replace(material, validation=evaluated[::2])
    result = tuned(backbone, validated, tmp_path, replace(QUICK, epochs=1), [(learned, evaluated[1::2])])
    assert np.array_equal(tasks[0].learn, learned)
    assert np.array_equal(tasks[0].held_out, evaluated[::2])
    assert [fit.refitted_on for fit in result.fits] == [0]  # nothing was held out of what there is to learn from


BETTER = replace(QUICK, initialization="uniform", learning_rate=0.02)
"""A start that is easy to beat."""


@pytest.mark.parametrize("runs", [1, 2])
def test_what_was_held_out_is_learned_from_in_the_end(
    runs: int, backbone: Backbone, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned, _ = split(material)
    tasks: list[Any] = []
    calls: list[dict[str, Any]] = []
    original_refit, original_calibrate = bench_module.refit, tune_module.calibrate

    def refit(network: Any, learning: Any, task: Any, *rest: Any) -> bool:
        tasks.append(task)
        return original_refit(network, learning, task, *rest)

    def calibrate(head: Any, features: Any, labels: Any, unseen: Any, **rest: Any) -> LinearProbe:
        calls.append({"features": features, "unseen": unseen})
        return original_calibrate(head, features, labels, unseen, **rest)

    monkeypatch.setattr(bench_module, "refit", refit)
    monkeypatch.setattr(tune_module, "calibrate", calibrate)
    recipe = replace(BETTER, runs=runs)
    result = tuned(backbone, material, tmp_path / "again", recipe)
    counted = [fit for fit in result.fits if fit.refitted_on]
    assert all(fit.refitted_on == 12 for fit in counted)
    assert len(tasks) == len(counted) >= 1
    assert any(fit.best for fit in counted)  # or this would say nothing
    assert not result.unchanged
    for task in tasks:
        assert np.array_equal(task.learn, learned)
        assert not len(task.held_out)
    # The network that had not learned from the photos held out is the judge of how sure to be.
    once = tuned(backbone, material, tmp_path / "once", replace(recipe, refit=False))
    assert [fit.refitted_on for fit in once.fits] == [0] * runs
    assert np.array_equal(calls[0]["features"], calls[1]["features"])
    assert np.array_equal(calls[0]["unseen"][0], calls[1]["unseen"][0])
    assert result.probe.temperature == once.probe.temperature
    assert result.probe.familiarity.threshold == once.probe.familiarity.threshold
    assert not np.array_equal(result.probe.familiarity.bank, once.probe.familiarity.bank)
    assert result.backbone.identity != once.backbone.identity


def test_the_start_on_all_photos_is_kept_where_no_epoch_beat_it(
    backbone: Backbone, material: Material, tmp_path: Path
) -> None:
    hopeless = replace(QUICK, learning_rate=1e3, clip=None, average=0.0)
    result = tuned(backbone, material, tmp_path, hopeless)
    assert [(fit.best, fit.refitted_on) for fit in result.fits] == [(0, 12)]
    assert result.unchanged
    assert not replace(result, recipe=replace(hopeless, scaling="unit")).unchanged
    assert same(dict(result.backbone.tensors()), dict(backbone.tensors()))
    assert np.array_equal(heads(result), material.start(split(material)[0], "solved").weight.numpy())


def test_where_learning_again_fails_the_best_weights_are_kept(
    backbone: Backbone, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = tuned(backbone, material, tmp_path / "once", replace(BETTER, refit=False))
    monkeypatch.setattr(bench_module, "refit", lambda *_: False)
    failed = tuned(backbone, material, tmp_path / "failed", BETTER)
    assert [fit.refitted_on for fit in failed.fits] == [0]
    assert failed.backbone.identity == once.backbone.identity
    assert np.array_equal(heads(failed), heads(once))


def heads(result: Tuned) -> np.ndarray:
    return result.probe.head.weight


@pytest.fixture(scope="module")
def usual(backbone: Backbone, material: Material, tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    return tuned(backbone, material, tmp_path_factory.mktemp("usual"))


@pytest.mark.parametrize(
    "knob",
    [
        {"stages": 0},
        {"stages": 2},
        {"stages": None},
        {"initialization": "he"},
        {"held_out": 0.5},
        {"refit": False},
        {"runs": 2},
        {"batch_norm": "train"},
        {"batch_norm": "frozen"},
    ],
    ids=str,
)
def test_knobs_outside_the_loop_turn_something(
    knob: dict[str, Any], usual: Tuned, backbone: Backbone, material: Material, tmp_path: Path
) -> None:
    result = tuned(backbone, material, tmp_path, replace(QUICK, **knob))
    assert (heads(result).shape, np.array_equal(heads(result), heads(usual))) == (heads(usual).shape, False)
    if knob == {"stages": 0}:
        assert same(dict(result.backbone.tensors()), dict(backbone.tensors()))
        assert result.parameters == 3 * 96 + 3
    before, after = backbone.tensors(), result.backbone.tensors()
    kept = {name for name in before if torch.equal(before[name], after[name])}
    statistics = {name for name in before if name.startswith("layer4.0.bn") and "running" in name}
    scales = {name for name in before if name.startswith("layer4.0.bn") and name.endswith(("weight", "bias"))}
    assert statistics
    assert kept.isdisjoint(statistics) is (knob == {"batch_norm": "train"})
    if "batch_norm" in knob:
        assert (scales <= kept) is (knob == {"batch_norm": "frozen"})
        assert "layer4.0.conv1.weight" not in kept
    if knob == {"stages": None}:
        assert len(result.learning) == 10
        assert not list(tmp_path.glob("maps/*"))  # nothing lies frozen below


def test_the_same_again_is_the_same_to_the_last_bit(
    usual: Tuned, backbone: Backbone, material: Material, tmp_path: Path
) -> None:
    again = tuned(backbone, material, tmp_path)
    assert again.backbone.identity == usual.backbone.identity
    assert np.array_equal(heads(again), heads(usual))


def test_runs_are_named_and_their_weights_averaged_where_that_helps(
    backbone: Backbone, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soups: list[tuple[list[float], int]] = []
    original = bench_module.greedy_soup

    def greedy_soup(fits: Any, loss_of: Any) -> Any:
        soup, members = original(fits, loss_of)
        soups.append(([loss for loss, _ in fits], members))
        assert loss_of(soup) <= min(loss for loss, _ in fits)
        return soup, members

    monkeypatch.setattr(bench_module, "greedy_soup", greedy_soup)
    result = tuned(backbone, material, tmp_path, replace(QUICK, runs=2))
    assert [fit.name for fit in result.fits] == ["final, run 1", "final, run 2"]
    assert result.fits[0].epochs[1] != result.fits[1].epochs[1]
    losses, _ = soups[0]
    for loss, fit in zip(losses, result.fits, strict=True):
        best = fit.epochs[fit.best]
        assert loss == pytest.approx(best.averaged_loss if fit.averaged else best.loss, rel=1e-5)


def test_a_rate_is_looked_for_once_and_then_taken(backbone: Backbone, material: Material, tmp_path: Path) -> None:
    learned, evaluated = split(material)
    rounds = [(learned, evaluated), (evaluated, learned)]
    result = tuned(backbone, material, tmp_path, replace(QUICK, learning_rate="find", epochs=1), rounds)
    assert result.found is not None
    assert result.recipe.learning_rate == result.found.rate
    assert 1e-7 <= result.found.rate <= 1
    assert len(result.found.curve) > 10


def test_a_class_that_can_t_be_parted_is_refused_before_anything_is_done(
    backbone: Backbone, material: Material, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="'green' has only one to learn from"):
        tuned(backbone, material, tmp_path, rounds=[(np.array([0, 1, 6, 12, 13]), np.array([2]))])
    assert not list(tmp_path.iterdir())


def test_an_exception_leaves_the_backbone_as_it_was_and_no_file_open(
    backbone: Backbone, material: Material, tmp_path: Path
) -> None:
    before = copy.deepcopy(backbone.network.state_dict())

    def watch(*_: Any) -> None:
        raise KeyboardInterrupt

    for stages in (1, None):
        with pytest.raises(KeyboardInterrupt):
            tuned(backbone, material, tmp_path, replace(QUICK, stages=stages), around=Surroundings(watch=watch))
    assert same(backbone.network.state_dict(), before)
    assert not any(module.training for module in backbone.network.modules())
    assert not any(parameter.requires_grad for parameter in backbone.network.parameters())
    for file in tmp_path.glob("maps/*"):
        file.unlink()  # on some systems, an open file stays


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 3},
        {"smoothing": 0.1},
        {"learning_rate": 2e-3},
        {"held_out": 0.5},
        {"seed": 9},
        {"photos": 3},
        {"content": 1},
    ],
    ids=str,
)
def test_a_run_that_was_begun_otherwise_is_not_gone_on_with(
    change: dict[str, Any], backbone: Backbone, material: Material, tmp_path: Path
) -> None:
    recipe = replace(QUICK, epochs=1)
    rounds = [split(material)]
    material = replace(material, validation=rounds[0][1])  # or the seed would change what is held out
    tuned(backbone, material, tmp_path, recipe, rounds)
    if "seed" in change:
        material = replace(material, **change)
    elif "content" in change:  # another photo under the same name
        material = replace(material, content=material.content + np.uint8(1))
    elif "photos" in change:
        rounds = [(np.arange(18)[3:], np.arange(3))]
    else:
        recipe = replace(recipe, **change)
    with pytest.raises(OptionError, match="is from a run with other photos, options or versions"):
        tuned(backbone, material, tmp_path, recipe, rounds)


def test_more_pieces_and_other_minutes_may_go_on(
    usual: Tuned, backbone: Backbone, material: Material, tmp_path: Path
) -> None:
    tuned(backbone, material, tmp_path)
    again = tuned(backbone, material, tmp_path, replace(QUICK, accumulate=2, checkpoint_minutes=1.0))
    assert again.backbone.identity == usual.backbone.identity


KILLED = """
import os, signal
from pathlib import Path
sys.path.insert(0, sys.argv[1])
folder, photos = Path(sys.argv[2]), Path(sys.argv[3])
import scipy.optimize, timm, torch, torch._dynamo, torchvision.transforms.v2  # once, not in every child
from dataclasses import replace
from test_tune import QUICK, split, tuned
from tiny_tuning import material_of, small_network
from enxerto.backbones import find
from enxerto.features.store import Store
from enxerto.heads.threads import few_threads
from enxerto.tuning import epoch, fit
from safetensors.torch import save_file
find("test_resnet")
few_threads(1)
sys.stdin.readline()
RECIPE = replace(QUICK, checkpoint_minutes=1e-9, mixup=0.3, dropout=0.2, runs=2, optimizer="adamw")

def dying(owner, name, call):
    original, calls = getattr(owner, name), iter(range(1, 10**6))
    def wrapped(*arguments, **rest):
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **rest)
    setattr(owner, name, wrapped)

def run(folder):
    backbone = small_network()
    material = material_of(photos, backbone)
    result = tuned(backbone, material, folder, RECIPE)
    tensors = {n: t.contiguous() for n, t in result.backbone.tensors().items()}
    tensors |= {"head": torch.tensor(result.probe.head.weight).contiguous(), "features": torch.tensor(result.features)}
    save_file(tensors, folder / "weights")
    return [fit.epochs for fit in result.fits]

def child(work):
    pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

moments = [(Store, "put", 1), (epoch, "learn", 1), (os, "fsync", 2), (epoch, "learn", 2), (Path, "replace", 2),
           (fit, "_finish_epoch", 1), (epoch, "learn", 2)]
assert child(lambda: run(folder / "whole")) == 0
for moment in moments:
    assert child(lambda: (dying(*moment), run(folder / "broken"))) == -9, moment
assert child(lambda: run(folder / "broken")) == 0
"""


def test_killed_at_any_moment_a_run_goes_on_to_the_very_same_weights(tmp_path: Path) -> None:
    """Seven times: while maps are written, before and after steps, while a checkpoint is written, after an epoch."""
    photos = write_colors(tmp_path / "photos", 5)
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    with children(KILLED, [(Path(__file__).parent, tmp_path, photos)]):
        pass
    whole, broken = (load_file(tmp_path / name / "weights") for name in ("whole", "broken"))
    assert same(whole, broken)
    assert (tmp_path / "whole" / "weights").read_bytes() == (tmp_path / "broken" / "weights").read_bytes()
    assert not torch.equal(whole["layer4.0.conv1.weight"], small_network().tensors()["layer4.0.conv1.weight"])
