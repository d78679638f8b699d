"""The training loop: from a network and views of photos to the best weights, epoch by epoch."""

from __future__ import annotations

import math
import time

import numpy as np

from enxerto.backbones.stages import Stage
from enxerto.heads.calibration import fit_temperature, log_softmax
from enxerto.tuning.adversarial import change_to_fool
from enxerto.tuning.answers import answers
from enxerto.tuning.epoch import keep, open_state, photos_done, run_epoch
from enxerto.tuning.history import Epoch, FitHistory
from enxerto.tuning.network import TunableNetwork
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.state import State, copied
from enxerto.tuning.task import Surroundings, Task
from enxerto.types import Labels, Logits

EXPLODED = 10.0
"""A loss so many times that of knowing nothing, and that of the start, means that learning went wrong."""


def fit(
    network: TunableNetwork, learning: tuple[Stage, ...], task: Task, recipe: Recipe, around: Surroundings
) -> FitHistory:
    """Train a network, and leave it with its best weights.

    Args:
        network: with its head to start from.
        learning: its stages that learn.
        task: what is to be learned.
        recipe: how; its learning rate is a number.
        around: where it runs.
    """
    state = _begin(network, learning, task, recipe, around)
    numbers = state.numbers
    limit = EXPLODED * max(math.log(task.classes), numbers.first_loss)
    with around.progress(f"tuning {task.name}", len(task.learn) * recipe.epochs) as advance:
        advance(photos_done(state, task, recipe), "")
        while not numbers.stopped:
            note = f"held out {numbers.epochs[-1].accuracy:.1%}"
            run_epoch(state, learning, task, recipe, around, advance, note=note, limit=limit)
            if not numbers.stopped:
                _finish_epoch(state, task, recipe, around)
            keep(state, around)
    network.load_state_dict(state.best)
    return FitHistory(
        task.name, tuple(numbers.epochs), numbers.best, numbers.averaged, numbers.stopped, numbers.diverged
    )


def _begin(
    network: TunableNetwork, learning: tuple[Stage, ...], task: Task, recipe: Recipe, around: Surroundings
) -> State:
    """The state at the start, or as the checkpoint has it."""
    state, restored = open_state(network, learning, task, recipe, around)
    if restored:
        return state
    start = time.perf_counter()
    logits, labels = _held_out(network, task, around)
    state.numbers.first_loss = _mean_loss(logits, labels)
    loss, accuracy = _calibrated(logits, labels)
    first = Epoch(
        number=0,
        training_loss=None,
        loss=loss,
        accuracy=accuracy,
        averaged_loss=loss if recipe.average else None,
        averaged_accuracy=accuracy if recipe.average else None,
        learning_rate=0.0,
        seconds=time.perf_counter() - start,
        rate=0.0,
    )
    _note(state, first, task, around)
    return state


def _finish_epoch(state: State, task: Task, recipe: Recipe, around: Surroundings) -> None:
    """Validate, keep the best weights, and see whether it is time to stop."""
    start = time.perf_counter()
    numbers, network = state.numbers, state.network
    number = numbers.epochs[-1].number + 1
    loss, accuracy = loss_and_accuracy(network, task, around)
    averaged: tuple[float | None, float | None] = (None, None)
    if recipe.average:
        current = copied(network.state_dict())
        network.load_state_dict(state.average)
        averaged = loss_and_accuracy(network, task, around)
        network.load_state_dict(current)
    if not all(math.isfinite(value) for value in (loss, *averaged) if value is not None):
        numbers.stopped, numbers.diverged = f"the held-out loss became {loss:.3g} after epoch {number}", True
        return
    seconds = numbers.seconds + time.perf_counter() - start
    epoch = Epoch(
        number=number,
        training_loss=numbers.total_loss / len(task.learn),
        loss=loss,
        accuracy=accuracy,
        averaged_loss=averaged[0],
        averaged_accuracy=averaged[1],
        learning_rate=state.optimizer.param_groups[0]["lr"] / recipe.head_rate,  # the head's group is the first
        seconds=seconds,
        rate=len(task.learn) / numbers.seconds,
    )
    numbers.total_loss = numbers.seconds = 0.0
    _note(state, epoch, task, around)
    if recipe.patience is not None and number - numbers.best >= recipe.patience:
        numbers.stopped = f"no better for {recipe.patience} epochs"
    elif number == recipe.epochs:
        numbers.stopped = f"all {recipe.epochs} epochs done"


def _note(state: State, epoch: Epoch, task: Task, around: Surroundings) -> None:
    """Write an epoch down, and keep its weights, or their average, when they are the best so far."""
    numbers = state.numbers
    numbers.epochs.append(epoch)
    averaged = epoch.averaged_loss is not None and epoch.averaged_loss <= epoch.loss
    loss = epoch.averaged_loss if averaged and epoch.averaged_loss is not None else epoch.loss
    if epoch.number == 0 or loss < numbers.best_loss:
        numbers.best, numbers.averaged, numbers.best_loss = epoch.number, averaged, loss
        state.best = copied(state.average if averaged else state.network.state_dict())
    if around.team.leads:
        around.watch(task.name, epoch)


def loss_and_accuracy(network: TunableNetwork, task: Task, around: Surroundings) -> tuple[float, float]:
    """Log loss and accuracy on the photos held out; the loss after a temperature, as the network will be used.

    Without it, networks that are asked for less than certainty, as by label smoothing, would seem worse than they are.
    """
    return _calibrated(*_held_out(network, task, around))


def _calibrated(logits: Logits, labels: Labels) -> tuple[float, float]:
    if not np.isfinite(logits).all():
        return math.nan, math.nan
    loss = _mean_loss(logits / fit_temperature(logits, labels), labels)
    return loss, float((logits.argmax(axis=1) == labels).mean())


def _held_out(network: TunableNetwork, task: Task, around: Surroundings) -> tuple[Logits, Labels]:
    """Logits and labels of the photos held out, changed to fool the network where that is wanted."""
    change = change_to_fool(network, task.labels, task.radius) if task.radius else None
    return answers(network, task.inputs, task.held_out, around, change)[1], task.labels[task.held_out]


def _mean_loss(logits: Logits, labels: Labels) -> float:
    return -float(log_softmax(logits)[np.arange(len(labels)), labels].mean())
