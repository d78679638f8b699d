"""Learning again, from all photos, for as many epochs as were best where some were held out."""

from __future__ import annotations

import logging
import math

import torch

from enxerto.backbones.stages import Stage
from enxerto.tuning.epoch import keep, open_state, photos_done, run_epoch, steps_an_epoch
from enxerto.tuning.history import FitHistory
from enxerto.tuning.network import TunableNetwork
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.task import Surroundings, Task

_log = logging.getLogger(__name__)


def refit(
    network: TunableNetwork,
    learning: tuple[Stage, ...],
    task: Task,
    recipe: Recipe,
    around: Surroundings,
    fitted: FitHistory,
) -> bool:
    """Train a network as a fit did that held photos out, up to the epoch that was its best.

    Nothing is measured on the way, since no photo is left to measure by.

    Args:
        network: with its head to start from.
        learning: its stages that learn.
        task: what is to be learned, with no photos held out.
        recipe: of that fit.
        around: where it runs.
        fitted: what happened in that fit.

    Returns:
        Whether it went well; if not, a warning says why.
    """
    state, _ = open_state(network, learning, task, recipe, around)
    numbers = state.numbers
    steps = fitted.best * steps_an_epoch(task, recipe)
    with around.progress(f"{task.name}, all photos", fitted.best * len(task.learn)) as advance:
        advance(photos_done(state, task, recipe), "")
        while numbers.step < steps and not numbers.stopped:
            run_epoch(state, learning, task, recipe, around, advance, note="all photos", limit=math.inf)
            numbers.total_loss = numbers.seconds = 0.0
            keep(state, around)
    if fitted.averaged:
        network.load_state_dict(state.average)
    if not numbers.stopped and not all(torch.isfinite(tensor).all() for tensor in network.state_dict().values()):
        numbers.stopped = "a weight is no finite number"
    if numbers.stopped:
        _log.warning(
            "%s: learning from all photos failed, %s; the weights of the fit before are kept",
            task.name,
            numbers.stopped,
        )
    return not numbers.stopped
