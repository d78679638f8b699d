"""What holds for every attack: a row an attack and norm."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from tiny_attacks import ConstantNetwork, ConvolutionNetwork, ModuleEngine, second_choice, subject_of, tiny_photos
from torch import nn

from enxerto.attack.contract import ATTACKS, BUDGET, MINIMAL, Attack, find, names
from enxerto.attack.found import Found
from enxerto.attack.goal import Goal
from enxerto.attack.norms import NORMS, distance
from enxerto.attack.subject import Subject
from enxerto.errors import OptionError, UnknownNameError

ROWS = [pytest.param(attack, norm, id=f"{attack.name}-{norm}") for attack in ATTACKS for norm in attack.norms]
BUDGET_ROWS = [row for row in ROWS if row.values[0].kind == BUDGET]  # type: ignore[union-attr]
RADII = {"linf": 0.08, "l2": 0.6, "l1": 4.0, "l0": 4.0}
"""Enough for most photos of the tiny network, and not for all."""
STEPS = {"square": 150, "autoattack": 3}
FARTHER = {"square": 3.0}
"""As many times the radius for an attack that asks for no gradients."""
COUNT = 4


def attacked(
    attack: Attack, norm: str, subject: Subject, photos: torch.Tensor, goal: Goal, times: float = 1.0, **options: Any
) -> Found:
    """Run it in few steps."""
    options = {"steps": min(STEPS.get(attack.name, 25), attack.steps), "seed": 3, **options}
    if attack.kind == MINIMAL:
        return attack.nearest(subject, photos, goal, norm, **options)
    return attack.within(
        subject, photos, goal, norm, torch.full((len(photos),), times * reach(attack, norm)), **options
    )


def reach(attack: Attack, norm: str) -> float:
    return RADII[norm] * FARTHER.get(attack.name, 1)


def assert_sound(found: Found, photos: torch.Tensor, network: nn.Module) -> None:
    """Success, distances and points agree with one another, with the network, and with the bounds."""
    assert torch.equal(found.pixels, photos)
    assert found.best.dtype == torch.float32
    assert found.best.min() >= 0
    assert found.best.max() <= 1
    logits = torch.from_numpy(ModuleEngine(network).logits(found.best.numpy()))
    assert torch.equal(found.goal.reached(logits), found.success)
    sizes = distance(found.best - photos, found.norm)
    torch.testing.assert_close(found.distances[found.success], sizes[found.success])
    assert not sizes[~found.success].any()
    assert found.distances[~found.success].isinf().all()


@pytest.mark.parametrize("aimed", [False, True])
@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_what_is_found_fools_within_bounds_and_radius(attack: Attack, norm: str, aimed: bool) -> None:
    network, photos = ConvolutionNetwork(), tiny_photos(COUNT)
    subject, goal = subject_of(network, photos)
    goal = second_choice(subject, photos) if aimed else goal
    found = attacked(attack, norm, subject, photos, goal, times=2)
    assert_sound(found, photos, network)
    assert found.success.any()
    assert not found.flat.any()
    if attack.kind == BUDGET:
        assert bool((found.distances[found.success] <= 2 * reach(attack, norm) * (1 + 1e-6)).all())


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_two_and_three_classes(attack: Attack, norm: str, classes: int) -> None:
    network, photos = ConvolutionNetwork(classes, seed=7), tiny_photos(COUNT)
    subject, goal = subject_of(network, photos)
    found = attacked(attack, norm, subject, photos, goal, times=3)
    assert_sound(found, photos, network)
    assert found.success.any()


@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_a_batch_of_one_is_a_batch_of_many(attack: Attack, norm: str) -> None:
    photos = tiny_photos(COUNT)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    together = attacked(attack, norm, subject, photos, goal)
    for row in range(COUNT):
        alone = attacked(attack, norm, subject, photos[row : row + 1], goal.rows(torch.tensor([row])))
        assert alone.success[0] == together.success[row]
        np.testing.assert_allclose(alone.best[0].numpy(), together.best[row].numpy(), atol=1e-5)


@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_the_same_again_and_no_other_randomness(attack: Attack, norm: str) -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[union-attr]
    first = attacked(attack, norm, subject, photos, goal)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])  # type: ignore[arg-type]
    assert torch.equal(attacked(attack, norm, subject, photos, goal).best, first.best)


@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_a_photo_that_fools_already_stays_as_it_is(attack: Attack, norm: str) -> None:
    network, photos = ConvolutionNetwork(), tiny_photos(3)
    subject, goal = subject_of(network, photos)
    labels = torch.stack((goal.labels[0], (goal.labels[1] + 1) % 4, goal.labels[2]))
    found = attacked(attack, norm, subject, photos, Goal(labels))
    assert found.success[1]
    assert found.distances[1] == 0
    assert torch.equal(found.best[1], photos[1])
    assert_sound(found, photos, network)


@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_all_photos_fool_already(attack: Attack, norm: str) -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    found = attacked(attack, norm, subject, photos, Goal((goal.labels + 1) % 4))
    assert found.distances.tolist() == [0, 0]


@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_photos_network_and_goal_come_back_as_they_were(attack: Attack, norm: str) -> None:
    network, photos = ConvolutionNetwork(), tiny_photos(2)
    subject, goal = subject_of(network, photos)
    before = photos.clone(), goal.labels.clone(), [value.clone() for value in network.state_dict().values()]
    attacked(attack, norm, subject, photos, goal)
    assert torch.equal(photos, before[0])
    assert torch.equal(goal.labels, before[1])
    assert all(torch.equal(a, b) for a, b in zip(network.state_dict().values(), before[2], strict=True))
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in network.parameters())
    assert not network.training


@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_a_network_without_gradients_is_reported_not_fooled(attack: Attack, norm: str) -> None:
    photos = tiny_photos(2)
    network = ConstantNetwork()
    subject, goal = subject_of(network, photos)
    found = attacked(attack, norm, subject, photos, goal)
    assert_sound(found, photos, network)
    assert not found.success.any()
    if not attack.black_box:
        assert found.flat.tolist() == [True, True]


class NoNumber(nn.Module):
    """Logits that are not numbers where the first value is large, and gradients that never are."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        broken = pixels.flatten(1).sum(1, keepdim=True) * torch.where(pixels[:, 0, 0, :1] > 0.6, torch.nan, 0.0)
        broken = broken + (pixels.flatten(1).sum(1, keepdim=True) * 0 + 0).sqrt()  # its gradient is 0 times infinity
        return torch.tensor([2.0, 1.0, 0.0, -1.0]) + broken


