"""Found on grey levels: it fools, it is whole, it is nearly as small as trying everything finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from tiny_attacks import ConstantNetwork, LinearNetwork, ModuleEngine
from tiny_canvases import noise, under_attack

from enxerto.attack.file.fitting import size_of
from enxerto.attack.file.lattice import SLACK, settle
from enxerto.attack.goal import Goal
from enxerto.attack.norms import NORMS
from enxerto.attack.subject import Subject


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("confidence", [0.0, 0.6])
def test_the_square_is_whole_fools_and_has_the_size_it_claims(norm: str, confidence: float) -> None:
    subject, canvas, goal = under_attack(noise(), confidence=confidence)
    settled = settle(subject, canvas.square, goal, norm, steps=60, seed=0)
    assert settled.success
    levels = settled.square * 255
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    change = (levels - canvas.square * 255).round()[0]
    assert size_of(change, norm) == pytest.approx(settled.size)
    assert bool(goal.reached(subject.logits(settled.square)))


def brute_force(network: LinearNetwork, square: torch.Tensor, goal: Goal, norm: str) -> float:
    """The smallest of all changes by -1, 0 or 1 that fools."""
    changes = torch.tensor(list(itertools.product((-1.0, 0.0, 1.0), repeat=square.numel())))
    logits = network((square * 255 + changes.view(-1, *square.shape[1:])) / 255)
    margins = goal.rows(torch.zeros(len(changes), dtype=torch.int64)).margin(logits)
    fooling = changes[margins > SLACK]
    return min(size_of(change.view(square.shape[1:]), norm) for change in fooling)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
@pytest.mark.parametrize("seed", range(4))
def test_nothing_much_smaller_is_found_by_trying_everything(norm: str, seed: int) -> None:
    dice = torch.Generator().manual_seed(seed)
    weight = torch.randn(2, 9, generator=dice)
    square = torch.randint(40, 200, (1, 3, 1, 3), generator=dice) / 255
    bias = torch.tensor([0.0, 0.0])
    margin = float((weight[0] - weight[1]) @ square.flatten())
    bias[1] = margin - 2.5 * float((weight[1] - weight[0]).abs().sort().values[-3:].sum()) / 3 / 255 - SLACK
    network = LinearNetwork(weight, bias)
    goal = Goal(torch.tensor([0]), torch.tensor([1]))
    best = brute_force(network, square, goal, norm)
    settled = settle(Subject(ModuleEngine(network), 2), square, goal, norm, steps=80, seed=0)
    assert settled.success
    assert settled.size <= max(1.2 * best, best + 1)  # a level more may be left where few are needed


def test_the_fewest_pixels_of_a_linear_network() -> None:
    dice = torch.Generator().manual_seed(1)
    weight = torch.randn(2, 300, generator=dice)
    square = torch.randint(60, 190, (1, 3, 10, 10), generator=dice) / 255
    gap = weight[1] - weight[0]
    gain = (torch.where(gap > 0, 1 - square.flatten(), square.flatten()) * gap.abs()).view(3, -1).sum(0)
    ranked = gain.sort(descending=True).values
    bias = torch.tensor([0.0, -float(gap @ square.flatten()) - float(ranked[:20].sum()) + 0.01])
    goal = Goal(torch.tensor([0]), torch.tensor([1]))
    engine = ModuleEngine(LinearNetwork(weight, bias))
    settled = settle(Subject(engine, 2), square, goal, "l0", steps=120, seed=0)
    assert settled.success
    assert 20 <= settled.size <= 22


def test_a_good_start_is_not_left_for_something_larger() -> None:
    subject, canvas, goal = under_attack(noise())
    found = settle(subject, canvas.square, goal, "l2", steps=60, seed=0)
    again = settle(subject, canvas.square, goal, "l2", steps=60, seed=0, start=found.square)
    assert again.size <= found.size * 1.01


def test_a_sparse_start_that_just_misses_stays_sparse() -> None:
    dice = torch.Generator().manual_seed(1)
    weight = torch.randn(2, 300, generator=dice)
    square = torch.randint(60, 190, (1, 3, 10, 10), generator=dice) / 255
    gap = weight[1] - weight[0]
    gain = (torch.where(gap > 0, 1 - square.flatten(), square.flatten()) * gap.abs()).view(3, -1).sum(0)
    best = gain.topk(5).indices
    start = square.clone()
    start.view(3, -1)[:, best] = (gap.view(3, -1)[:, best] > 0).float()
    bias = torch.tensor([0.0, -float(gap @ start.flatten()) - 0.01])
    goal = Goal(torch.tensor([0]), torch.tensor([1]))
    subject = Subject(ModuleEngine(LinearNetwork(weight, bias)), 2)
    settled = settle(subject, square, goal, "l0", steps=2, seed=0, start=start)
    assert settled.success
    assert settled.size <= 6


@pytest.mark.parametrize(("norm", "limit"), [("linf", 40.0), ("l2", 300.0), ("l1", 6000.0), ("l0", 200.0)])
def test_a_limit_is_kept(norm: str, limit: float) -> None:
    subject, canvas, goal = under_attack(noise())
    settled = settle(subject, canvas.square, goal, norm, steps=60, seed=0, limit=limit)
    assert settled.success
    assert settled.size <= limit


def test_too_tight_a_limit_gives_the_photo_back() -> None:
    subject, canvas, goal = under_attack(noise(), confidence=0.99)
    settled = settle(subject, canvas.square, goal, "l0", steps=8, seed=0, limit=1.0)
    assert not settled.success
    assert settled.size == float("inf")
    assert (settled.square == canvas.square).all()


def test_what_fools_already_needs_no_change() -> None:
    subject, canvas, goal = under_attack(noise())
    settled = settle(subject, canvas.square, Goal(goal.targets, goal.labels), "l2", steps=5, seed=0)  # type: ignore[arg-type]
    assert settled.success
    assert settled.size == 0
    assert subject.backwards == 1


def test_without_a_gradient_there_is_no_success_and_no_end_without_end() -> None:
    subject = Subject(ModuleEngine(ConstantNetwork()), 3)
    square = torch.full((1, 3, 4, 4), 100 / 255)
    settled = settle(subject, square, Goal(torch.tensor([0])), "l2", steps=5, seed=0)
    assert not settled.success
    assert subject.backwards == 11


def test_the_same_seed_gives_the_same_square() -> None:
    squares = []
    for _ in range(2):
        subject, canvas, goal = under_attack(noise())
        squares.append(settle(subject, canvas.square, goal, "linf", steps=20, seed=7).square.numpy())
    assert np.array_equal(*squares)
