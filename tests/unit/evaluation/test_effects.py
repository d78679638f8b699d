import numpy as np
import pytest
from scipy import stats

from enxerto.errors import DataError
from enxerto.evaluation.effects import paired_effect
from enxerto.evaluation.results import Interval


def width(interval):
    return interval.high - interval.low


def test_with_one_seed_it_is_the_paired_t_interval_over_photos():
    differences = np.random.default_rng(0).normal(size=(30, 1))
    low, high = stats.ttest_1samp(differences[:, 0], 0).confidence_interval(0.95)
    interval = paired_effect(differences)
    assert interval == Interval(differences.mean(), pytest.approx(low), pytest.approx(high))


def test_seeds_that_agree_on_every_photo_add_nothing():
    differences = np.random.default_rng(0).normal(size=(30, 1))
    once, thrice = paired_effect(differences), paired_effect(np.repeat(differences, 3, axis=1))
    assert (thrice.low, thrice.high) == (pytest.approx(once.low), pytest.approx(once.high))


def test_where_only_seeds_differ_it_is_the_t_interval_over_seeds():
    seeds = np.array([0.1, 0.3, 0.2])
    low, high = stats.ttest_1samp(seeds, 0).confidence_interval(0.95)
    interval = paired_effect(np.tile(seeds, (50, 1)))
    assert interval == Interval(pytest.approx(0.2), pytest.approx(low), pytest.approx(high))


def test_photos_and_seeds_are_added_with_satterthwaites_degrees_of_freedom():
    differences = np.add.outer(np.array([-1.0, 0.0, 1.0, 2.0]), np.array([0.0, 1.0]))
    photos, seeds = (5 / 3) / 4, 0.5 / 2
    freedom = (photos + seeds) ** 2 / (photos**2 / 3 + seeds**2 / 1)
    half = stats.t.ppf(0.975, freedom) * (photos + seeds) ** 0.5
    assert paired_effect(differences) == Interval(1.0, pytest.approx(1 - half), pytest.approx(1 + half))


def test_copies_of_a_photo_count_once():
    differences = np.random.default_rng(0).normal(size=(20, 1))
    once = paired_effect(differences)
    copied = paired_effect(np.repeat(differences, 4, axis=0), np.repeat(np.arange(20) * 7, 4))
    assert (copied.low, copied.high) == (pytest.approx(once.low), pytest.approx(once.high))
    assert width(paired_effect(np.repeat(differences, 4, axis=0))) < 0.6 * width(copied)


def test_that_no_photo_changed_does_not_prove_that_none_does():
    few, many = (paired_effect(np.zeros((photos, 3)), shares=True) for photos in (20, 500))
    assert few.value == many.value == 0
    half = stats.t.ppf(0.975, 21) * (2 / 21 / 22) ** 0.5  # of 20 zeros, one +1 and one -1
    assert (few.low, few.high) == (pytest.approx(-half), pytest.approx(half))
    assert many.high < 0.01
    assert paired_effect(np.zeros((20, 3))) == Interval(0.0, 0.0, 0.0)


def test_shares_stay_within_their_bounds_and_hold_their_value():
    interval = paired_effect(np.ones((5, 1)), shares=True)
    assert interval.value == interval.high == 1.0
    assert -0.5 < interval.low < 0.5


def test_nothing_can_be_said_from_one_photo_or_group():
    with pytest.raises(DataError, match=r"at least 2 photos of different groups and a seed, got shape \(1, 3\)"):
        paired_effect(np.zeros((1, 3)))
    with pytest.raises(DataError, match="different groups"):
        paired_effect(np.zeros((5, 3)), np.full(5, 4))
    with pytest.raises(DataError, match=r"got shape \(5, 0\)"):
        paired_effect(np.zeros((5, 0)))


def test_a_run_that_diverged_is_left_out_by_the_caller():
    with pytest.raises(DataError, match="must be finite; leave out the pairs of runs that diverged"):
        paired_effect(np.array([[0.0], [np.nan]]))
