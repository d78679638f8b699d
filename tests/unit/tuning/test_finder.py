from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_tuning import LEARNING, PLAIN, Given, same, state_of, toy_network, toy_task

from enxerto.tuning import FitHistory, Surroundings
from enxerto.tuning.finder import RATES, STEPS, FoundRate, find_rate
from enxerto.tuning.fit import fit
from enxerto.tuning.recipe import Recipe

FIND = replace(PLAIN, learning_rate="find", optimizer="sgd", clip=None)


def found(recipe: Recipe = FIND, noise: float = 1.0) -> FoundRate:
    return find_rate(toy_network(), LEARNING, toy_task(90, noise), recipe, Surroundings())


def fitted(rate: float) -> FitHistory:
    recipe = replace(FIND, learning_rate=rate, epochs=4)
    return fit(toy_network(), LEARNING, toy_task(90), recipe, Surroundings())


def test_the_rate_suggested_is_sane() -> None:
    """It learns far more than a hundredth of it, and a hundred times as much is too large."""
    rate = found().rate
    assert 1e-3 < rate < 1
    loss, timid = (history.epochs[-1].loss for history in (fitted(rate), fitted(rate / 100)))
    assert loss < timid < fitted(rate).epochs[0].loss
    bold = fitted(rate * 1000)
    assert bold.diverged or bold.epochs[-1].loss > loss


def test_the_curve_goes_from_tiny_rates_up_until_the_loss_rises() -> None:
    curve = found(replace(FIND, optimizer="adam")).curve
    rates, losses = zip(*curve, strict=True)
    assert np.allclose(rates, np.geomspace(*RATES, STEPS)[: len(rates)])
    assert all(math.isfinite(loss) for loss in losses)
    lowest = rates[int(np.argmin(losses))]
    assert found(replace(FIND, optimizer="adam")).rate == pytest.approx(lowest / 10)
    assert min(losses) < losses[0]


def test_the_network_stays_as_it_is() -> None:
    network = toy_network()
    before = state_of(network)
    find_rate(network, LEARNING, toy_task(), replace(FIND, batch_norm="train"), Surroundings())
    assert same(network.state_dict(), before)
    assert not any(module.training for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_photos_held_out_are_not_looked_at() -> None:
    task = toy_task()
    find_rate(toy_network(), LEARNING, task, FIND, Surroundings())
    assert isinstance(task.inputs, Given)
    assert {row for rows in task.inputs.read for row in rows} == set(task.learn.tolist())


def test_the_same_look_gives_the_same_rate() -> None:
    assert found() == found()


def test_a_loss_that_is_nan_from_the_first_step_gives_the_least_rate() -> None:
    task = toy_task()
    assert isinstance(task.inputs, Given)
    task.inputs.maps[:] = torch.nan
    assert find_rate(toy_network(), LEARNING, task, FIND, Surroundings()) == FoundRate((), RATES[0])
