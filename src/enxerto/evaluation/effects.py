"""The effect of one change on the same photos, measured with several pairs of runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from enxerto.errors import DataError
from enxerto.evaluation.results import Interval

_UPPER = 0.975


def paired_effect(
    differences: NDArray[np.float64], groups: NDArray[np.int64] | None = None, *, shares: bool = False
) -> Interval:
    """Mean difference between two ways of training, with an interval that holds for new photos and for new seeds.

    Photos and seeds are crossed random effects: some photos gain and some seeds are lucky. The variance of the mean is
    taken as that of the photos' means plus that of the seeds' means, which counts what a photo does under one seed only
    twice and is therefore on the safe side. The t quantile has Satterthwaite's degrees of freedom: about the number
    of photos where the seeds agree, about the number of seeds where they don't. With one seed, the interval holds for
    new photos only. In simulations it covers the truth in at least 93 % of cases with three seeds or more; with two
    seeds in 95 %, too, but in as few as 87 % where luck of the seed is larger than all else.

    Args:
        differences: the new way minus the old one, of each photo under each seed, float64, shape (photos, seeds).
        groups: int64 group numbers, shape (photos,); only whole groups are independent.
        shares: the differences are of right (1) and wrong (0) answers. Then one photo that gained and one that lost are
            added to what the interval comes from, as photos that all stay the same don't prove that no photo changes.

    Raises:
        DataError: there are fewer than two photos or groups, or a difference is not finite.

    Reference: Satterthwaite 1946, Biometrics Bulletin 2; Bonett & Price 2012, Journal of Educational and Behavioral
    Statistics 37, for the two photos added.
    """
    photos, seeds = differences.shape
    groups = np.arange(photos) if groups is None else np.unique(groups, return_inverse=True)[1]
    if photos < 2 or not seeds or groups.max() < 1:
        raise DataError(f"an effect needs at least 2 photos of different groups and a seed, got shape {photos, seeds}")
    if not np.isfinite(differences).all():
        raise DataError("the differences must be finite; leave out the pairs of runs that diverged")
    value = float(differences.mean())
    if shares:
        added = np.repeat([[1.0], [-1.0]], seeds, axis=1)
        differences = np.concatenate([differences, added])
        groups = np.append(groups, groups.max() + np.array([1, 2]))
    center = float(differences.mean())
    half = _half_width(differences - center, groups)
    low, high = min(value, center - half), max(value, center + half)
    return Interval(value, max(-1.0, low), min(1.0, high)) if shares else Interval(value, low, high)


def _half_width(residuals: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """Of a mean whose photos' `residuals` are given, shape (photos, seeds); groups without gaps."""
    photos, seeds = residuals.shape
    count = int(groups.max()) + 1
    sums = np.bincount(groups, residuals.mean(axis=1), minlength=count) * count / photos
    of_photos = float(sums.var(ddof=1)) / count
    of_seeds = float(residuals.mean(axis=0).var(ddof=1)) / seeds if seeds > 1 else 0.0
    if of_photos + of_seeds == 0:
        return 0.0
    spread = of_photos**2 / (count - 1) + (of_seeds**2 / (seeds - 1) if seeds > 1 else 0.0)
    quantile = float(stdtrit((of_photos + of_seeds) ** 2 / spread, _UPPER))
    return quantile * float(np.sqrt(of_photos + of_seeds))
