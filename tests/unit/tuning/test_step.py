from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny_tuning import CLASSES, LEARNING, PLAIN, Given, same, state_of, toy_network, toy_task

from enxerto.tuning import Recipe, Surroundings, Team
from enxerto.tuning.adversarial import REPLAYS
from enxerto.tuning.network import parameter_groups
from enxerto.tuning.optimizers import open_optimizer
from enxerto.tuning.state import Numbers, State
from enxerto.tuning.step import Batch, batches, learn
from enxerto.tuning.targets import draw_mixing, feature_noise, keep_mask, soft_cross_entropy, soft_targets
from enxerto.tuning.task import Task

ALONE = Surroundings()


def state_with(recipe: Recipe, pieces: int = 1) -> State:
    network = toy_network()
    optimizer = open_optimizer(recipe, parameter_groups(network, recipe, LEARNING))
    return State(network, optimizer, state_of(network), {}, Numbers("toy", pieces=pieces))


def read(task: Task, recipe: Recipe, around: Surroundings = ALONE, first: int = 0, step: int = 0) -> list[Batch]:
    for view in range(recipe.views):
        task.inputs.prepare(view, around.progress)
    return list(batches(task.learn, 1, first, step, task, recipe, around))


def gradients(state: State) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in state.network.named_parameters() if p.grad is not None}


def test_every_photo_is_in_one_batch_and_the_last_batch_may_be_small() -> None:
    task = toy_task(30)  # 20 to learn from
    found = read(task, replace(PLAIN, batch=8))
    assert [len(batch.rows) for batch in found] == [8, 8, 4]
    assert np.array_equal(np.concatenate([batch.rows for batch in found]), task.learn)
    for batch in found:
        assert torch.equal(batch.inputs, task.inputs.batch(batch.rows, 1))
        assert torch.equal(batch.targets, torch.eye(CLASSES)[torch.from_numpy(task.labels[batch.rows])])
        assert batch.keep is None


def test_an_epoch_that_goes_on_reads_only_what_is_left() -> None:
    task = toy_task()
    whole = read(task, replace(PLAIN, mixup=0.4, dropout=0.5))
    assert isinstance(task.inputs, Given)
    task.inputs.read.clear()
    rest = read(task, replace(PLAIN, mixup=0.4, dropout=0.5), first=1, step=1)
    assert len(rest) == len(whole) - 1
    for one, other in zip(rest, whole[1:], strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.targets, other.targets)
        assert one.keep is not None
        assert other.keep is not None
        assert torch.equal(one.keep, other.keep)
    assert {row for rows in task.inputs.read for row in rows} <= set(task.learn[8:].tolist())


def test_what_is_random_depends_on_the_step_the_seed_and_the_run() -> None:
    recipe = replace(PLAIN, mixup=0.4, dropout=0.5)
    task = toy_task()
    usual = read(task, recipe)[0]
    for other in (
        read(task, recipe, step=1)[0],
        read(replace(task, seed=6), recipe)[0],
        read(replace(task, run=1), recipe)[0],
    ):
        assert not torch.equal(usual.inputs, other.inputs)
        assert usual.keep is not None
        assert other.keep is not None
        assert not torch.equal(usual.keep, other.keep)


def test_mixup_blends_photos_and_labels_alike_and_smoothing_spreads_labels() -> None:
    task = toy_task()
    recipe = replace(PLAIN, mixup=0.4, smoothing=0.1)
    batch = read(task, recipe)[0]
    drawn = draw_mixing(8, 0.4, seed=task.seed, run=0, step=0)
    rows, shares = task.learn[:8], torch.from_numpy(drawn.shares)
    plain = soft_targets(torch.from_numpy(task.labels[rows]), CLASSES, 0.1)
    assert torch.allclose(batch.targets, shares[:, None] * plain + (1 - shares[:, None]) * plain[drawn.partners])
    maps = task.inputs.batch(rows, 1)
    expected = shares[:, None, None, None] * maps + (1 - shares[:, None, None, None]) * maps[drawn.partners]
    assert torch.allclose(batch.inputs, expected)


