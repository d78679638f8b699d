"""How far photos are from those that a network was trained on, by what its batch normalizations see of both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import DataError
from enxerto.evaluation.intervals import percentile_interval, resampled_weights
from enxerto.evaluation.results import Domain

RESAMPLES = 200
SMALLEST_VARIANCE = 1e-3
"""Added to both variances, as a normalization does, so that a channel that is always zero is no difference."""


def domain_distance(
    moments: NDArray[np.float32],
    noise: NDArray[np.float32],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    layers: NDArray[np.int64],
    *,
    groups: NDArray[np.int64],
    seed: int = 0,
) -> Domain:
    """The Hellinger distance of each channel's Gaussian here and in training; its root mean square over all layers.

    It lies between 0, no difference, and 1. As networks differ, the distance of noise is told beside it.

    Args:
        moments: mean and mean square of each channel for each photo, float32, shape (photos, 2 x channels).
        noise: likewise of pictures of noise.
        mean: of each channel in training, float64, shape (channels,).
        variance: likewise.
        layers: number of the layer that each channel belongs to; every layer counts the same; int64, shape (channels,).
        groups: photos of one group are drawn together for the interval, int64 without gaps, shape (photos,).
        seed: of the bootstrap.

    Raises:
        DataError: there is no photo.

    Reference: Pardo 2005, "Statistical Inference Based on Divergence Measures", 1.2 (Hellinger distance).
    """
    if not len(moments):
        raise DataError("a domain distance needs a photo or more, got none")

    def distances(weights: NDArray[np.float64], of: NDArray[np.float32]) -> NDArray[np.float64]:
        shares = weights / weights.sum(axis=1, keepdims=True)
        return _distances(shares @ of.astype(np.float64), mean, variance, layers)

    value = float(distances(np.ones((1, len(moments))), moments)[0])
    drawn = [distances(weights, moments) for weights in resampled_weights(groups, resamples=RESAMPLES, seed=seed)]
    return Domain(
        photos=len(moments),
        distance=percentile_interval(value, np.concatenate(drawn)),
        noise=float(distances(np.ones((1, len(noise))), noise)[0]),
    )


def _distances(
    moments: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    layers: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Of sets of photos whose moments these are, shape (sets, 2 x channels); the result has shape (sets,)."""
    here, squares = np.split(moments, 2, axis=1)
    spread = np.maximum(squares - here**2, 0) + SMALLEST_VARIANCE
    known = variance + SMALLEST_VARIANCE
    overlap = np.sqrt(2 * np.sqrt(spread * known) / (spread + known)) * np.exp(
        -((here - mean) ** 2) / (spread + known) / 4
    )
    sizes = np.bincount(layers)
    of_layers = np.add.reduceat(1 - overlap, np.concatenate([[0], np.cumsum(sizes)[:-1]]), axis=1) / sizes
    return np.asarray(np.sqrt(of_layers.mean(axis=1)))
