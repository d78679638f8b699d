"""Attacks that look for the smallest change against answers that can't lie: closed forms, a grid, another library."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_attacks import ConvolutionNetwork, FlatNetwork, linear_network, subject_of, tiny_photos

from enxerto.attack import carlini_wagner, ddn, deepfool, fab, fmn, pdpgd, sigma_zero
from enxerto.attack.found import Found
from enxerto.attack.minimal import minimal

Flat = NDArray[np.float64]
Run = Callable[..., Found]
LINEAR = [
    (minimal, "linf", 1.02),
    (minimal, "l2", 1.02),
    (minimal, "l1", 1.02),
    (minimal, "l0", 1.0),
    (fab.run, "linf", 1.02),
    (fab.run, "l2", 1.02),
    (fab.run, "l1", 1.02),
    (fmn.run, "linf", 1.02),
    (fmn.run, "l2", 1.02),
    (fmn.run, "l1", 1.3),
    (fmn.run, "l0", 1.5),
    (ddn.run, "l2", 1.02),
    (deepfool.run, "linf", 1.02),
    (deepfool.run, "l2", 1.02),
    (pdpgd.run, "linf", 1.05),
    (pdpgd.run, "l2", 1.05),
    (pdpgd.run, "l1", 1.2),
    (carlini_wagner.run, "l2", 1.6),
    (sigma_zero.run, "l0", 1.5),
]


def nearest_in_norm(weight: Flat, short: float, room: Flat, norm: str) -> float:
    """The smallest change within bounds that raises a linear function by `short`; in float64, by its optimality."""
    slope = np.abs(weight)
    if norm == "l1":
        return greedy(slope, room, short, room)
    if norm == "l0":
        gain = np.sort((slope * room).reshape(3, -1).sum(0))[::-1]
        return float(np.searchsorted(gain.cumsum(), short) + 1)
    low, high = 0.0, 1e6
    for _ in range(200):
        scale = (low + high) / 2
        moved = np.minimum(scale if norm == "linf" else scale * slope, room)
        low, high = (low, scale) if (slope * moved).sum() >= short else (scale, high)
    return high if norm == "linf" else float(np.linalg.norm(np.minimum(high * slope, room)))


def greedy(slope: Flat, room: Flat, short: float, cost: Flat) -> float:
    used = 0.0
    for index in np.argsort(-slope):
        gain = slope[index] * room[index]
        if gain >= short:
            return used + short / slope[index]
        used, short = used + cost[index], short - gain
    return np.inf


def optimum(network: torch.nn.Module, photo: torch.Tensor, label: int, norm: str) -> float:
    weight, bias = network.weight.detach().double().numpy(), network.bias.detach().double().numpy()
    values = photo.flatten().double().numpy()
    logits = weight @ values + bias
    answers = []
    for other in range(len(bias)):
        if other != label:
            slope = weight[other] - weight[label]
            room = np.where(slope > 0, 1 - values, values)
            answers.append(nearest_in_norm(slope, float(logits[label] - logits[other]), room, norm))
    return min(answers)


@pytest.mark.parametrize(("low", "high"), [(0.4, 0.6), (0.0, 1.0)], ids=["inside", "at the bounds"])
@pytest.mark.parametrize(("run", "norm", "ratio"), LINEAR, ids=[f"{r.__module__[15:]}-{n}" for r, n, _ in LINEAR])
def test_a_linear_network_is_fooled_by_the_smallest_change(
    run: Run, norm: str, ratio: float, low: float, high: float
) -> None:
    photos = tiny_photos(4, 6, low=low, high=high)
    if low == 0:
        photos = (photos * 3 - 1).clamp(0, 1)  # two thirds of the values at a bound
    network = linear_network(4)
    subject, goal = subject_of(network, photos)

    found = run(subject, photos, goal, norm, steps=100, seed=0)

    best = [optimum(network, photo, int(y), norm) for photo, y in zip(photos, goal.labels, strict=True)]
    shares = [float(d) / b for d, b in zip(found.distances, best, strict=True)]
    assert min(shares) > 0.999
    assert float(np.median(shares)) <= ratio, shares


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_no_grid_finds_a_smaller_change_nearby(norm: str) -> None:
    """A network of two values, everything else costs and does nothing: no gap in the boundary close to what was found.

    Its boundary is curved and its hidden values saturate, so a search by gradients may end at another part of the
    boundary than the nearest, and for one photo in sixteen it may stop short.
    """
    axis = torch.linspace(0, 1, 401)
    plane = torch.cartesian_prod(axis, axis)
    order, nearest = {"linf": torch.inf, "l2": 2.0, "l1": 1.0}[norm], []
    nearby: list[bool] = []
    for seed in range(4):
        photos, network = tiny_photos(4, 1, seed=seed), FlatNetwork(3, seed)
        subject, goal = subject_of(network, photos)
        found = minimal(subject, photos, goal, norm, steps=100, seed=0)
        answers = network(torch.cat([plane, torch.zeros(len(plane), 1)], 1).view(-1, 3, 1, 1)).argmax(1)
        for photo, label, best, got in zip(photos, goal.labels, found.best, found.distances, strict=True):
            away = torch.linalg.vector_norm(plane - photo.flatten()[:2], ord=order, dim=1)
            away[answers == label] = torch.inf
            close = (plane - best.flatten()[:2]).abs().amax(1) < 0.04
            nearby.append(float(got) <= float(away[close].min()) * 1.02 + 1e-3)
            nearest.append(float(got) <= float(away.min()) * 1.02 + 1e-3)
    assert sum(nearby) >= len(nearby) - 1
    assert sum(nearest) >= 0.6 * len(nearest)


RIVALS = [
    (ddn.run, "l2", "DDNAttack", {"steps": 100}),
    (fmn.run, "linf", "LInfFMNAttack", {"steps": 100}),
    (fmn.run, "l2", "L2FMNAttack", {"steps": 100}),
    (fmn.run, "l1", "L1FMNAttack", {"steps": 100}),
    (carlini_wagner.run, "l2", "L2CarliniWagnerAttack", {"binary_search_steps": 3, "steps": 34, "initial_const": 1}),
    (deepfool.run, "linf", "LinfDeepFoolAttack", {"steps": 50}),
    (deepfool.run, "l2", "L2DeepFoolAttack", {"steps": 50}),
    (minimal, "linf", "LInfFMNAttack", {"steps": 100}),
    (minimal, "l2", "DDNAttack", {"steps": 100}),
    (minimal, "l1", "EADAttack", {"binary_search_steps": 3, "steps": 34}),
]


@pytest.mark.parametrize(
    ("run", "norm", "name", "options"), RIVALS, ids=[f"{r.__module__[15:]}-{name}" for r, _, name, _ in RIVALS]
)
def test_foolbox_finds_nothing_smaller_in_as_many_steps(
    run: Run, norm: str, name: str, options: dict[str, Any]
) -> None:
    photos, network = tiny_photos(8, seed=3), ConvolutionNetwork(5, seed=3)
    subject, goal = subject_of(network, photos)

    ours = run(subject, photos, goal, norm, steps=100, seed=0).distances
    order = {"linf": torch.inf, "l2": 2.0, "l1": 1.0}[norm]
    theirs = torch.linalg.vector_norm(foolbox_change(name, options, network, photos, goal.labels), ord=order, dim=1)

    assert float(ours.median()) <= float(theirs.median()) * 1.02


def foolbox_change(
    name: str, options: dict[str, Any], network: torch.nn.Module, photos: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports names that SciPy deprecates
        import foolbox

        model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
        _, points, fooled = getattr(foolbox.attacks, name)(**options)(model, photos, labels, epsilons=None)
    change = (points - photos).flatten(1)
    change[~fooled] = torch.inf
    return change