@pytest.mark.parametrize(("attack", "norm"), ROWS)
def test_what_is_not_a_number_fools_nobody(attack: Attack, norm: str) -> None:
    photos = tiny_photos(3, 4)
    photos[0, 0, 0, 0], photos[1, 0, 0, 0] = 0.9, 0.1
    subject = Subject(ModuleEngine(NoNumber()), 4)
    found = attacked(attack, norm, subject, photos, Goal(torch.zeros(3, dtype=torch.long)))
    assert not found.success.any()
    assert torch.equal(found.best, photos)


@pytest.mark.parametrize(("attack", "norm"), BUDGET_ROWS)
def test_a_radius_of_zero_changes_nothing(attack: Attack, norm: str) -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    found = attacked(attack, norm, subject, photos, goal, times=0, steps=3)
    assert not found.success.any()
    assert torch.equal(found.best, photos)


@pytest.mark.parametrize(("attack", "norm"), BUDGET_ROWS)
def test_every_photo_has_its_own_radius(attack: Attack, norm: str) -> None:
    """Radii from hopeless to ample, for the same photo."""
    one = tiny_photos(1)
    photos = one.expand(3, -1, -1, -1).contiguous()
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    radius = reach(attack, norm) * torch.tensor([0.0, 4.0, 8.0])
    steps = min(STEPS.get(attack.name, 25), attack.steps)
    found = attack.within(subject, photos, goal, norm, radius, steps=steps)
    assert found.success.tolist() == [False, True, True]
    for row in range(3):
        alone = attack.within(subject, one, goal.rows(torch.tensor([row])), norm, radius[row : row + 1], steps=steps)
        np.testing.assert_allclose(alone.best[0].numpy(), found.best[row].numpy(), atol=1e-5)


