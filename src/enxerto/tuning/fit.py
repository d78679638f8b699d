"""The training loop: from a network and views of photos to the best weights, epoch by epoch.

Everything random is drawn from the seed and the number of the epoch or step, never from a generator that remembers. So
a fit that was killed goes on to the very weights that it would have had, and several processes draw the same.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import numpy as np
import torch

from enxerto.backbones.stages import Stage
from enxerto.heads.calibration import fit_temperature, log_softmax
from enxerto.tuning.answers import answers
from enxerto.tuning.history import Epoch, FitHistory
from enxerto.tuning.network import TunableNetwork, parameter_groups, set_modes
from enxerto.tuning.optimizers import open_optimizer
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.schedules import factor
from enxerto.tuning.state import Numbers, State, Tensors
from enxerto.tuning.step import batches, learn
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
    steps = math.ceil(len(task.learn) / recipe.batch)  # an epoch
    saved = time.monotonic()
    with around.progress(f"tuning {task.name}", len(task.learn) * recipe.epochs) as advance:
        advance(_photos_done(numbers.step, steps, task, recipe), "")
        while not numbers.stopped:
            number = numbers.step // steps + 1
            view = number % recipe.views
            task.inputs.prepare(view, around.progress)
            set_modes(network, recipe, learning)
            order = np.random.default_rng([task.seed, task.run, number]).permutation(task.learn)
            for batch in batches(order, view, numbers.step % steps, numbers.step, task, recipe, around):
                start = time.perf_counter()
                share = factor(recipe.schedule, recipe.warmup, numbers.step, steps * recipe.epochs)
                loss = learn(state, batch, share, recipe, around)
                numbers.step += 1
                if not loss < EXPLODED * max(math.log(task.classes), numbers.first_loss):
                    numbers.stopped, numbers.diverged = f"the loss became {loss:.3g} at step {numbers.step}", True
                    break
                numbers.total_loss += loss * len(batch.rows)
                numbers.seconds += time.perf_counter() - start
                held_out = f"held out {numbers.epochs[-1].accuracy:.1%}"
                advance(len(batch.rows), f"epoch {number}, loss {loss:.3f}, {held_out}")
                if numbers.step % steps and time.monotonic() - saved > 60 * recipe.checkpoint_minutes:
                    saved = _save(state, around)
            if not numbers.stopped:
                _finish_epoch(state, number, task, recipe, around)
            saved = _save(state, around)
    network.load_state_dict(state.best)
    return FitHistory(
        task.name, tuple(numbers.epochs), numbers.best, numbers.averaged, numbers.stopped, numbers.diverged
    )


def _photos_done(step: int, steps: int, task: Task, recipe: Recipe) -> int:
    """Photos learned from before a step, counted once each epoch."""
    epochs, within = divmod(step, steps)
    return epochs * len(task.learn) + within * recipe.batch


def _begin(
    network: TunableNetwork, learning: tuple[Stage, ...], task: Task, recipe: Recipe, around: Surroundings
) -> State:
    """The state at the start, or as the checkpoint has it."""
    network.to(around.device)
    task.inputs.prepare(0, around.progress)
    around.team.agree([*network.parameters(), *network.buffers()])
    optimizer = open_optimizer(recipe, parameter_groups(network, recipe, learning))
    state = State(network, optimizer, {}, {}, Numbers(task.identity, pieces=recipe.accumulate))
    if around.checkpoint is not None and state.restore(around.checkpoint):
        state.numbers.pieces = max(state.numbers.pieces, recipe.accumulate)  # asked for after memory ran out, say
        return state
    if recipe.average:
        state.average = _copy(network.state_dict())
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


def _finish_epoch(state: State, number: int, task: Task, recipe: Recipe, around: Surroundings) -> None:
    """Validate, keep the best weights, and see whether it is time to stop."""
    start = time.perf_counter()
    numbers, network = state.numbers, state.network
    loss, accuracy = loss_and_accuracy(network, task, around)
    averaged: tuple[float | None, float | None] = (None, None)
    if recipe.average:
        current = _copy(network.state_dict())
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
        state.best = _copy(state.average if averaged else state.network.state_dict())
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
    """Logits and labels of the photos held out."""
    return answers(network, task.inputs, task.held_out, around)[1], task.labels[task.held_out]


def _mean_loss(logits: Logits, labels: Labels) -> float:
    return -float(log_softmax(logits)[np.arange(len(labels)), labels].mean())


def _copy(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def _save(state: State, around: Surroundings) -> float:
    if around.checkpoint is not None and around.team.leads:
        state.save(around.checkpoint)
    return time.monotonic()
