"""Is one classifier better than another, beyond noise, on the same photos?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.evaluation.effects import paired_effect
from enxerto.evaluation.intervals import paired_difference
from enxerto.evaluation.metrics import log_losses
from enxerto.evaluation.results import Interval
from enxerto.types import Labels


@dataclass(frozen=True)
class Comparison:
    """Two classifiers on the same photos.

    Attributes:
        gain: accuracy of the new one minus accuracy of the old one.
        loss_change: log loss of the new one minus log loss of the old one.
    """

    gain: Interval
    loss_change: Interval

    @property
    def better(self) -> bool:
        """The new one makes fewer mistakes beyond noise; or as few, and its probabilities are better beyond noise."""
        return self.gain.low > 0 or (self.gain.value >= 0 and self.loss_change.high < 0)


def compare(
    new: NDArray[np.float64], old: NDArray[np.float64], labels: Labels, groups: NDArray[np.int64]
) -> Comparison:
    """Compare two classifiers, photo by photo.

    Args:
        new: probabilities by the one, float64, shape (photos, classes).
        old: by the other.
        labels: int64, shape (photos,).
        groups: int64 group numbers, shape (photos,).
    """
    numbers = np.unique(groups, return_inverse=True)[1]
    losses = log_losses(new, labels) - log_losses(old, labels)
    return Comparison(
        gain=paired_difference(new.argmax(axis=1) == labels, old.argmax(axis=1) == labels, numbers),
        loss_change=paired_effect(losses[:, None], numbers),
    )
