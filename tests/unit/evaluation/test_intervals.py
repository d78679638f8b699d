import numpy as np
import pytest

from enxerto.errors import OptionError
from enxerto.evaluation import intervals as module
from enxerto.evaluation.intervals import (
    effective_photos,
    mean_interval,
    paired_difference,
    percentile_interval,
    resampled_weights,
    wider,
    wilson,
)
from enxerto.evaluation.results import Interval


@pytest.mark.parametrize(
    ("right", "photos", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_published_figures(right, photos, low, high):
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3.
    interval = wilson(right / photos, photos)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))
    assert interval.low <= interval.value <= interval.high


def test_of_no_photos_nothing_is_known():
    assert wilson(0.0, 0) == Interval(0.0, 0.0, 1.0)
    assert mean_interval(np.zeros(0, bool), np.zeros(0, int)) == Interval(0.0, 0.0, 1.0)


def test_a_count_is_no_share():
    with pytest.raises(OptionError, match=r"\[0, 1\], got 17"):
        wilson(17, 20)


def test_groups_that_agree_count_once():
    correct = np.repeat(np.arange(40) % 4 > 0, 5)
    groups = np.repeat(np.arange(40), 5)
    assert effective_photos(correct.astype(float), groups) == pytest.approx(40)
    assert mean_interval(correct, groups).low == pytest.approx(wilson(0.75, 40).low)


def test_groups_that_tell_nothing_count_in_full():
    values = np.tile([1.0, 0.0, 1.0, 0.0], 30)
    assert effective_photos(values, np.repeat(np.arange(30), 4)) == pytest.approx(120)


def test_where_every_photo_is_right_a_group_counts_once():
    interval = mean_interval(np.ones(100, bool), np.repeat(np.arange(20), 5))
    assert interval.low == pytest.approx(wilson(1.0, 20).low)


def test_paired_difference_combines_score_intervals_with_the_correlation():
    # Newcombe's formula, from the counts: both right 36, only the first 12, only the second 2, neither 5.
    first = np.repeat([True, True, False, False], [36, 12, 2, 5])
    second = np.repeat([True, False, True, False], [36, 12, 2, 5])
    phi = (36 * 5 - 12 * 2) / (48 * 7 * 38 * 17) ** 0.5
    one, other = wilson(48 / 55, 55), wilson(38 / 55, 55)
    below, above = one.value - one.low, other.high - other.value
    interval = paired_difference(first, second, np.arange(55))
    assert interval.value == pytest.approx(10 / 55)
    assert interval.low == pytest.approx(10 / 55 - (below**2 - 2 * phi * below * above + above**2) ** 0.5)
    below, above = one.high - one.value, other.value - other.low
    assert interval.high == pytest.approx(10 / 55 + (below**2 - 2 * phi * below * above + above**2) ** 0.5)


def test_equal_answers_differ_less_than_unrelated_ones():
    generator = np.random.default_rng(0)
    first, second = generator.random((2, 200)) < 0.7
    same, unrelated = (paired_difference(first, other, np.arange(200)) for other in (first, second))
    assert same.value == 0
    assert same.high - same.low < 0.02 < 0.1 < unrelated.high - unrelated.low


def test_a_difference_of_all_is_not_certain():
    interval = paired_difference(np.ones(20, bool), np.zeros(20, bool), np.arange(20))
    assert interval.value == interval.high == 1.0
    assert interval.low < 0.85


def test_whole_groups_are_drawn(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_WEIGHTS", 18)
    groups = np.array([0, 0, 1, 2, 2, 2])
    blocks = list(resampled_weights(groups, resamples=8, seed=3))
    assert [len(block) for block in blocks] == [3, 3, 2]
    weights = np.concatenate(blocks)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert len(np.unique(weights, axis=0)) > 3


def test_the_middle_of_the_redrawn_values_and_the_value_itself():
    redrawn = np.append(np.linspace(0, 1, 1001), np.nan)
    assert percentile_interval(0.5, redrawn) == Interval(0.5, pytest.approx(0.025), pytest.approx(0.975))
    assert percentile_interval(0.99, redrawn).high == 0.99
    assert percentile_interval(0.3, np.array([np.nan])) == Interval(0.3, 0.3, 0.3)


def test_the_wider_of_two():
    assert wider(Interval(0.5, 0.4, 0.6), Interval(0.1, 0.3, 0.55)) == Interval(0.5, 0.3, 0.6)
