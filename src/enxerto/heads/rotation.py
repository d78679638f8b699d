"""The exact change of coordinates in which a head is solved.

An L2-penalized linear head is a combination of the (centered) feature vectors, so it lies in their row space, and
neither the loss nor the penalty changes under a rotation. Solving in the principal axes of the features is therefore
the same problem with at most `min(photos, features)` coordinates, and its curvature is nearly diagonal there, which is
what makes a few L-BFGS steps enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Features

BLOCK_ROWS = 8192
SMALLEST_VARIANCE = 1e-9
"""Axes with less of the largest variance than that are dropped …"""
SMALLEST_CHANGE = 1e-12
"""… and those whose variance is a smaller part of the squared mean: float32's rounding, not a difference of photos."""


@dataclass(frozen=True)
class Rotation:
    """Features, centered, scaled by one number, and turned to their principal axes.

    Attributes:
        rows: float32, shape (photos, axes), with a mean squared length of 1.
        variances: mean square along each axis, float64, shape (axes,), descending; they sum to 1.
        axes: float64, shape (features, axes), orthonormal columns.
        mean: float64, shape (features,).
        scale: the features' root mean squared distance from their mean.
    """

    rows: NDArray[np.float32]
    variances: NDArray[np.float64]
    axes: NDArray[np.float64]
    mean: NDArray[np.float64]
    scale: float

    def unrotated(
        self, coefficients: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weight (classes, features) and bias (classes,) for features as they are, from those for `rows`.

        Args:
            coefficients: float64, shape (axes, classes).
            bias: float64, shape (classes,).
        """
        weight = (self.axes @ coefficients).T / self.scale
        return weight, bias - weight @ self.mean


def rotate(features: Features) -> Rotation:
    """Turn features to their principal axes.

    Args:
        features: float32, shape (photos, features).
    """
    photos = len(features)
    mean = features.mean(axis=0, dtype=np.float64)
    small_side_is_photos = photos <= features.shape[1]
    if small_side_is_photos:
        centered = features - mean
        eigenvalues, vectors = np.linalg.eigh(centered @ centered.T)
    else:
        eigenvalues, vectors = np.linalg.eigh(_scatter(features, mean))
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    kept = eigenvalues > max(eigenvalues[0] * SMALLEST_VARIANCE, photos * float(mean @ mean) * SMALLEST_CHANGE)
    eigenvalues, vectors = eigenvalues[kept], vectors[:, kept]
    scale = float(np.sqrt(eigenvalues.sum() / photos)) or 1.0
    if small_side_is_photos:
        lengths = np.sqrt(eigenvalues)
        axes = (centered.T @ vectors) / lengths
        rows = (vectors * (lengths / scale)).astype(np.float32)
    else:
        axes = vectors
        rows = np.empty((photos, axes.shape[1]), dtype=np.float32)
        for start in range(0, photos, BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            rows[block] = (features[block] - mean) @ axes / scale
    return Rotation(rows, eigenvalues / (photos * scale**2), axes, mean, scale)


def _scatter(features: Features, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros((features.shape[1], features.shape[1]))
    for start in range(0, len(features), BLOCK_ROWS):
        block = features[start : start + BLOCK_ROWS] - mean
        total += block.T @ block
    return total
