from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_tuning import CLASSES, FEATURES, LEARNING, PLAIN, Given, same, state_of, toy_network, toy_task

from enxerto.errors import IntegrityError, OptionError
from enxerto.heads.calibration import fit_temperature
from enxerto.progress import Advance
from enxerto.tuning import Epoch, FitHistory, Recipe, Surroundings, Team
from enxerto.tuning import epoch as epoch_module
from enxerto.tuning import fit as fit_module
from enxerto.tuning.fit import fit, loss_and_accuracy
from enxerto.tuning.network import TunableNetwork
from enxerto.tuning.schedules import factor
from enxerto.tuning.state import State
from enxerto.tuning.task import Task

ALONE = Surroundings()


def fitted(
    recipe: Recipe = PLAIN,
    task: Task | None = None,
    around: Surroundings = ALONE,
    network: TunableNetwork | None = None,
) -> tuple[TunableNetwork, FitHistory]:
    network = network or toy_network()
    return network, fit(network, LEARNING, task or toy_task(), recipe, around)


def timeless(epochs: tuple[Epoch, ...]) -> list[Epoch]:
    return [replace(epoch, seconds=0, rate=0) for epoch in epochs]


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, dict[str, torch.Tensor], dict[str, torch.Tensor]]]:
    """Number, weights and average of every epoch's end."""
    seen = []
    original = fit_module._note

    def note(state: State, epoch: Epoch, task: Task, around: Surroundings) -> None:
        average = {name: tensor.clone() for name, tensor in state.average.items()}
        seen.append((epoch.number, state_of(state.network), average))
        original(state, epoch, task, around)

    monkeypatch.setattr(fit_module, "_note", note)
    return seen


def test_learning_lowers_the_loss_on_photos_that_were_held_out() -> None:
    network, history = fitted(replace(PLAIN, epochs=8), toy_task(90))
    assert history.epochs[history.best].loss < history.epochs[0].loss / 2
    assert (history.name, history.stopped, history.diverged) == ("toy", "all 8 epochs done", False)
    assert [epoch.number for epoch in history.epochs] == list(range(9))
    assert loss_and_accuracy(network, toy_task(90, inputs=ready(toy_task(90))), ALONE)[0] == pytest.approx(
        min(value for epoch in history.epochs for value in (epoch.loss, epoch.averaged_loss) if value is not None)
    )


def ready(task: Task) -> Any:
    task.inputs.prepare(0, ALONE.progress)
    return task.inputs


def test_the_history_is_exact(states: list[Any]) -> None:
    recipe = replace(PLAIN, epochs=2, head_rate=3.0, schedule="exponential", smoothing=0.1)
    task = toy_task()
    told: list[tuple[str, Epoch]] = []
    _, history = fitted(recipe, task, Surroundings(watch=lambda name, epoch: told.append((name, epoch))))
    assert told == [("toy", epoch) for epoch in history.epochs]
    for epoch, (number, weights, average) in zip(history.epochs, states, strict=True):
        assert epoch.number == number
        assert (epoch.loss, epoch.accuracy) == pytest.approx(measured(weights, task, calibrated=True), abs=1e-5)
        averaged = measured(average, task, calibrated=True)
        assert (epoch.averaged_loss, epoch.averaged_accuracy) == pytest.approx(averaged, abs=1e-5)
    first, *later = history.epochs
    assert (first.training_loss, first.learning_rate, first.rate) == (None, 0, 0)
    for number, epoch in enumerate(later, 1):
        assert epoch.learning_rate == pytest.approx(1e-2 * factor("exponential", 0.1, 3 * number - 1, 6))
        assert epoch.training_loss is not None
        assert epoch.training_loss > 0
        assert epoch.seconds > 0
        assert epoch.rate > 0


