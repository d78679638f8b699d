"""Prediction sets that hold the label as often as stated."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import OptionError
from enxerto.types import Labels


def fit_set_threshold(probabilities: NDArray[np.float64], labels: Labels, coverage: float) -> float:
    """The smallest probability with which a class still belongs to a prediction set.

    A class is in the set when its probability is at least the threshold; of the photos used here, and of new ones drawn
    like them, the label is in the set with a probability of `coverage` or more. With too few photos to promise that
    (fewer than coverage / (1 - coverage)) the threshold is 0: every class is in the set.

    Args:
        probabilities: calibrated, of photos that the head has not learned from; shape (photos, classes).
        labels: int64, shape (photos,).
        coverage: between 0 and 1, e.g. 0.95.

    Raises:
        OptionError: coverage is not between 0 and 1.

    Reference: Sadinle, Lei, Wasserman 2019, arXiv:1609.00451 (least ambiguous sets); Vovk 2015 (cross-conformal), the
    quantile ⌈(n + 1) coverage⌉ / n.
    """
    if not 0 < coverage < 1:
        raise OptionError(f"`coverage` must lie between 0 and 1, got {coverage}; 0.95 is usual")
    rank = math.ceil((len(labels) + 1) * coverage - 1e-9)
    if rank > len(labels):
        return 0.0
    of_label = probabilities[np.arange(len(labels)), labels]
    return float(np.partition(of_label, len(labels) - rank)[len(labels) - rank])


def prediction_sets(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Which classes belong to each photo's prediction set.

    The most probable class always belongs to it, so a set is never empty; that can only raise the coverage.

    Args:
        probabilities: calibrated, shape (photos, classes).
        threshold: from `fit_set_threshold`.

    Returns:
        bool, shape (photos, classes).
    """
    sets = probabilities >= threshold
    sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
    return sets
