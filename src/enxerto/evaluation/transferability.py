"""How well a linear head would do on features, told from a few photos before a head is solved: LogME."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import DataError
from enxerto.types import Features, Labels

STEPS = 100
TOLERANCE = 1e-6
_SMALLEST = 1e-12


def log_maximum_evidence(features: Features, labels: Labels) -> float:
    """The logarithm of the maximum evidence a photo (LogME): higher where features tell the classes apart better.

    For each class, a Bayesian linear regression explains which photos carry it; the evidence is that of the data with
    the weights integrated out, at the prior and noise that make it largest, and is averaged over classes. Scores
    compare features of the same photos only. Everything is computed in float64.

    Args:
        features: float32, shape (photos, features).
        labels: int64, shape (photos,).

    Raises:
        DataError: there are fewer than two classes, a label too many or too few, or a feature is not finite.

    Reference: You et al. 2021, Algorithm 1, arXiv:2102.11005; the iteration on the spectrum is that of its extension,
    arXiv:2110.10545, section 4.3.
    """
    if features.ndim != 2 or len(features) != len(labels):
        raise DataError(f"`features` must hold one row a label: expected {len(labels)}, got shape {features.shape}")
    present = np.unique(labels)
    if len(present) < 2:
        raise DataError(f"a transferability score needs 2 classes or more, got {len(present)}")
    if not np.isfinite(features).all():
        raise DataError("`features` must be finite")
    left, lengths, _ = np.linalg.svd(features.astype(np.float64), full_matrices=False)
    targets = (labels[:, None] == present).astype(np.float64)
    energies = lengths**2
    return float(
        np.mean([_evidence(energies, left.T @ target, float(target.sum()), features.shape) for target in targets.T])
    )


def _evidence(energies: NDArray[np.float64], along: NDArray[np.float64], total: float, shape: tuple[int, ...]) -> float:
    """Of one target a photo, at the precisions alpha of the prior and beta of the noise that fixed points give.

    `along` is the target on the left singular vectors, `total` its squared length.
    """
    photos, axes = shape
    beyond = max(total - float(along @ along), 0.0)  # what no weights can explain
    ratio = 1.0  # alpha / beta
    for _ in range(STEPS):
        known = energies / (energies + ratio)
        effective = float(known.sum())
        weights = float((energies * along**2 / (energies + ratio) ** 2).sum())
        residual = float(((1 - known) ** 2 * along**2).sum()) + beyond
        alpha = effective / max(weights, _SMALLEST)
        beta = (photos - effective) / max(residual, _SMALLEST)
        before, ratio = ratio, alpha / max(beta, _SMALLEST)
        if abs(ratio - before) <= TOLERANCE * before:
            break
    known = energies / (energies + ratio)
    weights = float((energies * along**2 / (energies + ratio) ** 2).sum())
    residual = float(((1 - known) ** 2 * along**2).sum()) + beyond
    determinant = float(np.log(alpha + beta * energies).sum()) + (axes - len(energies)) * np.log(alpha)
    evidence = (
        photos * np.log(beta) + axes * np.log(alpha) - photos * np.log(2 * np.pi)
        - beta * residual - alpha * weights - determinant
    )  # fmt: skip
    return float(evidence) / (2 * photos)