def measured(weights: dict[str, torch.Tensor], task: Task, *, calibrated: bool = False) -> tuple[float, float]:
    network = toy_network()
    network.load_state_dict(weights)
    with torch.inference_mode():
        logits = network(task.inputs.batch(task.held_out, 0))
    labels = torch.from_numpy(task.labels[task.held_out])
    if calibrated:
        logits = logits / fit_temperature(logits.double().numpy(), labels.numpy())
    return float(torch.nn.functional.cross_entropy(logits, labels)), float((logits.argmax(1) == labels).float().mean())


def test_the_training_loss_counts_every_photo_once() -> None:
    """At a rate that moves nothing, it is the loss of the start on all photos, the small last batch weighted right."""
    recipe = replace(PLAIN, epochs=1, learning_rate=1e-30, views=1)
    task = toy_task()
    _, history = fitted(recipe, task)
    expected = measured(state_of(toy_network()), replace(task, held_out=task.learn))[0]
    assert history.epochs[1].training_loss == pytest.approx(expected, rel=1e-6)
    assert history.epochs[1].loss == history.epochs[0].loss
    assert history.best == 0  # an equal loss is no better one


def test_each_epoch_shows_its_view_and_every_photo_once_in_an_order_of_its_own() -> None:
    task = toy_task()
    assert isinstance(task.inputs, Given)
    fitted(replace(PLAIN, epochs=4, views=3, batch=20), task)
    assert task.inputs.prepared == [0, 1, 2, 0, 1]
    orders = [rows for rows in task.inputs.read if set(rows) == set(task.learn.tolist())]
    assert len(orders) == len(set(orders)) == 4
    assert all(len(rows) == 20 for rows in orders)


def test_the_best_weights_are_kept_not_the_last(states: list[Any]) -> None:
    recipe = replace(PLAIN, epochs=8, learning_rate=0.3, schedule="constant", average=0.0, optimizer="sgd", clip=None)
    network, history = fitted(recipe)
    losses = [epoch.loss for epoch in history.epochs]
    assert history.best == int(np.argmin(losses))
    assert 0 < history.best < 8  # or the test would say nothing
    assert not history.averaged
    assert same(network.state_dict(), states[history.best][1])


def test_the_average_is_kept_where_it_is_better(states: list[Any]) -> None:
    recipe = replace(PLAIN, epochs=6, batch=4, learning_rate=1.0, schedule="constant", optimizer="sgd", average=0.95)
    network, history = fitted(recipe, toy_task(60, noise=2))
    assert history.averaged
    assert history.best > 0
    assert same(network.state_dict(), states[history.best][2])
    best = history.epochs[history.best]
    assert best.averaged_loss is not None
    assert best.averaged_loss < best.loss


def test_a_start_that_is_never_beaten_is_kept() -> None:
    before = state_of(toy_network())
    network, history = fitted(replace(PLAIN, learning_rate=2.0, optimizer="adam", clip=None, epochs=2))
    assert history.best == 0
    assert same(network.state_dict(), before)


def test_patience_ends_a_fit() -> None:
    recipe = replace(PLAIN, epochs=30, learning_rate=0.1, schedule="constant", optimizer="adam", patience=2)
    _, history = fitted(recipe)
    assert history.stopped == "no better for 2 epochs"
    assert len(history.epochs) == history.best + 3 < 30


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_an_exploding_loss_ends_a_fit_with_the_reason_and_the_best_weights_before(
    average: float, states: list[Any]
) -> None:
    recipe = replace(PLAIN, epochs=30, learning_rate=1e4, schedule="one-cycle", optimizer="sgd", clip=None)
    network, history = fitted(replace(recipe, average=average))
    assert history.diverged
    assert history.stopped.startswith(("the loss became", "the held-out loss became"))
    assert all(torch.isfinite(tensor).all() for tensor in network.state_dict().values())
    assert same(network.state_dict(), states[history.best][2 if history.averaged else 1])


