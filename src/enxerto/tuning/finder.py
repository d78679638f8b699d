"""A look for the learning rate: raise it step by step, and see from where the loss falls and from where it rises."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

import numpy as np

from enxerto.backbones.stages import Stage
from enxerto.tuning.network import TunableNetwork, parameter_groups, set_modes
from enxerto.tuning.optimizers import open_optimizer
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.state import Numbers, State
from enxerto.tuning.step import batches, learn
from enxerto.tuning.task import Surroundings, Task

RATES = (1e-6, 1.0)
STEPS = 60
SMOOTHING = 0.8
ENOUGH = 2.0
"""The look ends when the smoothed loss is so many times the lowest one."""
BELOW_LOWEST = 10.0
"""The rate suggested is so many times smaller than the one at which the smoothed loss is lowest."""


@dataclass(frozen=True)
class FoundRate:
    """What the look gave.

    Attributes:
        curve: rates of the topmost stage with the smoothed losses that they led to.
        rate: the one suggested.
    """

    curve: tuple[tuple[float, float], ...]
    rate: float


def find_rate(
    network: TunableNetwork, learning: tuple[Stage, ...], task: Task, recipe: Recipe, around: Surroundings
) -> FoundRate:
    """Learn for some steps with rates from tiny to huge; the network itself stays as it is.

    A tenth of the rate with the lowest smoothed loss is suggested: at the lowest one, steps already start to be too
    large.

    Args:
        network: with its head to start from.
        learning: its stages that learn.
        task: what is to be learned; held-out photos are not looked at.
        recipe: how; its learning rate doesn't count.
        around: where it runs.

    Reference: Smith 2017, arXiv:1506.01186, section 3.3.
    """
    tried = copy.deepcopy(network).to(around.device)
    trial = replace(recipe, learning_rate=1.0, average=0.0)
    optimizer = open_optimizer(trial, parameter_groups(tried, trial, learning))
    state = State(tried, optimizer, {}, {}, Numbers(task.identity, pieces=recipe.accumulate))
    task.inputs.prepare(1 % recipe.views, around.progress)
    set_modes(tried, recipe, learning)
    rates = np.geomspace(*RATES, STEPS)
    curve: list[tuple[float, float]] = []
    smoothed = 0.0
    for number, batch in enumerate(batches(_endless(task, recipe), 1 % recipe.views, 0, 0, task, recipe, around)):
        loss = learn(state, batch, float(rates[number]), trial, around)
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * loss
        unbiased = smoothed / (1 - SMOOTHING ** (number + 1))
        if not math.isfinite(loss) or (curve and unbiased > ENOUGH * min(value for _, value in curve) + math.log(2)):
            break
        curve.append((float(rates[number]), unbiased))
    if not curve:  # not even the first loss was a number; a fit will say so
        return FoundRate((), RATES[0])
    lowest = min(curve, key=lambda point: point[1])[0]
    return FoundRate(tuple(curve), lowest / BELOW_LOWEST)


def _endless(task: Task, recipe: Recipe) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Enough photos for every step, in an order that begins anew when all were seen."""
    wanted = STEPS * recipe.batch
    rounds = math.ceil(wanted / len(task.learn))
    orders = [np.random.default_rng([task.seed, task.run, turn]).permutation(task.learn) for turn in range(rounds)]
    return np.concatenate(orders)[:wanted]
