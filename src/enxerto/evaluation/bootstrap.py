"""Figures of a classifier on its photos, and on a thousand redrawings of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from enxerto.evaluation.intervals import (
    RESAMPLES,
    effective_photos,
    percentile_interval,
    resampled_weights,
    wider,
    wilson,
)
from enxerto.evaluation.metrics import ClassFigures, calibration_error, class_tallies, equal_mass_bins, log_losses
from enxerto.evaluation.results import ClassResult, Interval
from enxerto.types import Labels

Kind = Literal["precision", "recall", "f1"]


@dataclass(frozen=True)
class Bootstrap:
    """Answers and labels, to be summarized with intervals.

    Attributes:
        probabilities: float64, shape (photos, classes).
        labels: int64, shape (photos,).
        groups: int64 group numbers without gaps, shape (photos,).
        seed: of the redrawings.
    """

    probabilities: NDArray[np.float64]
    labels: Labels
    groups: NDArray[np.int64]
    seed: int

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the predicted class, shape (photos,)."""
        return np.asarray(self.probabilities.max(axis=1))

    @cached_property
    def predicted(self) -> Labels:
        """The most probable class, int64, shape (photos,)."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether the most probable class is the label, shape (photos,)."""
        return np.asarray(self.predicted == self.labels)

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins of equal mass."""
        return equal_mass_bins(self.confidence)

    @cached_property
    def observed(self) -> ClassFigures:
        """Figures of the photos as they are, shape (1, classes)."""
        return self._tallies(np.ones((1, len(self.labels))))

    def log_loss(self) -> Interval:
        """Mean log loss."""
        return percentile_interval(float(self._losses.mean()), self._redrawn[1])

    def calibration_error(self) -> Interval:
        """Expected calibration error.

        Redrawing adds noise to every bin, which can only raise the error; so the redrawn errors are shifted back to
        have the observed one as their mean.
        """
        value = float(self._errors(np.ones((1, len(self.labels))))[0])
        errors = self._redrawn[2]
        return percentile_interval(value, np.clip(errors - errors.mean() + value, 0.0, 1.0))

    def macro(self, kind: Kind) -> Interval:
        """Mean of a figure over the classes that have photos; never narrower than Wilson's interval of a share."""
        support = self.observed.support[0]
        present = support[support > 0]
        photos = len(present) ** 2 / float((1 / present).sum()) / self._design_effect
        value = float(self.observed.macro(getattr(self.observed, kind))[0])
        redrawn = self._redrawn[0]
        return wider(percentile_interval(value, redrawn.macro(getattr(redrawn, kind))), wilson(value, photos))

    def per_class(self, classes: tuple[str, ...]) -> tuple[ClassResult, ...]:
        """Precision, recall and F1 of every class; never narrower than Wilson's interval on the class's photos."""
        observed, redrawn = self.observed, self._redrawn[0]
        photos = {
            "precision": observed.predicted[0] / self._design_effect,
            "recall": observed.support[0] / self._design_effect,
            "f1": (observed.support[0] + observed.predicted[0]) / 2 / self._design_effect,
        }

        def interval(kind: str, index: int) -> Interval:
            value = float(getattr(observed, kind)[0, index])
            return wider(
                percentile_interval(value, getattr(redrawn, kind)[:, index]), wilson(value, photos[kind][index])
            )

        return tuple(
            ClassResult(
                name,
                int(observed.support[0, index]),
                *(interval(kind, index) for kind in ("precision", "recall", "f1")),
            )
            for index, name in enumerate(classes)
        )

    @cached_property
    def _losses(self) -> NDArray[np.float64]:
        return log_losses(self.probabilities, self.labels)

    @cached_property
    def _design_effect(self) -> float:
        return len(self.labels) / effective_photos(self.right.astype(np.float64), self.groups)

    def _tallies(self, weights: NDArray[np.float64]) -> ClassFigures:
        return class_tallies(self.labels, self.predicted, self.probabilities.shape[1], weights)

    def _errors(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return calibration_error(self.confidence, self.right, self.edges, weights)

    @cached_property
    def _redrawn(self) -> tuple[ClassFigures, NDArray[np.float64], NDArray[np.float64]]:
        tallies, losses, errors = [], [], []
        for weights in resampled_weights(self.groups, resamples=RESAMPLES, seed=self.seed):
            tallies.append(self._tallies(weights))
            losses.append(weights @ self._losses / weights.sum(axis=1))
            errors.append(self._errors(weights))
        figures = ClassFigures(
            np.concatenate([part.support for part in tallies]),
            np.concatenate([part.predicted for part in tallies]),
            np.concatenate([part.right for part in tallies]),
        )
        return figures, np.concatenate(losses), np.concatenate(errors)
