"""The figures of a classifier, all from one table of tallies, so that resampling them is a matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Labels

BINS = 15
PHOTOS_A_BIN = 10
SMALLEST_PROBABILITY = 1e-15


def log_losses(probabilities: NDArray[np.float64], labels: Labels) -> NDArray[np.float64]:
    """-log of the probability of each photo's label, with probabilities below 1e-15 taken as 1e-15; shape (photos,)."""
    of_label = probabilities[np.arange(len(labels)), labels]
    return np.asarray(-np.log(np.maximum(of_label, SMALLEST_PROBABILITY)))


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """Counts, int64, shape (classes, classes): rows are labels, columns predictions."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


@dataclass(frozen=True)
class ClassFigures:
    """Figures of each class, of one sample or of many resamples.

    A class that is never predicted has precision 0, one without photos recall 0, and one with neither F1 0. Macro
    averages leave out classes without photos, so macro recall is balanced accuracy.

    Attributes:
        support: photos with that label, float64, shape (…, classes).
        predicted: photos given that class.
        right: photos with that label that were given it.
    """

    support: NDArray[np.float64]
    predicted: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def precision(self) -> NDArray[np.float64]:
        """Of the photos given a class, the share that carries it."""
        return _ratio(self.right, self.predicted)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Of the photos that carry a class, the share given it."""
        return _ratio(self.right, self.support)

    @property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.right, self.support + self.predicted)

    def macro(self, figures: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over the classes that have photos; shape (…,)."""
        return np.asarray(_ratio((figures * (self.support > 0)).sum(axis=-1), (self.support > 0).sum(axis=-1)))


def class_tallies(labels: Labels, predicted: Labels, classes: int, weights: NDArray[np.float64]) -> ClassFigures:
    """Tally photos that count `weights` times.

    Args:
        labels: int64, shape (photos,).
        predicted: int64, shape (photos,).
        classes: how many.
        weights: float64, shape (resamples, photos).

    Returns:
        Figures of shape (resamples, classes).
    """
    from scipy.sparse import csr_array

    photos = np.arange(len(labels))
    right = labels == predicted
    columns = np.concatenate([labels, classes + predicted, 2 * classes + labels[right]])
    rows = np.concatenate([photos, photos, photos[right]])
    table = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(labels), 3 * classes))
    tallies = np.asarray((table.T @ weights.T).T)
    return ClassFigures(tallies[:, :classes], tallies[:, classes : 2 * classes], tallies[:, 2 * classes :])


def equal_mass_bins(confidence: NDArray[np.float64], most: int = BINS) -> NDArray[np.float64]:
    """Edges of bins (edge, next edge] that hold about the same number of photos, at least ten each.

    Args:
        confidence: probability of the predicted class, float64, shape (photos,).
        most: bins at most; fewer where there are few photos or many equal probabilities.

    Returns:
        float64, ascending, from 0 to the highest confidence; one more than there are bins.
    """
    bins = max(1, min(most, len(confidence) // PHOTOS_A_BIN))
    ranks = np.ceil(np.arange(1, bins + 1) * len(confidence) / bins).astype(int) - 1
    return np.concatenate([[0.0], np.unique(np.sort(confidence)[ranks])])


def calibration_error(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], edges: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected calibration error: mean distance between a bin's confidence and its accuracy, weighted by its photos.

    Args:
        confidence: probability of the predicted class, float64, shape (photos,).
        right: bool, shape (photos,).
        edges: from `equal_mass_bins`.
        weights: how often each photo counts, float64, shape (resamples, photos).

    Returns:
        float64 in [0, 1], shape (resamples,).

    Reference: Guo et al. 2017, eq. 3; Nguyen & O'Connor 2015 for bins of equal mass.
    """
    bins = np.searchsorted(edges, confidence, side="left") - 1
    gaps = np.zeros((len(confidence), len(edges) - 1))
    gaps[np.arange(len(confidence)), bins] = confidence - right
    return np.asarray(np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1))


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=np.asarray(denominator) > 0)
