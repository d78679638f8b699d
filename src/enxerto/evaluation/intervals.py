"""Intervals of 95 % confidence, also where photos come in groups."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import OptionError
from enxerto.evaluation.results import Interval

Z = 1.959963984540054
RESAMPLES = 1000
BLOCK_WEIGHTS = 4_000_000


def wilson(share: float, photos: float) -> Interval:
    """Wilson's score interval of a share; of no photos at all it is [0, 1].

    Args:
        share: observed, in [0, 1].
        photos: how many independent ones it was observed on; need not be whole.

    Raises:
        OptionError: the share is outside [0, 1].

    Reference: Wilson 1927; Brown, Cai, DasGupta 2001, section 3.1.1.
    """
    if not 0 <= share <= 1:
        raise OptionError(f"`share` must lie in [0, 1], got {share}; pass a proportion, not a count")
    if photos <= 0:
        return Interval(share, 0.0, 1.0)
    squared = Z**2 / photos
    center = (share + squared / 2) / (1 + squared)
    half = Z / (1 + squared) * np.sqrt(share * (1 - share) / photos + squared / (4 * photos))
    return Interval(share, float(max(0.0, min(share, center - half))), float(min(1.0, max(share, center + half))))


def effective_photos(values: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """How many independent photos tell as much about the mean of `values` as these do.

    The number of photos divided by the design effect: the variance of the mean when whole groups are drawn, over the
    variance when single photos are. It lies between 1 and the largest value it can take, where all photos of a group
    agree; that largest value is taken where the values don't vary.

    Args:
        values: one a photo, float64, shape (photos,).
        groups: int64 group numbers, shape (photos,).

    Reference: Kish 1965, section 8.2; Dean & Pagano 2015 for score intervals of clustered data.
    """
    photos = len(values)
    sizes = np.bincount(groups)
    largest = float((sizes**2).sum() / photos)
    variance = float(values.var()) * photos
    if largest == 1 or variance == 0:
        return photos / largest
    residuals = np.bincount(groups, values - values.mean())
    count = int((sizes > 0).sum())
    clustered = float((residuals**2).sum()) * count / max(count - 1, 1)
    return photos / min(max(clustered / variance, 1.0), largest)


def mean_interval(correct: NDArray[np.bool_], groups: NDArray[np.int64]) -> Interval:
    """Wilson's interval of the share of `correct` photos, with the effective number of photos.

    Args:
        correct: bool, shape (photos,).
        groups: int64 group numbers, shape (photos,).
    """
    if not len(correct):
        return Interval(0.0, 0.0, 1.0)
    return wilson(float(correct.mean()), effective_photos(correct.astype(np.float64), groups))


def paired_difference(first: NDArray[np.bool_], second: NDArray[np.bool_], groups: NDArray[np.int64]) -> Interval:
    """Difference of two accuracies on the same photos: `first` minus `second`.

    Args:
        first: which photos the one got right, bool, shape (photos,).
        second: which photos the other got right.
        groups: int64 group numbers, shape (photos,).

    Reference: Newcombe 1998, Statistics in Medicine 17, method 10 (score intervals combined, with the correlation of
    the pairs).
    """
    one, other = mean_interval(first, groups), mean_interval(second, groups)
    spread = float(first.std() * second.std())
    covariance = float((first & second).mean() - first.mean() * second.mean())
    correlation = covariance / spread if spread > 0 else 0.0

    def reach(a: float, b: float) -> float:
        return float(np.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b)))

    difference = one.value - other.value
    low = difference - reach(one.value - one.low, other.high - other.value)
    high = difference + reach(one.high - one.value, other.value - other.low)
    return Interval(difference, max(-1.0, low), min(1.0, high))


def resampled_weights(
    groups: NDArray[np.int64], *, resamples: int = RESAMPLES, seed: int = 0
) -> Iterator[NDArray[np.float64]]:
    """Bootstrap: how often each photo is drawn when whole groups are drawn with replacement.

    Args:
        groups: int64 group numbers without gaps, shape (photos,).
        resamples: how many draws.
        seed: of the draws.

    Yields:
        float64, shape (some draws, photos), until there were `resamples` draws.
    """
    generator = np.random.default_rng(seed)
    count = int(groups.max()) + 1
    block = max(1, BLOCK_WEIGHTS // len(groups))
    for first in range(0, resamples, block):
        draws = min(block, resamples - first)
        drawn = generator.integers(0, count, size=(draws, count)) + np.arange(draws)[:, None] * count
        times = np.bincount(drawn.reshape(-1), minlength=draws * count).reshape(draws, count)
        yield times[:, groups].astype(np.float64)


def percentile_interval(value: float, resampled: NDArray[np.float64]) -> Interval:
    """The middle 95 % of resampled values, and the value itself.

    Args:
        value: observed.
        resampled: float64, shape (resamples,); NaN where a resample leaves it undefined.

    Reference: Efron & Tibshirani 1993, chapter 13.
    """
    defined = resampled[np.isfinite(resampled)]
    if not len(defined):
        return Interval(value, value, value)
    low, high = np.quantile(defined, (0.025, 0.975))
    return Interval(value, float(min(low, value)), float(max(high, value)))


def wider(one: Interval, other: Interval) -> Interval:
    """The value of `one` with the lower end and the upper end that are farther out."""
    return Interval(one.value, min(one.low, other.low), max(one.high, other.high))
