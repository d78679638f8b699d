"""One step: read a batch, compute its gradients in as many pieces as memory needs, move the weights."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from enxerto.tuning.recipe import Recipe
from enxerto.tuning.state import State, Tensors
from enxerto.tuning.targets import draw_mixing, keep_mask, mix, soft_cross_entropy, soft_targets
from enxerto.tuning.task import Surroundings, Task
from enxerto.types import Labels

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """One step's photos, and of them those that are this process's.

    Attributes:
        rows: of the whole batch.
        inputs: of this process's photos.
        targets: probabilities, likewise.
        weights: how much each photo counts, likewise.
        keep: what features are multiplied by, likewise; `None` without dropout.
    """

    rows: Labels
    inputs: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    keep: torch.Tensor | None


def batches(
    order: Labels, view: int, first: int, step: int, task: Task, recipe: Recipe, around: Surroundings
) -> Iterator[Batch]:
    """The batches of an epoch from the `first` on, each read while the one before it is learned from."""
    starts = range(first * recipe.batch, len(order), recipe.batch)
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for number, start in enumerate(starts):
            rows = order[start : start + recipe.batch]
            following = pool.submit(_read, rows, view, step + number, task, recipe, around)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def _read(rows: Labels, view: int, step: int, task: Task, recipe: Recipe, around: Surroundings) -> Batch:
    """Read this process's share of a batch and draw what is random about it."""
    mine = np.array(around.team.share(range(len(rows))), dtype=np.int64)
    inputs = task.inputs.batch(rows[mine], view)
    wanted = soft_targets(torch.from_numpy(task.labels[rows]), task.classes, recipe.smoothing)
    if recipe.mixup:
        drawn = draw_mixing(len(rows), recipe.mixup, seed=task.seed, run=task.run, step=step)
        partners, shares = drawn.partners[mine], torch.from_numpy(drawn.shares[mine])
        inputs = mix(inputs, task.inputs.batch(rows[partners], view), shares)
        wanted = mix(wanted[mine], wanted[partners], shares)
    else:
        wanted = wanted[mine]
    keep = None
    if recipe.dropout:
        mask = keep_mask(len(rows), task.features, recipe.dropout, seed=task.seed, run=task.run, step=step)
        keep = torch.from_numpy(mask[mine])
    weights = torch.from_numpy(task.weights[task.labels[rows[mine]]])
    return Batch(rows, inputs, wanted, weights, keep)


def learn(state: State, batch: Batch, share: float, recipe: Recipe, around: Surroundings) -> float:
    """Learn from a batch at a share of the full learning rates; the mean loss over all of it."""
    for group in state.optimizer.param_groups:
        group["lr"] = group["peak"] * share
    loss = _gradients(state, batch, around)
    learning = [parameter for parameter in state.network.parameters() if parameter.requires_grad]
    gradients = [parameter.grad for parameter in learning if parameter.grad is not None]
    around.team.add_up([*gradients, loss])
    if recipe.clip is not None:
        torch.nn.utils.clip_grad_norm_(learning, recipe.clip, foreach=False)
    state.optimizer.step()
    if recipe.average:
        _follow(state.average, state.network.state_dict(), recipe.average, state.numbers.step)
    return float(loss)


def _gradients(state: State, batch: Batch, around: Surroundings) -> torch.Tensor:
    """Fill in the gradients of this process's share, in as many pieces as memory needs; the share's part of the loss.

    Raises:
        RuntimeError: not even one photo at a time fits into memory.
    """
    numbers = state.numbers
    while True:
        for parameter in state.network.parameters():
            parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
        try:
            return _loss_in_pieces(state.network, batch, numbers.pieces, around)
        except RuntimeError as error:
            if not _out_of_memory(error) or numbers.pieces >= len(batch.inputs):
                raise
            numbers.pieces *= 2
            _log.warning("out of memory; batches are computed in %d pieces from now on", numbers.pieces)


def _loss_in_pieces(network: torch.nn.Module, batch: Batch, pieces: int, around: Surroundings) -> torch.Tensor:
    total = torch.zeros((), device=around.device)
    size = max(1, math.ceil(len(batch.rows) / around.team.size / pieces))
    bf16 = torch.autocast(torch.device(around.device).type, torch.bfloat16, enabled=around.bf16)
    for start in range(0, len(batch.inputs), size):
        piece = slice(start, start + size)
        keep = None if batch.keep is None else batch.keep[piece].to(around.device)
        with bf16:
            logits = network(batch.inputs[piece].to(around.device), keep)
        losses = soft_cross_entropy(logits, batch.targets[piece].to(around.device))
        loss = (losses * batch.weights[piece].to(around.device)).sum() / len(batch.rows)
        torch.autograd.backward(loss)
        total += loss.detach()
    return total


def _out_of_memory(error: RuntimeError) -> bool:
    """Of a GPU, or of this machine: PyTorch has no type for the latter."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _follow(average: Tensors, current: Mapping[str, torch.Tensor], decay: float, step: int) -> None:
    """Move the average towards the current weights, faster at the start so that it isn't stuck there."""
    decay = min(decay, (1 + step) / (10 + step))
    for name, tensor in current.items():
        if tensor.is_floating_point():
            average[name].lerp_(tensor, 1 - decay)
        else:
            average[name].copy_(tensor)