@pytest.mark.parametrize(("attack", "norm"), [row for row in BUDGET_ROWS if row.values[0].name != "fgsm"])  # type: ignore[union-attr]
def test_more_steps_fool_no_fewer_photos(attack: Attack, norm: str) -> None:
    photos = tiny_photos(6)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    steps = {"square": (5, 40, 200), "autoattack": (1, 3)}.get(attack.name, (1, 4, 16))
    found = [attacked(attack, norm, subject, photos, goal, times=0.7, steps=count).success for count in steps]
    counts = [int(success.sum()) for success in found]
    assert counts == sorted(counts)
    if attack.name in ("ifgsm", "pgd", "square"):  # more steps go on from where fewer end
        assert all(bool((more | ~fewer).all()) for fewer, more in pairwise(found))


@pytest.mark.parametrize(("attack", "norm"), BUDGET_ROWS)
def test_fooled_photos_are_asked_about_no_more(attack: Attack, norm: str) -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    attacked(attack, norm, subject, photos, goal, times=20)
    assert subject.forwards + subject.backwards <= 2 * 40


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.black_box], ids=lambda attack: attack.name)
def test_a_black_box_attack_asks_for_no_gradient(attack: Attack) -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    for norm in attack.norms:
        attacked(attack, norm, subject, photos, goal)
    assert subject.backwards == 0
    assert subject.forwards > 0


def test_names_are_unique_and_every_row_can_be_found_and_says_where_it_comes_from() -> None:
    assert len({attack.name for attack in ATTACKS}) == len({attack.title for attack in ATTACKS}) == len(ATTACKS)
    for attack in ATTACKS:
        assert find(attack.name) is attack
        assert "arXiv:" in attack.reference
        assert set(attack.norms) <= set(NORMS)
        assert attack.kind in (BUDGET, MINIMAL)


def test_every_norm_has_attacks_of_both_kinds() -> None:
    for norm in NORMS:
        for kind in (BUDGET, MINIMAL):
            assert names(norm, kind)
    assert names("l0", BUDGET) == ("fgsm",)


def test_an_unknown_name_lists_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="unknown attack 'agpd'; did you mean apgd"):
        find("agpd")


def ask(name: str, norm: str = "linf", radius: Any = (0.1,), **options: Any) -> Found:
    subject, goal = subject_of(ConvolutionNetwork(), tiny_photos(1))
    return find(name).within(subject, tiny_photos(1), goal, norm, torch.tensor(radius), **options)


def test_a_norm_that_an_attack_cannot_do_is_refused() -> None:
    with pytest.raises(OptionError, match="pgd works in linf and l2 and l1, got 'l0'"):
        ask("pgd", "l0")


@pytest.mark.parametrize("radius", [(-0.1,), (math.nan,), (math.inf,), (0.1, 0.1), 0.1])
def test_impossible_radii_are_refused(radius: Any) -> None:
    with pytest.raises(OptionError, match="`radius` must be a finite number of at least 0 for each of 1 photos, got"):
        ask("pgd", radius=radius)


def test_impossible_steps_and_restarts_are_refused() -> None:
    with pytest.raises(OptionError, match="`steps` must be at least 1, got 0"):
        ask("pgd", steps=0)
    with pytest.raises(OptionError, match="`restarts` must be at least 1, got -1"):
        ask("pgd", restarts=-1)


def test_the_other_kind_of_attack_is_refused_with_those_that_can() -> None:
    subject, goal = subject_of(ConvolutionNetwork(), tiny_photos(1))
    with pytest.raises(OptionError, match="pgd doesn't look for the smallest change; these do in l2: deepfool, .*ddn"):
        find("pgd").nearest(subject, tiny_photos(1), goal, "l2")
    with pytest.raises(OptionError, match="ddn doesn't work within a radius; these do in l0: fgsm"):
        ask("ddn", "l0")
