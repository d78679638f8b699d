"""One pass over the photos that are learned from, from wherever it was left off.

Everything random is drawn from the seed and the number of the epoch or step, never from a generator that remembers. So
a fit that was killed goes on to the very weights that it would have had, and several processes draw the same.
"""

from __future__ import annotations

import math
import time

import numpy as np

from enxerto.backbones.stages import Stage
from enxerto.progress import Advance
from enxerto.tuning.network import TunableNetwork, parameter_groups, set_modes
from enxerto.tuning.optimizers import open_optimizer
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.schedules import factor
from enxerto.tuning.state import Numbers, State, copied
from enxerto.tuning.step import batches, learn
from enxerto.tuning.task import Surroundings, Task


def open_state(
    network: TunableNetwork, learning: tuple[Stage, ...], task: Task, recipe: Recipe, around: Surroundings
) -> tuple[State, bool]:
    """The state before any step, or as the checkpoint has it; and whether it is the latter.

    Raises:
        OptionError: the checkpoint is of another fit.
        IntegrityError: it is damaged.
    """
    network.to(around.device)
    task.inputs.prepare(0, around.progress)
    around.team.agree([*network.parameters(), *network.buffers()])
    optimizer = open_optimizer(recipe, parameter_groups(network, recipe, learning))
    state = State(network, optimizer, {}, {}, Numbers(task.identity, pieces=recipe.accumulate))
    if around.checkpoint is not None and state.restore(around.checkpoint):
        state.numbers.pieces = max(state.numbers.pieces, recipe.accumulate)  # asked for after memory ran out, say
        return state, True
    if recipe.average:
        state.average = copied(network.state_dict())
    return state, False


def steps_an_epoch(task: Task, recipe: Recipe) -> int:
    """How many batches the photos make."""
    return math.ceil(len(task.learn) / recipe.batch)


def photos_done(state: State, task: Task, recipe: Recipe) -> int:
    """Photos learned from so far, counted once each epoch."""
    epochs, within = divmod(state.numbers.step, steps_an_epoch(task, recipe))
    return epochs * len(task.learn) + within * recipe.batch


def run_epoch(
    state: State,
    learning: tuple[Stage, ...],
    task: Task,
    recipe: Recipe,
    around: Surroundings,
    advance: Advance,
    *,
    note: str,
    limit: float,
) -> None:
    """Learn from every photo once, or from those that are left of an epoch that was interrupted.

    Args:
        state: goes on by an epoch; its numbers say so where the loss went wrong on the way.
        learning: stages that learn.
        task: what is to be learned.
        recipe: how.
        around: where it runs.
        advance: told of the photos learned from.
        note: shown with the progress.
        limit: a loss that isn't below it ends the fit.
    """
    numbers, steps = state.numbers, steps_an_epoch(task, recipe)
    number = numbers.step // steps + 1
    view = number % recipe.views
    task.inputs.prepare(view, around.progress)
    set_modes(state.network, recipe, learning)
    order = np.random.default_rng([task.seed, task.run, number]).permutation(task.learn)
    saved = time.monotonic()
    for batch in batches(order, view, numbers.step % steps, numbers.step, task, recipe, around):
        start = time.perf_counter()
        share = factor(recipe.schedule, recipe.warmup, numbers.step, steps * recipe.epochs)
        loss = learn(state, batch, share, recipe, around)
        numbers.step += 1
        if not loss < limit:
            numbers.stopped, numbers.diverged = f"the loss became {loss:.3g} at step {numbers.step}", True
            return
        numbers.total_loss += loss * len(batch.rows)
        numbers.seconds += time.perf_counter() - start
        advance(len(batch.rows), f"epoch {number}, loss {loss:.3f}, {note}")
        if numbers.step % steps and time.monotonic() - saved > 60 * recipe.checkpoint_minutes:
            keep(state, around)
            saved = time.monotonic()


def keep(state: State, around: Surroundings) -> None:
    """Write a checkpoint, where one is to be kept."""
    if around.checkpoint is not None and around.team.leads:
        state.save(around.checkpoint)
