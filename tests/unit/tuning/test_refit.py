from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_tuning import LEARNING, PLAIN, Given, same, state_of, toy_network, toy_task

from enxerto.tuning import FitHistory, Recipe, Surroundings
from enxerto.tuning import epoch as epoch_module
from enxerto.tuning import fit as fit_module
from enxerto.tuning.fit import fit
from enxerto.tuning.network import TunableNetwork
from enxerto.tuning.refit import refit
from enxerto.tuning.state import State
from enxerto.tuning.task import Task

ALONE = Surroundings()


def history(best: int, *, averaged: bool = False) -> FitHistory:
    return FitHistory("toy", (), best, averaged, "no better for 3 epochs")


def all_photos() -> Task:
    task = toy_task()
    every = np.arange(len(task.labels))
    return replace(task, learn=every, held_out=every[:0], identity="toy, all photos")


def refitted(
    fitted: FitHistory, recipe: Recipe = PLAIN, task: Task | None = None, around: Surroundings = ALONE
) -> tuple[TunableNetwork, bool]:
    network = toy_network()
    return network, refit(network, LEARNING, task or all_photos(), recipe, around, fitted)


@pytest.mark.parametrize(("best", "averaged"), [(1, False), (2, True), (3, False)])
def test_it_is_a_fit_on_all_photos_up_to_the_best_epoch(
    best: int, averaged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]] = []
    original = fit_module._note

    def note(state: State, *rest: Any) -> None:
        ends.append((state_of(state.network), {name: tensor.clone() for name, tensor in state.average.items()}))
        original(state, *rest)

    monkeypatch.setattr(fit_module, "_note", note)
    task = all_photos()
    fit(toy_network(), LEARNING, replace(task, held_out=task.learn[:3]), PLAIN, ALONE)
    network, well = refitted(history(best, averaged=averaged))
    assert well
    assert same(network.state_dict(), ends[best][averaged])


def test_a_start_that_was_never_beaten_stays_as_it_is() -> None:
    network, well = refitted(history(0, averaged=True))
    assert well
    assert same(network.state_dict(), toy_network().state_dict())


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", [0, 2, 4, 5])
def test_killed_it_goes_on_to_the_same_weights(step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four steps an epoch; there is a checkpoint after every step."""
    recipe = replace(PLAIN, mixup=0.3, dropout=0.2, checkpoint_minutes=1e-9)
    around = Surroundings(checkpoint=tmp_path / "all.safetensors")
    whole, _ = refitted(history(2, averaged=True), recipe)
    original, calls = epoch_module.learn, iter(range(99))

    def learn(*arguments: Any) -> float:
        if next(calls) == step:
            raise Killed
        return original(*arguments)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(epoch_module, "learn", learn)
        refitted(history(2, averaged=True), recipe, around=around)
    again, well = refitted(history(2, averaged=True), recipe, around=around)
    assert well
    assert same(again.state_dict(), whole.state_dict())
    monkeypatch.setattr(epoch_module, "learn", lambda *_: pytest.fail("it learns again"))
    finished, _ = refitted(history(2, averaged=True), recipe, around=around)
    assert same(finished.state_dict(), whole.state_dict())


def test_a_loss_that_is_no_number_is_told(caplog: pytest.LogCaptureFixture) -> None:
    task = all_photos()
    assert isinstance(task.inputs, Given)
    task.inputs.maps[-1] = torch.nan
    _, well = refitted(history(2), task=task)
    assert not well
    (record,) = caplog.records
    assert record.message.startswith("toy: learning from all photos failed, the loss became nan at step ")
    assert record.message.endswith("; the weights of the fit before are kept")


def test_a_weight_that_is_no_number_is_told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by the very last step, whose loss was still a number."""
    original = epoch_module.learn

    def learn(state: State, *rest: Any) -> float:
        loss = original(state, *rest)
        if state.numbers.step == 3:
            state.network.bias.data[0] = torch.inf
        return loss

    monkeypatch.setattr(epoch_module, "learn", learn)
    _, well = refitted(history(1))
    assert not well
    assert "a weight is no finite number" in caplog.text
