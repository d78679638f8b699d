"""Labels that are probably wrong, found by confident learning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Labels

ROUNDING = 1e-9
"""A mean of equal probabilities may come out that much larger than each."""


def suspicious_labels(probabilities: NDArray[np.float64], labels: Labels) -> NDArray[np.int64]:
    """Indices of photos whose label is probably wrong, most suspicious first.

    A class is confidently present in a photo when its probability reaches the mean that photos with that label get.
    A label is suspicious when another class is confidently present, and more probable than the label.

    Args:
        probabilities: of photos that the head has not learned from, shape (photos, classes).
        labels: int64, shape (photos,).

    Returns:
        int64; sorted by how much more probable the other class is than the label.

    Reference: Northcutt, Jiang, Chuang 2021, section 3.1 (confident joint), arXiv:1911.00068.
    """
    photos = np.arange(len(labels))
    of_label = probabilities[photos, labels]
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    sums = np.bincount(labels, of_label, minlength=probabilities.shape[1])
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    others = np.where(probabilities >= thresholds * (1 - ROUNDING), probabilities, 0.0)
    others[photos, labels] = 0.0
    margin = others.max(axis=1) - of_label
    found = np.flatnonzero(margin > 0)
    return np.asarray(found[np.argsort(-margin[found], kind="stable")], dtype=np.int64)
