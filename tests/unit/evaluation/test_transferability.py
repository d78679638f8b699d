"""LogME against the evidence written out, and the nearest class mean against a loop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from enxerto.errors import DataError
from enxerto.evaluation.nearest_mean import nearest_mean_right
from enxerto.evaluation.transferability import log_maximum_evidence


def _photos(seed: int, photos: int, axes: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = np.arange(photos) % 3
    centers = generator.normal(size=(3, axes)) * apart
    return (centers[labels] + generator.normal(size=(photos, axes))).astype(np.float32), labels


def _direct(features: np.ndarray, labels: np.ndarray) -> float:
    """The density of the targets under a Gaussian with the weights integrated out, maximized numerically."""
    rows = features.astype(np.float64)
    found = []
    for label in np.unique(labels):
        target = (labels == label).astype(np.float64)

        def cost(logs: np.ndarray, target: np.ndarray = target) -> float:
            alpha, beta = np.exp(logs)
            covariance = np.eye(len(rows)) / beta + rows @ rows.T / alpha
            return -float(multivariate_normal(cov=covariance).logpdf(target))

        starts = [(0.0, 0.0), (3.0, 3.0), (5.0, 2.0)]
        found.append(max(-minimize(cost, start, method="Nelder-Mead").fun for start in starts) / len(rows))
    return float(np.mean(found))


@pytest.mark.parametrize(("photos", "axes"), [(30, 5), (18, 40)])
@pytest.mark.parametrize("apart", [0.3, 2.0])
def test_the_score_is_the_maximum_of_the_evidence_written_out(photos: int, axes: int, apart: float) -> None:
    features, labels = _photos(1, photos, axes, apart)
    assert log_maximum_evidence(features, labels) == pytest.approx(_direct(features, labels), abs=2e-3)


def test_the_score_rises_with_the_distance_of_classes_and_knows_no_scale() -> None:
    scores = [log_maximum_evidence(*_photos(2, 60, 8, apart)) for apart in (0.0, 0.5, 1.0, 3.0)]
    assert scores == sorted(scores)
    features, labels = _photos(2, 60, 8, 1.0)
    assert log_maximum_evidence(features * 50, labels) == pytest.approx(scores[2], abs=1e-4)


def test_what_can_not_be_scored_is_refused() -> None:
    features, labels = _photos(3, 12, 4, 1.0)
    with pytest.raises(DataError, match="one row a label: expected 11"):
        log_maximum_evidence(features, labels[:-1])
    with pytest.raises(DataError, match="needs 2 classes or more, got 1"):
        log_maximum_evidence(features, labels * 0)
    features[0, 0] = np.nan
    with pytest.raises(DataError, match="must be finite"):
        log_maximum_evidence(features, labels)


def test_the_nearest_mean_leaves_each_photo_out() -> None:
    features, labels = _photos(4, 25, 6, 0.8)
    rows = features.astype(np.float64) - features.astype(np.float64).mean(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    expected = []
    for photo in range(len(rows)):
        others = np.arange(len(rows)) != photo
        means = [rows[others & (labels == label)].mean(axis=0) for label in range(3)]
        expected.append(np.argmin([np.sum((rows[photo] - mean) ** 2) for mean in means]) == labels[photo])
    assert nearest_mean_right(features, labels).tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_the_only_photo_of_a_class_is_never_right() -> None:
    features, labels = _photos(5, 10, 4, 5.0)
    labels[0] = 7
    assert not nearest_mean_right(features, labels)[0]