def test_the_loss_that_is_too_much_is_told_with_its_step() -> None:
    task = toy_task()
    assert isinstance(task.inputs, Given)
    task.inputs.maps[task.learn] *= 1e6
    network, history = fitted(PLAIN, task)
    assert history.stopped.startswith("the loss became ")
    assert history.stopped.endswith(" at step 1")
    assert (history.diverged, history.best, len(history.epochs)) == (True, 0, 1)
    assert same(network.state_dict(), state_of(toy_network()))


def test_nan_ends_a_fit_with_the_reason_and_the_best_weights_before(states: list[Any]) -> None:
    task = toy_task()
    assert isinstance(task.inputs, Given)
    order = np.random.default_rng([task.seed, task.run, 2]).permutation(task.learn)
    views = {1: task.inputs.maps.clone(), 0: task.inputs.maps.clone()}
    views[0][order[9]] = math.nan  # in the second batch of the second epoch

    class Poisoned(Given):
        def batch(self, rows: Any, view: int) -> torch.Tensor:
            return views[view][torch.from_numpy(rows)]

    network, history = fitted(PLAIN, replace(task, inputs=Poisoned(task.inputs.maps)))
    assert (history.stopped, history.diverged) == ("the loss became nan at step 5", True)
    assert len(history.epochs) == 2
    assert same(network.state_dict(), states[history.best][2 if history.averaged else 1])
    assert all(torch.isfinite(tensor).all() for tensor in network.state_dict().values())


def test_a_bad_start_is_no_explosion() -> None:
    """Random weights of a new layer may be far worse than knowing nothing, and learning still goes well."""
    network = toy_network()
    with torch.no_grad():
        network.weight.mul_(400)
    _, history = fitted(replace(PLAIN, epochs=2), network=network)
    assert history.epochs[1].training_loss is not None
    assert history.epochs[1].training_loss > 10 * math.log(CLASSES)
    assert not history.diverged


@pytest.mark.parametrize(
    ("batch_norm", "moves", "learns"),
    [("frozen-statistics", False, True), ("frozen", False, False), ("train", True, True)],
)
def test_statistics_and_scales_of_batch_normalization(batch_norm: str, moves: bool, learns: bool) -> None:
    recipe = replace(PLAIN, batch_norm=batch_norm, average=0.9, epochs=2)
    network = toy_network()
    if batch_norm == "frozen":  # as `open_tail` does
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(".1." not in name)
    before = state_of(network)
    _, history = fitted(recipe, network=network)
    assert history.best > 0
    for name, tensor in network.state_dict().items():
        if "running" in name or "num_batches" in name:
            assert torch.equal(tensor, before[name]) is not moves, name
        else:
            assert torch.equal(tensor, before[name]) is not (learns or ".1." not in name), name


def test_frozen_parameters_stay_to_the_last_bit() -> None:
    network = toy_network()
    network.tail.network.get_submodule("low").requires_grad_(False)
    before = state_of(network)
    fit(network, LEARNING[1:], toy_task(), PLAIN, ALONE)
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert not any("low" in name for name in changed)
    assert "tail.network.high.0.weight" in changed


KNOBS: list[dict[str, Any]] = [
    {"epochs": 2},
    {"batch": 5},
    {"views": 1},
    {"optimizer": "sgd"},
    {"optimizer": "adam"},  # as adamw, but for how weights decay
    {"optimizer": "nesterov"},
    {"learning_rate": 2e-2},
    {"learning_rate": None},
    {"head_rate": 2.0},
    {"layer_decay": 0.3},
    {"schedule": "constant"},
    {"schedule": "one-cycle"},
    {"schedule": "step"},
    {"warmup": 0.6},
    {"weight_decay": 0.0},
    {"clip": 0.01},
    {"smoothing": 0.2},
    {"mixup": 0.5},
    {"dropout": 0.5},
    {"batch_norm": "train"},
]


@pytest.fixture(scope="module")
def usual() -> dict[str, torch.Tensor]:
    return fitted()[0].state_dict()


