from __future__ import annotations

import numpy as np
import pytest

from enxerto.errors import DataError
from enxerto.evaluation.domain import SMALLEST_VARIANCE, domain_distance
from enxerto.evaluation.results import NEAR, Domain, Interval

LAYERS = np.array([0, 0, 1])
MEAN, VARIANCE = np.array([0.0, 1.0, -2.0]), np.array([1.0, 4.0, 0.5])


def moments(shift: float, stretch: float = 1.0, photos: int = 40, seed: int = 0) -> np.ndarray:
    """Of photos with the training's statistics, shifted by standard deviations and stretched."""
    dice = np.random.default_rng(seed)
    values = dice.normal(size=(photos, 500, 3)) * np.sqrt(VARIANCE) * stretch + MEAN + shift * np.sqrt(VARIANCE)
    return np.concatenate([values.mean(axis=1), (values**2).mean(axis=1)], axis=1).astype(np.float32)


def distance(given: np.ndarray) -> Domain:
    return domain_distance(given, moments(3), MEAN, VARIANCE, LAYERS, groups=np.arange(len(given)))


def test_the_distance_is_hellingers_between_gaussians() -> None:
    found = distance(moments(1.0)).distance.value
    # Of N(0, 1) and N(1, 1): 1 - exp(-1/8); Pardo 2005, 1.2. Every channel is shifted by one standard deviation.
    assert found == pytest.approx(np.sqrt(1 - np.exp(-1 / 8)), abs=0.01)


def test_it_is_small_for_what_was_trained_on_and_grows_with_shift_and_spread() -> None:
    for kinds in ([(0, 1), (0.3, 1), (1, 1), (2, 1), (4, 1)], [(0, 1), (0, 1.5), (0, 3), (0, 9)]):
        values = [distance(moments(*how)).distance.value for how in kinds]
        assert values[0] < 0.02
        assert values == sorted(values)
        assert values[-1] < 1
    assert distance(moments(0, 2)).distance.value == pytest.approx(distance(moments(0, 0.5)).distance.value, abs=0.01)


def test_a_channel_that_is_always_zero_is_no_difference() -> None:
    empty = domain_distance(
        np.zeros((3, 2), np.float32), np.ones((3, 2), np.float32), np.zeros(1), np.zeros(1), np.zeros(1, np.int64),
        groups=np.arange(3),
    )  # fmt: skip
    assert empty.distance.value == 0
    assert SMALLEST_VARIANCE > 0


def test_the_interval_holds_the_value_and_is_wider_for_fewer_photos() -> None:
    dice = np.random.default_rng(1)
    photos = np.concatenate([moments(float(shift), photos=1, seed=n) for n, shift in enumerate(dice.normal(size=60))])
    many, few = distance(photos).distance, distance(photos[:8]).distance
    for each in (many, few):
        assert each.low < each.value < each.high
    assert few.high - few.low > many.high - many.low


def test_near_and_far_are_told_on_the_way_to_noise() -> None:
    assert Domain(64, Interval(0.1, 0.08, 0.12), 0.5).share == Interval(0.2, 0.16, 0.24)
    assert not Domain(64, Interval(0.1, 0.08, 0.12), 0.5).far
    assert Domain(64, Interval(NEAR * 0.5, 0.2, 0.3), 0.5).far


def test_no_photo_has_no_distance() -> None:
    with pytest.raises(DataError, match="needs a photo or more, got none"):
        domain_distance(np.empty((0, 6), np.float32), moments(3), MEAN, VARIANCE, LAYERS, groups=np.arange(0))
