"""Which photos the mean of their own class lies nearest to, each photo left out in turn: a head that costs nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Features, Labels


def nearest_mean_right(features: Features, labels: Labels) -> NDArray[np.bool_]:
    """Leave-one-out answers of the nearest class mean, on features centered and scaled to unit length.

    A photo is taken out of the mean of its own class before it is compared; a class of one photo has no mean then, and
    that photo is answered wrong.

    Args:
        features: float32, shape (photos, features).
        labels: int64, shape (photos,).

    Returns:
        bool, shape (photos,).

    Reference: Mensink et al. 2013, section 3.1 (nearest class mean classifier).
    """
    rows = features.astype(np.float64)
    rows = rows - rows.mean(axis=0)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    _, numbers = np.unique(labels, return_inverse=True)
    sizes = np.bincount(numbers)
    sums = np.zeros((len(sizes), rows.shape[1]))
    np.add.at(sums, numbers, rows)
    means = sums / sizes[:, None]
    distances = (means**2).sum(axis=1) - 2 * rows @ means.T
    others = sizes[numbers] - 1
    own = (sums[numbers] - rows) / np.maximum(others, 1)[:, None]
    of_own = (own**2).sum(axis=1) - 2 * (rows * own).sum(axis=1)
    distances[np.arange(len(rows)), numbers] = np.where(others > 0, of_own, np.inf)
    return np.asarray(distances.argmin(axis=1) == numbers)