@pytest.mark.parametrize("knob", KNOBS, ids=str)
def test_every_knob_of_the_loop_turns_something(knob: dict[str, Any], usual: dict[str, torch.Tensor]) -> None:
    assert not same(fitted(replace(PLAIN, **knob))[0].state_dict(), usual)


def test_the_decay_of_the_average_turns_something() -> None:
    usual, quick, none = (fitted(replace(PLAIN, average=average))[1].epochs[-1] for average in (0.9, 0.05, 0.0))
    assert usual.loss == quick.loss == none.loss
    assert usual.averaged_loss != quick.averaged_loss != none.averaged_loss is none.averaged_accuracy is None


def test_seed_and_run_turn_something_and_the_same_ones_nothing(usual: dict[str, torch.Tensor]) -> None:
    assert not same(fitted(task=toy_task(seed=0, **{"run": 1}))[0].state_dict(), usual)
    assert not same(fitted(task=replace(toy_task(), seed=1))[0].state_dict(), usual)
    torch.manual_seed(9)  # nobody's business
    assert same(fitted()[0].state_dict(), usual)


def test_class_weights_turn_something(usual: dict[str, torch.Tensor]) -> None:
    weights = np.array([1, 5, 1], dtype=np.float32)
    assert not same(fitted(task=toy_task(weights=weights))[0].state_dict(), usual)


def test_pieces_change_nothing_but_rounding(usual: dict[str, torch.Tensor]) -> None:
    network, _ = fitted(replace(PLAIN, accumulate=3))
    for name, tensor in network.state_dict().items():
        assert torch.allclose(tensor, usual[name], atol=1e-4), name


def test_memory_that_runs_out_once_changes_nothing_but_rounding(
    usual: dict[str, torch.Tensor], caplog: pytest.LogCaptureFixture
) -> None:
    network = toy_network()
    calls = iter(range(99))

    def hook(module: torch.nn.Module, *_: Any) -> None:
        if torch.is_grad_enabled() and next(calls) == 1:
            raise torch.OutOfMemoryError("once")

    network.tail.register_forward_hook(hook)
    with caplog.at_level(logging.WARNING, "enxerto"):
        fitted(network=network)
    assert len(caplog.records) == 1
    for name, tensor in network.state_dict().items():
        assert torch.allclose(tensor, usual[name], atol=1e-4), name


class Killed(BaseException):
    """Stands for the end of the process."""


@contextmanager
def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    original = epoch_module.learn
    calls = iter(range(999))

    def learn(*arguments: Any) -> float:
        if next(calls) == step:
            raise Killed
        return original(*arguments)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(epoch_module, "learn", learn)
        yield