@pytest.mark.parametrize("photos", [1, 2, 7, 8])
def test_the_shares_of_a_team_are_the_batch_of_one(photos: int) -> None:
    recipe = replace(PLAIN, mixup=0.4, smoothing=0.1, dropout=0.5)
    task = toy_task()
    task = replace(task, learn=task.learn[:photos])
    (whole,) = read(task, recipe)
    parts = [read(task, recipe, Surroundings(team=Team(rank, 3)))[0] for rank in range(3)]
    assert [len(part.inputs) for part in parts] == [len(range(rank, photos, 3)) for rank in range(3)]
    for rank, part in enumerate(parts):
        mine = slice(rank, None, 3)
        assert np.array_equal(part.rows, whole.rows)
        assert torch.equal(part.inputs, whole.inputs[mine])
        assert torch.equal(part.targets, whole.targets[mine])
        assert torch.equal(part.weights, whole.weights[mine])
        assert whole.keep is not None
        assert part.keep is not None
        assert torch.equal(part.keep, whole.keep[mine])


def test_dropout_hides_features_of_every_photo() -> None:
    task = toy_task()
    batch = read(task, replace(PLAIN, dropout=0.5))[1]
    assert batch.keep is not None
    assert np.array_equal(batch.keep, keep_mask(8, 8, 0.5, seed=task.seed, run=0, step=1))


def test_an_error_while_reading_reaches_the_one_who_learns() -> None:
    task = toy_task()
    with pytest.raises(AssertionError):
        list(batches(task.learn, 3, 0, 0, task, PLAIN, ALONE))  # a view that was not made ready


