"""Which layer's features a head does best on, by cross-validation among the photos that may be learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Tap
from enxerto.heads.calibration import fit_temperature, log_softmax
from enxerto.heads.linear import ClassWeight, solve
from enxerto.types import Features, Labels

FOLDS = 3
"""Of the choice: each tap's head is solved for a row of regularizations in every fold, and taps are many."""


@dataclass(frozen=True)
class TapScore:
    """A head on the features of one tap, each photo answered by a head that has not learned from it.

    Attributes:
        tap: where the features come from.
        width: features a photo.
        log_loss: after temperature scaling; `None` where nothing could be compared.
        right: which photos were answered right, bool, shape (photos,).
    """

    tap: Tap
    width: int
    log_loss: float | None
    right: NDArray[np.bool_]


def score_tap(
    tap: Tap,
    features: Features,
    labels: Labels,
    classes: tuple[str, ...],
    *,
    groups: NDArray[np.int64],
    class_weight: ClassWeight = None,
    seed: int = 0,
) -> TapScore:
    """Cross-validate a head on the features of a tap; scores on the same photos can be compared.

    Args:
        tap: where the features come from.
        features: float32, shape (photos, features).
        labels: int64 indices into `classes`, shape (photos,).
        classes: names, at least two, each with a photo.
        groups: photos of one group are never on both sides of a fold, int64, shape (photos,).
        class_weight: as for `solve`.
        seed: of the folds.

    Raises:
        DataError: the features or labels can't be learned from.
    """
    solved = solve(features, labels, classes, groups=groups, class_weight=class_weight, folds=FOLDS, seed=seed)
    logits, counted = solved.out_of_fold_logits, solved.answerable
    loss = None
    if counted.any():
        unseen, answers = logits[counted], labels[counted]
        scaled = log_softmax(unseen / fit_temperature(unseen, answers))
        loss = -float(scaled[np.arange(len(answers)), answers].mean())
    return TapScore(tap, features.shape[1], loss, np.asarray(logits.argmax(axis=1) == labels))


def best_tap(scores: Sequence[TapScore]) -> Tap:
    """The tap with the lowest log loss; the last one given where no photo could be compared."""
    compared = [(score.log_loss, place) for place, score in enumerate(scores) if score.log_loss is not None]
    return scores[min(compared)[1] if compared else -1].tap