@pytest.mark.parametrize(
    ("step", "optimizer"), [(0, "adamw"), (1, "momentum"), (3, "rmsprop"), (4, "adagrad"), (5, "adamw"), (8, "adam")]
)
def test_a_fit_that_was_killed_goes_on_to_the_same_weights_and_history(
    step: int, optimizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three steps an epoch: also in the midst of one, as there is a checkpoint after every step."""
    recipe = replace(PLAIN, optimizer=optimizer, mixup=0.3, dropout=0.2, checkpoint_minutes=1e-9)
    around = Surroundings(checkpoint=tmp_path / "fit.safetensors")
    network, history = fitted(recipe)
    with killed_at(step, monkeypatch):
        fitted(recipe, around=around)
    told: list[int] = []
    again, later = fitted(recipe, around=replace(around, watch=lambda _, epoch: told.append(epoch.number)))
    assert same(again.state_dict(), network.state_dict())
    assert timeless(later.epochs) == timeless(history.epochs)
    assert (later.best, later.averaged, later.stopped) == (history.best, history.averaged, history.stopped)
    assert told == list(range(step // 3 + 1 if step else 0, 4))  # what was told before is not told again


def test_without_time_between_checkpoints_an_epoch_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = Surroundings(checkpoint=tmp_path / "fit.safetensors")
    with killed_at(5, monkeypatch):
        fitted(around=around)
    task = toy_task()
    assert isinstance(task.inputs, Given)
    network, _ = fitted(task=task, around=around)
    assert task.inputs.prepared == [0, 0, 1]  # the start's, and epochs 2 and 3
    assert same(network.state_dict(), fitted()[0].state_dict())


def test_a_finished_fit_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = Surroundings(checkpoint=tmp_path / "fit.safetensors")
    network, history = fitted(around=around)
    monkeypatch.setattr(epoch_module, "learn", lambda *_: pytest.fail("it learns again"))
    again, later = fitted(around=replace(around, watch=lambda *_: pytest.fail("it tells again")))
    assert same(again.state_dict(), network.state_dict())
    assert later == history


def test_a_diverged_fit_stays_so(tmp_path: Path) -> None:
    around = Surroundings(checkpoint=tmp_path / "fit.safetensors")
    recipe = replace(PLAIN, learning_rate=1e8, optimizer="sgd", clip=None, epochs=9)
    network, history = fitted(recipe, around=around)
    assert history.diverged
    again, later = fitted(recipe, around=around)
    assert later == history
    assert same(again.state_dict(), network.state_dict())


def test_a_checkpoint_of_another_fit_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    around = Surroundings(checkpoint=tmp_path / "fit.safetensors")
    fitted(around=around)
    with pytest.raises(OptionError, match="is from a run with other photos, options or versions"):
        fitted(task=toy_task(identity="another"), around=around)
    (tmp_path / "fit.safetensors").write_bytes(b"damaged")
    with pytest.raises(IntegrityError, match="is no intact checkpoint"):
        fitted(around=around)


def test_more_pieces_can_be_asked_for_when_a_fit_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the system killed it for its memory."""
    around = Surroundings(checkpoint=tmp_path / "fit.safetensors")
    with killed_at(3, monkeypatch):
        fitted(around=around)
    network = toy_network()
    sizes: list[int] = []
    network.register_forward_hook(lambda _module, inputs, _logits: sizes.append(len(inputs[0])))
    fitted(replace(PLAIN, accumulate=4), around=around, network=network)
    assert max(sizes) == 2


def test_only_the_leader_writes_and_tells(tmp_path: Path) -> None:
    class Silent(Team):
        """A team whose other members are not there."""

        add_up = agree = wait = lambda *_: None

    for rank, files, told in ((0, 1, 4), (1, 0, 0)):
        heard: list[Epoch] = []
        folder = tmp_path / str(rank)
        folder.mkdir()
        watch = lambda _, epoch, heard=heard: heard.append(epoch)  # noqa: E731
        around = Surroundings(checkpoint=folder / "fit.safetensors", team=Silent(rank, 1), watch=watch)
        fitted(around=around)
        assert len(list(folder.iterdir())) == files
        assert len(heard) == told


def test_progress_counts_every_photo_of_every_epoch_and_says_how_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, int]] = []
    advanced: list[tuple[int, str]] = []

    @contextmanager
    def progress(description: str, total: int) -> Iterator[Advance]:
        shown.append((description, total))
        yield lambda count, note="": advanced.append((count, note))

    around = Surroundings(progress=progress, checkpoint=tmp_path / "fit.safetensors")
    with killed_at(5, monkeypatch):
        fitted(replace(PLAIN, checkpoint_minutes=1e-9), around=around)
    del shown[:], advanced[:]
    fitted(replace(PLAIN, checkpoint_minutes=1e-9), around=around)
    assert shown == [("tuning toy", 60)]
    assert advanced[0] == (36, "")
    assert [count for count, _ in advanced] == [36, 4, 8, 8, 4]
    assert advanced[-1][1].startswith("epoch 3, loss ")
    assert "held out " in advanced[-1][1]


def test_the_network_is_large_enough_to_say_something() -> None:
    assert toy_network().weight.shape == (CLASSES, FEATURES)