@pytest.mark.parametrize("pieces", [2, 3, 8, 50])
def test_gradients_are_the_same_in_any_number_of_pieces(pieces: int) -> None:
    recipe = replace(PLAIN, optimizer="sgd", clip=None, dropout=0.3, mixup=0.4)
    batch = read(toy_task(), recipe)[0]
    whole, split = state_with(recipe), state_with(recipe, pieces)
    seen: list[int] = []
    split.network.register_forward_hook(lambda _module, inputs, _logits: seen.append(len(inputs[0])))
    losses = [learn(state, batch, 1.0, recipe, ALONE) for state in (whole, split)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    size = -(-8 // pieces)
    assert seen == [min(size, 8 - start) for start in range(0, 8, size)]
    for name, gradient in gradients(whole).items():
        assert torch.allclose(gradient, gradients(split)[name], rtol=1e-4, atol=1e-7), name


def test_the_loss_is_the_mean_over_the_photos_weighted_by_class() -> None:
    recipe = replace(PLAIN, optimizer="sgd")
    task = toy_task(weights=np.array([1, 2, 0.5], dtype=np.float32))
    batch = read(task, recipe)[0]
    state = state_with(recipe)
    logits = state.network(batch.inputs).detach()
    losses = torch.nn.functional.cross_entropy(logits, torch.from_numpy(task.labels[batch.rows]), reduction="none")
    expected = float((losses * torch.tensor([1, 2, 0.5])[task.labels[batch.rows]]).mean())
    assert learn(state, batch, 1.0, recipe, ALONE) == pytest.approx(expected, rel=1e-6)


def test_a_step_moves_weights_by_the_share_of_its_rate() -> None:
    recipe = replace(PLAIN, optimizer="sgd", learning_rate=0.1, layer_decay=0.5, head_rate=2, clip=None, weight_decay=0)
    state = state_with(recipe)
    before = state_of(state.network)
    learn(state, read(toy_task(), recipe)[0], 0.25, recipe, ALONE)
    for name, rate in {"weight": 2, "tail.network.high.0.weight": 1, "tail.network.low.0.weight": 0.5}.items():
        moved = before[name] - state.network.state_dict()[name]
        assert torch.allclose(moved, 0.1 * 0.25 * rate * gradients(state)[name], atol=1e-7)
        assert moved.abs().max() > 0


def test_gradients_are_clipped_to_a_norm() -> None:
    batch = read(toy_task(), PLAIN)[0]
    norms = {}
    for clip in (None, 1e-3, 1e3):
        state = state_with(replace(PLAIN, clip=clip))
        learn(state, batch, 1.0, replace(PLAIN, clip=clip), ALONE)
        norms[clip] = float(torch.cat([gradient.flatten() for gradient in gradients(state).values()]).norm())
    assert norms[1e-3] == pytest.approx(1e-3, rel=1e-3)
    assert norms[1e3] == norms[None] > 0.1


def test_the_average_follows_the_weights_quickly_at_first() -> None:
    recipe = replace(PLAIN, average=0.9)
    state = state_with(recipe)
    expected = {name: tensor.double() for name, tensor in state.average.items()}
    for step in (0, 1, 200):
        state.numbers.step = step
        learn(state, read(toy_task(), recipe)[0], 1.0, recipe, ALONE)
        decay = min(0.9, (1 + step) / (10 + step))
        for name, tensor in state.network.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * tensor
    for name, tensor in state.average.items():
        if tensor.is_floating_point():
            assert torch.allclose(tensor.double(), expected[name], atol=1e-6), name
    assert not torch.equal(state.average["weight"], state.network.state_dict()["weight"])


def test_without_an_average_none_is_kept() -> None:
    recipe = replace(PLAIN, average=0.0)
    state = state_with(recipe)
    before = copy.deepcopy(state.average)
    learn(state, read(toy_task(), recipe)[0], 1.0, recipe, ALONE)
    assert same(state.average, before)


def failing(times: int, error: Callable[[], RuntimeError]) -> Callable[..., None]:
    left = [times]

    def hook(*_: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise error()

    return hook


def cuda_error() -> RuntimeError:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


def cpu_error() -> RuntimeError:
    """As PyTorch raises it when `malloc` refuses."""
    return RuntimeError("[enforce fail at alloc_cpu.cpp:126] DefaultCPUAllocator: can't allocate memory: you tried to")


@pytest.mark.parametrize("error", [cuda_error, cpu_error])
def test_out_of_memory_halves_the_pieces_and_goes_on_with_a_warning(
    error: Callable[[], RuntimeError], caplog: pytest.LogCaptureFixture
) -> None:
    recipe = replace(PLAIN, optimizer="sgd")
    batch = read(toy_task(), recipe)[0]
    usual, short = state_with(recipe), state_with(recipe)
    short.network.tail.register_forward_hook(failing(2, error))
    with caplog.at_level(logging.WARNING, "enxerto"):
        losses = [learn(state, batch, 1.0, recipe, ALONE) for state in (usual, short)]
    assert [record.getMessage() for record in caplog.records] == [
        "out of memory; batches are computed in 2 pieces from now on",
        "out of memory; batches are computed in 4 pieces from now on",
    ]
    assert short.numbers.pieces == 4
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    for name, gradient in gradients(usual).items():
        assert torch.allclose(gradient, gradients(short)[name], rtol=1e-4, atol=1e-7), name


def test_memory_that_runs_out_between_pieces_spoils_no_gradient() -> None:
    recipe = replace(PLAIN, optimizer="sgd")
    batch = read(toy_task(), recipe)[0]
    usual, short = state_with(recipe), state_with(recipe, pieces=2)
    calls = iter([None, torch.OutOfMemoryError("second piece"), *[None] * 9])

    def hook(*_: Any) -> None:
        error = next(calls)
        if error is not None:
            raise error

    short.network.tail.register_forward_hook(hook)
    for state in (usual, short):
        learn(state, batch, 1.0, recipe, ALONE)
    for name, gradient in gradients(usual).items():
        assert torch.allclose(gradient, gradients(short)[name], rtol=1e-4, atol=1e-7), name


def test_where_not_even_one_photo_fits_the_error_comes_through() -> None:
    state = state_with(PLAIN)
    state.network.tail.register_forward_hook(failing(99, cuda_error))
    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
        learn(state, read(toy_task(), PLAIN)[0], 1.0, PLAIN, ALONE)
    assert state.numbers.pieces == 8


def test_another_error_is_not_taken_for_a_lack_of_memory() -> None:
    state = state_with(PLAIN)
    state.network.tail.register_forward_hook(failing(1, lambda: RuntimeError("shapes don't match")))
    with pytest.raises(RuntimeError, match="shapes don't match"):
        learn(state, read(toy_task(), PLAIN)[0], 1.0, PLAIN, ALONE)
    assert state.numbers.pieces == 1


def test_bfloat16_is_computed_in_where_asked_for_and_weights_stay_float32() -> None:
    recipe = replace(PLAIN, optimizer="sgd")
    state = state_with(recipe)
    seen: list[torch.dtype] = []
    state.network.tail.network.get_submodule("high.0").register_forward_hook(
        lambda _module, _inputs, output: seen.append(output.dtype)
    )
    batch = read(toy_task(), recipe)[0]
    losses = [learn(state, batch, 0.0, recipe, Surroundings(bf16=bf16)) for bf16 in (True, False)]
    assert seen == [torch.bfloat16, torch.float32]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert losses[0] != losses[1]
    assert {parameter.dtype for parameter in state.network.parameters()} == {torch.float32}
    assert {gradient.dtype for gradient in gradients(state).values()} == {torch.float32}


def test_noise_is_added_to_the_features_of_every_photo_in_proportion_to_them() -> None:
    recipe = replace(PLAIN, feature_noise=0.3)
    task = toy_task()
    batch = read(task, recipe)[1]
    drawn = feature_noise(8, 8, 0.3, seed=task.seed, run=0, step=1)
    assert batch.noise is not None
    assert np.array_equal(batch.noise, drawn)
    network = toy_network()
    with torch.no_grad():
        features = network.tail(batch.inputs)
        size = features.square().mean(1, keepdim=True).sqrt()
        noisy = torch.nn.functional.linear(features + size * torch.from_numpy(drawn), network.weight, network.bias)
        assert torch.allclose(network(batch.inputs, None, batch.noise), noisy, atol=1e-6)
    parts = [read(task, recipe, Surroundings(team=Team(rank, 3)))[1].noise for rank in range(3)]
    assert all(part is not None and torch.equal(part, batch.noise[rank::3]) for rank, part in enumerate(parts))


def in_bounds(task: Task) -> Task:
    assert isinstance(task.inputs, Given)
    return replace(task, inputs=Given(torch.sigmoid(task.inputs.maps)))


@pytest.mark.parametrize("pieces", [1, 3, 8])
def test_a_batch_is_learned_from_several_times_while_its_photos_are_changed_further(pieces: int) -> None:
    recipe = replace(PLAIN, optimizer="sgd", clip=None, adversarial=0.1, dropout=0.3, feature_noise=0.1, mixup=0.3)
    batch = read(in_bounds(toy_task()), recipe)[0]
    state = state_with(recipe, pieces)
    loss = learn(state, batch, 1.0, recipe, ALONE)
    # The same by hand: one pass for both gradients, the weights go down and the photos up.
    network, losses = toy_network(), []
    optimizer = open_optimizer(recipe, parameter_groups(network, recipe, LEARNING))
    assert batch.change is not None
    change = batch.change
    for _ in range(REPLAYS):
        points = (batch.inputs + change).clamp(0, 1).requires_grad_()
        optimizer.zero_grad()
        value = soft_cross_entropy(network(points, batch.keep, batch.noise), batch.targets).mean()
        value.backward()
        assert points.grad is not None
        change = (change + 0.1 * points.grad.sign()).clamp(-0.1, 0.1)
        optimizer.step()
        losses.append(float(value.detach()))
    assert loss == pytest.approx(np.mean(losses), rel=1e-5)
    for name, tensor in state_of(network).items():
        assert torch.allclose(tensor.float(), state.network.state_dict()[name].float(), atol=1e-5), name
    assert float(change.abs().max()) == pytest.approx(0.1)
    assert torch.equal(read(in_bounds(toy_task()), recipe)[0].change, batch.change)  # type: ignore[arg-type]


def test_the_shares_of_a_team_are_changed_as_the_batch_of_one() -> None:
    recipe = replace(PLAIN, adversarial=0.1)
    task = in_bounds(toy_task())
    whole = read(task, recipe)[0].change
    assert whole is not None
    for rank in range(3):
        part = read(task, recipe, Surroundings(team=Team(rank, 3)))[0].change
        assert part is not None
        assert torch.equal(part, whole[rank::3])
