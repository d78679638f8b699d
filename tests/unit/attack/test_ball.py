"""The points that a budget allows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_attacks import tiny_photos

from enxerto.attack.ball import FEW, farthest, nearest, random_point, steepest, steepest_few
from enxerto.attack.dice import dice_of
from enxerto.attack.norms import NORMS, distance

SIDE = 4


def noise(seed: int, count: int = 3) -> torch.Tensor:
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def limits(norm: str, share: float, count: int = 3) -> torch.Tensor:
    whole = {"linf": 1.0, "l2": 4.0, "l1": 20.0, "l0": 16.0}[norm] * share
    return torch.full((count,), float(round(whole)) if norm == "l0" else whole)


def assert_allowed(pixels: torch.Tensor, points: torch.Tensor, radius: torch.Tensor, norm: str) -> None:
    assert points.min() >= 0
    assert points.max() <= 1
    assert bool((distance(points - pixels, norm) <= radius * (1 + 1e-6) + 1e-6).all())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**20), share=st.floats(0, 1.2), scale=st.floats(0, 3), norm=st.sampled_from(NORMS))
def test_all_points_are_allowed(seed: int, share: float, scale: float, norm: str) -> None:
    pixels, radius, other = tiny_photos(3, SIDE, seed), limits(norm, share), noise(seed)
    assert_allowed(pixels, nearest(pixels, pixels + scale * other, radius, norm), radius, norm)
    assert_allowed(pixels, farthest(pixels, other, radius, norm), radius, norm)
    if norm != "l0":
        assert_allowed(pixels, random_point(pixels, radius, norm, dice_of(pixels, seed, "")), radius, norm)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**20), share=st.floats(0.01, 1), scale=st.floats(0.1, 2))
def test_the_nearest_point_in_l1_is_the_slow_one(seed: int, share: float, scale: float) -> None:
    """By bisection in float64, value by value."""
    pixels, radius = tiny_photos(1, SIDE, seed), limits("l1", share, 1)
    change = scale * noise(seed, 1)
    got = (nearest(pixels, pixels + change, radius, "l1") - pixels).double().numpy().ravel()
    wanted, photo = ((pixels + change) - pixels).double().numpy().ravel(), pixels.double().numpy().ravel()
    room = np.where(wanted > 0, 1 - photo, photo)
    low, high = 0.0, float(np.abs(wanted).max())
    if np.minimum(np.abs(wanted), room).sum() <= float(radius):
        high = 0.0
    for _ in range(200):
        middle = (low + high) / 2
        over = np.minimum(np.maximum(np.abs(wanted) - middle, 0), room).sum() > float(radius)
        low, high = (middle, high) if over else (low, middle)
    expected = np.sign(wanted) * np.minimum(np.maximum(np.abs(wanted) - high, 0), room)
    np.testing.assert_allclose(got, expected, atol=2e-5)


@pytest.mark.parametrize("norm", NORMS)
def test_a_radius_of_zero_allows_the_photo_only(norm: str) -> None:
    pixels, none = tiny_photos(3, SIDE), torch.zeros(3)
    assert torch.equal(nearest(pixels, pixels + noise(0), none, norm), pixels)
    assert torch.equal(farthest(pixels, noise(0), none, norm), pixels)
    if norm != "l0":
        assert torch.equal(random_point(pixels, none, norm, dice_of(pixels, 0, "")), pixels)


@pytest.mark.parametrize("norm", NORMS)
def test_an_allowed_point_is_its_own_nearest(norm: str) -> None:
    pixels, radius = tiny_photos(3, SIDE), limits(norm, 0.4)
    point = nearest(pixels, pixels + noise(0), radius, norm)
    torch.testing.assert_close(nearest(pixels, point, radius, norm), point, atol=1e-5, rtol=0)


@pytest.mark.parametrize("norm", NORMS)
def test_every_photo_has_its_own_radius(norm: str) -> None:
    pixels, small = tiny_photos(3, SIDE), limits(norm, 0.2)
    mixed = small * torch.tensor([0.0, 1.0, 2.0])
    for move in (lambda r: nearest(pixels, pixels + noise(0), r, norm), lambda r: farthest(pixels, noise(0), r, norm)):
        for i in range(3):
            assert torch.equal(move(mixed)[i], move(mixed[i].expand(3))[i])


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9, 2.0])
@pytest.mark.parametrize("norm", NORMS)
def test_no_allowed_point_is_farther_along_the_gradient(norm: str, share: float) -> None:
    """Against 3,000 random allowed points, and against points near the farthest one."""
    pixels, gradient, radius = tiny_photos(1, SIDE, 1), noise(2, 1), limits(norm, share, 1)
    best = (gradient * farthest(pixels, gradient, radius, norm)).sum()
    dice = torch.Generator().manual_seed(0)
    towards = torch.randn(3000, 3, SIDE, SIDE, generator=dice)
    towards[1500:] = 5 * gradient + 3 * towards[1500:]
    many, limit = pixels.expand(3000, -1, -1, -1), radius.expand(3000)
    others = (gradient * nearest(many, many + towards, limit, norm)).flatten(1).sum(1)
    assert float(others.max()) <= float(best) + 1e-4
    assert float(others.max()) > float((gradient * pixels).sum())


def test_the_farthest_point_spends_the_whole_radius_where_there_is_room() -> None:
    pixels, gradient = torch.full((1, 3, SIDE, SIDE), 0.5), noise(0, 1)
    for norm, radius in (("linf", 0.2), ("l2", 0.5), ("l1", 3.3), ("l0", 5.0)):
        point = farthest(pixels, gradient, torch.tensor([radius]), norm)
        assert float(distance(point - pixels, norm)) == pytest.approx(radius, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1.0, 1e30])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_direction_has_length_one_however_small_the_gradient(norm: str, scale: float) -> None:
    direction = steepest(scale * noise(0), norm)
    torch.testing.assert_close(distance(direction, norm), torch.ones(3))
    assert not steepest(torch.zeros(2, 3, SIDE, SIDE), norm).any()


def test_few_values_move_equally_in_the_direction_of_the_largest_gradients() -> None:
    gradient, share = noise(0), torch.tensor([1e-9, 0.25, 1.0])
    direction = steepest_few(gradient, share)
    moved = (direction != 0).flatten(1).sum(1)
    assert moved.tolist() == [1, 12, 48]
    torch.testing.assert_close(distance(direction, "l1"), torch.ones(3))
    for i in range(3):
        size = gradient[i].abs()
        assert size[direction[i] != 0].min() >= size.ravel().sort(descending=True).values[int(moved[i]) - 1]
        assert bool((direction[i].sign() == gradient[i].sign())[direction[i] != 0].all())
    assert not steepest_few(torch.zeros(1, 3, SIDE, SIDE), torch.tensor([0.5])).any()


def test_random_points_differ_by_photo_seed_and_purpose_and_not_by_neighbors() -> None:
    pixels, radius = tiny_photos(3, SIDE), limits("l2", 0.1)
    rolled = [
        random_point(pixels, radius, "l2", dice_of(pixels, *key)) - pixels for key in ((0, "a"), (1, "a"), (0, "b"))
    ]
    everything = torch.cat(rolled)
    apart = (everything[:, None] - everything[None]).flatten(2).abs().amax(2)
    assert float((apart + torch.eye(9)).min()) > 1e-3
    alone = random_point(pixels[1:2], radius[1:2], "l2", dice_of(pixels[1:2], 0, "a")) - pixels[1:2]
    assert torch.equal(alone[0], rolled[0][1])


def test_the_farthest_point_in_l1_is_the_slow_one_where_many_values_move() -> None:
    """One photo needs few of its values, the other most; in order by a stable sort."""
    side = 24
    pixels, radius = tiny_photos(2, side), torch.tensor([3.0, 0.9 * FEW])
    gradient = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    got = (farthest(pixels, gradient, radius, "l1") - pixels).flatten(1).abs()
    slope, room = gradient.flatten(1).abs(), torch.where(gradient > 0, 1 - pixels, pixels).flatten(1)
    for row in range(2):
        left = float(radius[row])
        for value in slope[row].argsort(descending=True, stable=True).tolist():
            assert float(got[row, value]) == pytest.approx(min(left, float(room[row, value])), abs=1e-4)
            left = max(0.0, left - float(room[row, value]))
    assert int((got[1] > 0).sum()) > FEW > int((got[0] > 0).sum())
