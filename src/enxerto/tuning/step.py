"""One step: read a batch, compute its gradients in as many pieces as memory needs, move the weights."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch

from enxerto.tuning.adversarial import REPLAYS, changed, moved, random_change
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.state import State, Tensors
from enxerto.tuning.targets import draw_mixing, feature_noise, keep_mask, mix, soft_cross_entropy, soft_targets
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
        noise: what is added to them, as if their root mean square were 1, likewise; `None` without.
        change: added to the inputs to fool the network, likewise; `None` where photos are learned from as they are.
    """

    rows: Labels
    inputs: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    keep: torch.Tensor | None
    noise: torch.Tensor | None = None
    change: torch.Tensor | None = None

    def piece(self, chosen: slice, device: str) -> Batch:
        """Some of this process's photos, on a device; `rows` stay those of the whole batch."""

        def part(tensor: torch.Tensor | None) -> torch.Tensor | None:
            return None if tensor is None else tensor[chosen].to(device)

        return replace(
            self,
            inputs=self.inputs[chosen].to(device),
            targets=self.targets[chosen].to(device),
            weights=self.weights[chosen].to(device),
            keep=part(self.keep),
            noise=part(self.noise),
            change=part(self.change),
        )


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
    noise, change = None, None
    if recipe.feature_noise:
        drawn_noise = feature_noise(
            len(rows), task.features, recipe.feature_noise, seed=task.seed, run=task.run, step=step
        )
        noise = torch.from_numpy(drawn_noise[mine])
    if recipe.adversarial:
        change = random_change(mine, inputs.shape[1:], recipe.adversarial, seed=task.seed, run=task.run, step=step)
    weights = torch.from_numpy(task.weights[task.labels[rows[mine]]])
    return Batch(rows, inputs, wanted, weights, keep, noise, change)


def learn(state: State, batch: Batch, share: float, recipe: Recipe, around: Surroundings) -> float:
    """Learn from a batch at a share of the full learning rates; the mean loss over all of it.

    Where photos are changed to fool the network, the batch is learned from several times in a row. Each time one pass
    gives two gradients: that of the weights, which move against it, and that of the photos, which move along it.
    """
    for group in state.optimizer.param_groups:
        group["lr"] = group["peak"] * share
    losses = []
    for _ in range(REPLAYS if recipe.adversarial else 1):
        loss, slopes = _gradients(state, batch, around)
        if batch.change is not None:
            batch = replace(batch, change=moved(batch.change, slopes, recipe.adversarial))
        learning = [parameter for parameter in state.network.parameters() if parameter.requires_grad]
        gradients = [parameter.grad for parameter in learning if parameter.grad is not None]
        around.team.add_up([*gradients, loss])
        if recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(learning, recipe.clip, foreach=False)
        state.optimizer.step()
        if recipe.average:
            _follow(state.average, state.network.state_dict(), recipe.average, state.numbers.step)
        losses.append(float(loss))
    return sum(losses) / len(losses)


def _gradients(state: State, batch: Batch, around: Surroundings) -> tuple[torch.Tensor, torch.Tensor]:
    """Fill in the gradients of this process's share, in as many pieces as memory needs.

    Returns:
        The share's part of the loss, and its gradient by the inputs where those are changed; else nothing.

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


def _loss_in_pieces(
    network: torch.nn.Module, batch: Batch, pieces: int, around: Surroundings
) -> tuple[torch.Tensor, torch.Tensor]:
    total = torch.zeros((), device=around.device)
    slopes = torch.empty(0) if batch.change is None else torch.zeros_like(batch.change)
    size = max(1, math.ceil(len(batch.rows) / around.team.size / pieces))
    bf16 = torch.autocast(torch.device(around.device).type, torch.bfloat16, enabled=around.bf16)
    for start in range(0, len(batch.inputs), size):
        rows = slice(start, start + size)
        piece = batch.piece(rows, around.device)
        inputs = piece.inputs if piece.change is None else changed(piece.inputs, piece.change).requires_grad_()
        with bf16:
            logits = network(inputs, piece.keep, piece.noise)
        loss = (soft_cross_entropy(logits, piece.targets) * piece.weights).sum() / len(batch.rows)
        torch.autograd.backward(loss)
        if inputs.grad is not None:
            slopes[rows] = inputs.grad.to(slopes.device)
        total += loss.detach()
    return total, slopes


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
