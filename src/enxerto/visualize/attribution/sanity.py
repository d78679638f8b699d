"""The sanity check: what shows what a network has learned must look different where nothing was learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from enxerto.visualize.attribution.explanation import SanityCheck

SAME_FROM = 0.5
"""A mean rank correlation from which maps are mostly the same."""


def rank_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Spearman's rank correlation of the strengths of two maps, in [-1, 1].

    Strengths are absolute values: that is where a picture is strong, for or against a class. A map that is equal
    everywhere agrees with none: 0.

    Args:
        first: shape (size, size).
        second: likewise.
    """
    ranks = [rankdata(np.abs(values), axis=None) for values in (first, second)]
    if any(np.ptp(each) == 0 for each in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def judged(method: str, correlations: list[float]) -> SanityCheck:
    """What the correlations of some photos mean for a method."""
    mean = float(np.mean(correlations))
    return SanityCheck(method, mean, len(correlations), passed=mean < SAME_FROM)
