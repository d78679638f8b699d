"""Temperature scaling: one number that makes a head's probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Labels, Logits

TEMPERATURES = (0.02, 20.0)
"""The range that is searched."""


def softmax(logits: Logits) -> NDArray[np.float64]:
    """Probabilities of logits.

    Args:
        logits: float64, shape (photos, classes).

    Returns:
        float64 in [0, 1], each row sums to 1, shape (photos, classes).
    """
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def log_softmax(logits: Logits) -> NDArray[np.float64]:
    """Logarithms of probabilities, without underflow; float64, shape (photos, classes)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def fit_temperature(logits: Logits, labels: Labels, weights: NDArray[np.float64] | None = None) -> float:
    """The temperature that minimizes the log loss of out-of-fold logits.

    As if one photo more had been seen whose label could be any, the loss mixes 1 / (photos + 1) of a uniform label in;
    so a few photos that happen to be told apart perfectly don't earn a certainty of 100 %. Dividing by a temperature
    never changes which class is first.

    Args:
        logits: of photos that the head has not learned from, float64, shape (photos, classes).
        labels: int64, shape (photos,).
        weights: of the photos, float64, shape (photos,); equal when `None`.

    Returns:
        A temperature within `TEMPERATURES`; 1 where there are no photos.

    Reference: Guo et al. 2017, section 4.2, arXiv:1706.04599; Platt 1999 for the smoothed targets.
    """
    from scipy.optimize import brentq

    if not len(labels):
        return 1.0
    shares = np.full(len(labels), 1 / len(labels)) if weights is None else weights / weights.sum()
    uniform = 1 / (len(labels) + 1)
    centered = logits - logits.mean(axis=1, keepdims=True)
    of_label = (1 - uniform) * centered[np.arange(len(labels)), labels]  # the uniform part of the target is zero here

    def slope(log_sharpness: float) -> float:
        expected = (softmax(centered * np.exp(log_sharpness)) * centered).sum(axis=1)
        return float(np.dot(expected - of_label, shares))

    low, high = -np.log(TEMPERATURES[1]), -np.log(TEMPERATURES[0])
    if slope(low) >= 0:
        return TEMPERATURES[1]
    if slope(high) <= 0:
        return TEMPERATURES[0]
    return float(np.exp(-brentq(slope, low, high, xtol=1e-6)))
