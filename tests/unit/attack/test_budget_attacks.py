"""Attacks within a budget, on networks whose answer is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from tiny_attacks import (
    ConvolutionNetwork,
    LinearNetwork,
    ModuleEngine,
    linear_network,
    second_choice,
    subject_of,
    tiny_photos,
)

from enxerto.attack import apgd, autoattack, fgsm, pgd, square
from enxerto.attack.apgd_walk import checkpoints
from enxerto.attack.found import Found
from enxerto.attack.goal import Goal
from enxerto.attack.norms import distance
from enxerto.attack.square_proposal import first_point, hump, next_point
from enxerto.attack.subject import Subject

RANDOM = [pgd.run, apgd.run, apgd.run_logit_ratio, apgd.run_targeted]


def radius_of(value: float, count: int) -> torch.Tensor:
    return torch.full((count,), value)


def test_fgsm_is_the_sign_of_the_gradient_where_there_is_room() -> None:
    photos = tiny_photos(3, 6, low=0.4, high=0.6)
    network = linear_network(2)
    subject, goal = subject_of(network, photos)
    found = fgsm.run(subject, photos, goal, "linf", radius_of(0.3, 3), steps=1, restarts=1, seed=0)
    assert found.success.all()
    away = (network.weight[1] - network.weight[0]).sign() * (1 - 2 * goal.labels[:, None])
    torch.testing.assert_close((found.best - photos).flatten(1), 0.3 * away.detach())
    assert (subject.forwards, subject.backwards) == (6, 3)


@pytest.mark.parametrize("attack", RANDOM)
def test_another_seed_and_another_restart_begin_elsewhere(attack: Callable[..., Found]) -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(), photos)

    def run(**options: Any) -> torch.Tensor:
        return attack(subject, photos, goal, "linf", radius_of(0.5, 2), steps=1, **options).best

    assert not torch.equal(run(restarts=1, seed=0), run(restarts=1, seed=1))


@pytest.mark.parametrize("attack", [pgd.run, apgd.run, square.run])
def test_restarts_are_for_photos_that_do_not_fool_yet(attack: Callable[..., Found]) -> None:
    photos = tiny_photos(1)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    for radius, ratio in ((0.0, 3.0), (1.0, 1.0)):
        asked = []
        for restarts in (1, 3):
            before = subject.forwards
            attack(subject, photos, goal, "linf", radius_of(radius, 1), steps=8, restarts=restarts, seed=0)
            asked.append(subject.forwards - before - 1)
        assert asked[1] == ratio * asked[0]


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_a_targeted_goal_ends_in_its_target(norm: str) -> None:
    photos = tiny_photos(4)
    subject, _ = subject_of(ConvolutionNetwork(), photos)
    goal = second_choice(subject, photos)
    for attack in RANDOM:
        found = attack(subject, photos, goal, norm, radius_of({"linf": 0.2, "l2": 2, "l1": 15}[norm], 4), steps=20)
        assert found.success.all()
        assert goal.targets is not None
        assert subject.logits(found.best).argmax(1).tolist() == goal.targets.tolist()


def test_confidence_is_reached_not_only_the_class() -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    sure = Goal(goal.labels, None, 0.9)
    found = apgd.run(subject, photos, sure, "linf", radius_of(0.3, 3), steps=40)
    assert found.success.all()
    logits = subject.logits(found.best)
    assert float(logits.softmax(1).amax(1).min()) >= 0.9
    assert (logits.argmax(1) != goal.labels).all()


@pytest.mark.parametrize(("classes", "rounds"), [(2, 1), (3, 2), (12, 9)])
def test_as_many_targets_as_there_are_classes_beside_the_label_at_most_nine(classes: int, rounds: int) -> None:
    photos = tiny_photos(1)
    subject, goal = subject_of(ConvolutionNetwork(classes, seed=7), photos)
    apgd.run_targeted(subject, photos, goal, "linf", torch.zeros(1), steps=3)
    assert subject.backwards == rounds * (3 + 1)


def test_the_ratio_needs_no_large_gradient() -> None:
    """Logits so large that the cross-entropy's gradient is zero in float32: reported, and DLR finds the way."""
    photos = tiny_photos(2, 6)
    network = linear_network(3)
    huge = LinearNetwork(1e5 * network.weight.detach(), 1e5 * network.bias.detach())
    subject, goal = subject_of(huge, photos)
    radius = radius_of(0.3, 2)
    blind = pgd.run(subject, photos, goal, "linf", 0.01 * radius, steps=5)
    assert blind.flat.tolist() == [True, True]
    found = apgd.run_logit_ratio(subject, photos, goal, "linf", radius, steps=20)
    assert found.success.all()
    assert not found.flat.any()


