"""Attacks within a budget against answers that can't lie: closed forms, search over a grid, another library."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_attacks import ConvolutionNetwork, FlatNetwork, linear_network, subject_of, tiny_photos

from enxerto.attack import apgd, fgsm, pgd, square
from enxerto.attack.found import Found

Flat = NDArray[np.float64]
RADII = {"linf": (0.01, 0.02, 0.03, 0.05), "l2": (0.1, 0.2, 0.35, 0.5), "l1": (0.5, 1.0, 2.0, 3.5)}


def largest_gain(weight: Flat, room: Flat, radius: float, norm: str) -> float:
    """How much a linear function can rise within radius and bounds; in float64, from the optimality conditions."""
    slope = np.abs(weight)
    if norm == "linf":
        return float((slope * np.minimum(room, radius)).sum())
    if norm == "l0":
        return float(np.sort((slope * room).reshape(3, -1).sum(0))[::-1][: int(radius)].sum())
    if norm == "l1":
        gain, left = 0.0, radius
        for index in np.argsort(-slope):
            taken = min(left, room[index])
            gain, left = gain + slope[index] * taken, left - taken
        return float(gain)
    if (room**2).sum() <= radius**2:
        return float((slope * room).sum())
    low, high = 0.0, 1e6
    for _ in range(200):
        scale = (low + high) / 2
        low, high = (low, scale) if (np.minimum(slope * scale, room) ** 2).sum() > radius**2 else (scale, high)
    return float((slope * np.minimum(slope * low, room)).sum())


def smallest_radius(weight: Flat, photo: Flat, missing: float, norm: str) -> float:
    """From which radius on the linear function can rise by what is missing."""
    room = np.where(weight > 0, 1 - photo, photo)
    if norm == "l0":
        return next(float(count) for count in range(1, 200) if largest_gain(weight, room, count, norm) > missing)
    low, high = 0.0, 200.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if largest_gain(weight, room, middle, norm) > missing else (middle, high)
    return high


@pytest.mark.parametrize("active", [False, True], ids=["bounds far", "bounds active"])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("norm", ["linf", "l2", "l1", "l0"])
def test_the_smallest_radius_of_a_linear_network_is_found(norm: str, classes: int, active: bool) -> None:
    """Two percent more than needed is enough, two percent less is not."""
    photos = tiny_photos(5, 6, low=0.0, high=0.1) if active else tiny_photos(5, 6, low=0.4, high=0.6)
    network = linear_network(classes)
    subject, goal = subject_of(network, photos)
    weight, logits = network.weight.double().numpy(), subject.logits(photos).double().numpy()
    needed = []
    for photo, label, logit in zip(photos.double().numpy(), goal.labels.tolist(), logits, strict=True):
        others = [other for other in range(classes) if other != label]
        needed.append(
            min(
                smallest_radius(weight[other] - weight[label], photo.ravel(), logit[label] - logit[other], norm)
                for other in others
            )
        )
    radius = torch.tensor(needed, dtype=torch.float32)
    more, less = (radius, radius - 1) if norm == "l0" else (1.02 * radius, 0.98 * radius)
    attacks: list[Callable[..., Found]] = [apgd.run_targeted]
    if norm == "l0":
        attacks = [fgsm.run] if classes == 2 else []
    elif classes == 2:
        attacks += [fgsm.run, pgd.run, pgd.run_from_photo, apgd.run, apgd.run_logit_ratio]
    for attack in attacks:
        steps = 100
        assert attack(subject, photos, goal, norm, more, steps=steps).success.all(), attack
        assert not attack(subject, photos, goal, norm, less, steps=steps).success.any(), attack


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_where_a_search_over_a_grid_finds_something_attacks_do_too(norm: str) -> None:
    """The network reads two values: 201 x 201 points of the square around each photo."""
    photos = tiny_photos(12, 2, seed=1)[:, :, :1]
    network = FlatNetwork()
    subject, goal = subject_of(network, photos)
    size = torch.tensor([0.05, 0.1, 0.15, 0.25]).repeat(3)
    found = apgd.run_targeted(subject, photos, goal, norm, size, steps=50, restarts=3)
    blind = square.run(subject, photos, goal, norm, size, steps=400)
    expected = torch.tensor(
        [grid_fools(network, photos[i], int(goal.labels[i]), float(size[i]), norm) for i in range(12)]
    )
    assert 3 <= int(expected.sum()) <= 9
    assert bool((found.success | ~expected).all())
    assert bool((found.success | ~blind.success).all())
    if norm == "linf":
        assert int(blind.success.sum()) >= int(expected.sum()) - 1
    beyond = torch.tensor(
        [grid_fools(network, photos[i], int(goal.labels[i]), 1.05 * float(size[i]), norm) for i in range(12)]
    )
    assert bool((beyond | ~found.success).all())


def grid_fools(network: FlatNetwork, photo: torch.Tensor, label: int, radius: float, norm: str) -> bool:
    line = torch.linspace(-radius, radius, 201)
    change = torch.cartesian_prod(line, line)
    inside = torch.linalg.vector_norm(change, ord={"linf": torch.inf, "l2": 2, "l1": 1}[norm], dim=1) <= radius
    points = photo.flatten()[:2] + change[inside]
    points = points[((points >= 0) & (points <= 1)).all(1)]
    with torch.no_grad():
        return bool((network(points).argmax(1) != label).any())


@cache
def foolbox_robust(norm: str) -> tuple[int, ...]:
    """How many of the photos its PGD leaves right, a number a radius."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import foolbox

    attacks = {
        "linf": foolbox.attacks.LinfPGD,
        "l2": foolbox.attacks.L2ProjectedGradientDescentAttack,
        "l1": foolbox.attacks.L1ProjectedGradientDescentAttack,
    }
    photos = tiny_photos(40)
    network = ConvolutionNetwork().eval()
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        _, _, fooled = attacks[norm](steps=40)(model, photos, network(photos).argmax(1), epsilons=list(RADII[norm]))
    return tuple((~fooled).sum(1).tolist())


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
@pytest.mark.parametrize("attack", [pgd.run, apgd.run, apgd.run_logit_ratio, apgd.run_targeted])
def test_no_more_photos_stay_right_than_with_foolbox(attack: Callable[..., Found], norm: str) -> None:
    photos = tiny_photos(40)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    left = [
        len(attack(subject, photos, goal, norm, torch.full((40,), radius), steps=40).open) for radius in RADII[norm]
    ]
    assert left == sorted(left, reverse=True)
    assert 0 < left[0] < 40
    assert all(ours <= theirs for ours, theirs in zip(left, foolbox_robust(norm), strict=True)), foolbox_robust(norm)