def test_checkpoints_come_closer_and_no_closer_than_a_least_gap() -> None:
    assert sorted(checkpoints(100, "linf")) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert sorted(checkpoints(100, "l1")) == list(range(4, 101, 4))
    assert sorted(checkpoints(3, "l2")) == [1, 2, 3]


def test_autoattack_s_members_see_only_what_is_left() -> None:
    photos = tiny_photos(6)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    radius = torch.tensor([0.0, 0.01, 0.02, 0.04, 0.08, 0.2])
    left, names, seen = [], [], [subject.forwards]
    for name, found in autoattack.stages(subject, photos, goal, "linf", radius, steps=4):
        names.append(name)
        left.append(len(found.open))
        seen.append(subject.forwards)
    assert names == ["clean", "apgd-ce", "apgd-targeted", "fab-targeted", "square"]
    assert left == sorted(left, reverse=True)
    assert left[0] == 6
    assert 1 <= left[1] < 6
    assert seen[2] - seen[1] <= 6 * 6
    assert seen[5] - seen[4] <= left[3] * (autoattack.QUERIES * 4 + 1)


def test_autoattack_ends_when_every_photo_fools() -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    stages = autoattack.stages(subject, photos, goal, "linf", radius_of(0.3, 3), steps=20)
    assert [name for name, _ in stages] == ["clean", "apgd-ce"]
    found = autoattack.run(subject, photos, Goal((goal.labels + 1) % 4), "linf", radius_of(0.3, 3))
    assert found.distances.tolist() == [0, 0, 0]


def test_what_fab_finds_beyond_the_radius_does_not_count() -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    found = autoattack.run(subject, photos, goal, "l2", radius_of(1e-3, 3), steps=5)
    assert not found.success.any()
    assert torch.equal(found.best, photos)


def test_square_s_share_falls_by_halves() -> None:
    shares = [square.share_of(query) for query in (0, 10, 11, 50, 51, 201, 8001)]
    assert shares == [0.8, 0.8, 0.4, 0.4, 0.2, 0.1, 0.8 / 512]


@pytest.mark.parametrize(("height", "width"), [(1, 2), (3, 3), (8, 8), (9, 14), (20, 20)])
@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_square_s_points_are_allowed_and_spend_the_radius(norm: str, height: int, width: int) -> None:
    dice = torch.Generator().manual_seed(0)
    photo = 0.3 + 0.4 * torch.rand(3, height, width, generator=dice)
    radius = {"linf": 0.05, "l2": 0.1, "l1": 0.2}[norm]
    point = first_point(photo, radius, norm, dice)
    for share in (1.0, 0.8, 0.2, 0.01):
        following = next_point(photo, point, radius, norm, share, dice)
        for each in (point, following):
            assert float(distance((each - photo)[None], norm)) == pytest.approx(radius, rel=1e-4)
        point = following


def test_a_square_of_one_color_is_all_that_changes() -> None:
    dice = torch.Generator().manual_seed(0)
    photo = torch.full((3, 10, 10), 0.5)
    following = next_point(photo, photo, 0.1, "linf", 0.16, dice)
    changed = (following != photo).any(0)
    assert int(changed.sum()) == 16
    assert all(len(channel[changed].unique()) == 1 for channel in following)
    torch.testing.assert_close((following - photo).abs().amax(0)[changed], torch.full((16,), 0.1))


def test_a_hump_is_up_and_down_with_length_one() -> None:
    for norm, power in (("l2", 2), ("l1", 1)):
        for side in (1, 2, 3, 7):
            made = hump(side, norm, torch.Generator().manual_seed(side))
            assert float((made.abs() ** power).sum()) == pytest.approx(1, rel=1e-5)
            assert side == 1 or (bool((made > 0).any()) and bool((made < 0).any()))


def test_square_asks_a_photo_no_more_often_than_it_may() -> None:
    photos = tiny_photos(2)
    subject = Subject(ModuleEngine(ConvolutionNetwork()), 4)
    goal = Goal(subject.logits(photos).argmax(1))
    before = subject.forwards
    square.run(subject, photos, goal, "linf", torch.zeros(2), steps=7, restarts=2)
    assert subject.forwards - before == 2 * (1 + 2 * 7)
