"""The linear head, and its solution by logistic regression with the regularization chosen by cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import DataError
from enxerto.heads.folds import Groups, stratified_folds
from enxerto.heads.rotation import rotate
from enxerto.heads.search import search
from enxerto.heads.threads import few_threads
from enxerto.types import Features, Labels, Logits

ClassWeight = Literal["balanced"] | None
BLOCK_ROWS = 8192


@dataclass(frozen=True)
class LinearHead:
    """Features to logits: one weight vector and one bias a class.

    Attributes:
        weight: float32, shape (classes, features).
        bias: float32, shape (classes,).
        classes: their names, in the order of the logits.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    classes: tuple[str, ...]

    def logits(self, features: Features) -> Logits:
        """Logits, float64, shape (photos, classes); computed in float64 so that they are the same everywhere.

        Args:
            features: float32, shape (photos, features).

        Raises:
            DataError: the features are not as long as the weight vectors.
        """
        if features.ndim != 2 or features.shape[1] != self.weight.shape[1]:
            raise DataError(
                f"`features` must have shape (photos, {self.weight.shape[1]}), got {features.shape}; "
                "pass features of the backbone that the head was solved on"
            )
        weight, bias = self.weight.T.astype(np.float64), self.bias.astype(np.float64)
        logits = np.empty((len(features), len(bias)))
        for first in range(0, len(features), BLOCK_ROWS):
            block = slice(first, first + BLOCK_ROWS)
            logits[block] = features[block].astype(np.float64) @ weight + bias
        return logits


@dataclass(frozen=True)
class Solved:
    """A solved head and how its regularization was found.

    Attributes:
        head: fitted on every photo with the chosen C.
        C: inverse strength of the L2 penalty, for features scaled to a mean squared length of 1.
        search: every C tried with its out-of-fold log loss after temperature scaling; empty where no photo is
            answerable, and C is then 1.
        out_of_fold_logits: each photo's logits by a head that has not seen its fold, at the chosen C; float64,
            shape (photos, classes).
        answerable: photos whose class the head of their fold had learned from another photo; only their logits say
            anything about the head, and nothing where they are all of one class: then there are none. Bool, shape
            (photos,).
    """

    head: LinearHead
    C: float
    search: tuple[tuple[float, float], ...]
    out_of_fold_logits: Logits
    answerable: NDArray[np.bool_]


def solve(
    features: Features,
    labels: Labels,
    classes: tuple[str, ...],
    *,
    groups: Groups | None = None,
    class_weight: ClassWeight = None,
    folds: int = 5,
    seed: int = 0,
) -> Solved:
    """Multinomial logistic regression; C is chosen by cross-validated log loss after temperature scaling.

    Args:
        features: float32, shape (photos, features).
        labels: int64 indices into `classes`, shape (photos,).
        classes: names, at least two.
        groups: photos of one group are never on both sides of a fold.
        class_weight: `balanced` lets every class count the same, however many photos it has.
        folds: of the cross-validation at most.
        seed: of the folds.

    Raises:
        DataError: fewer than two classes, a label outside them, a class without photos, features that are not finite,
            or fewer than two groups.
    """
    _check(features, labels, classes)
    fold_of = stratified_folds(labels, groups=groups, folds=folds, seed=seed)
    importance = np.ones(len(labels))
    if class_weight == "balanced":
        importance = (len(labels) / len(classes) / np.bincount(labels))[labels]
    with few_threads(len(labels)):
        rotation = rotate(features)
        found = search(rotation, labels, importance, fold_of, classes=len(classes), seed=seed)
    weight, bias = rotation.unrotated(*found.final)
    head = LinearHead(weight.astype(np.float32), bias.astype(np.float32), classes)
    return Solved(head, found.C, found.losses, found.out_of_fold_logits, found.answerable)


def _check(features: Features, labels: Labels, classes: tuple[str, ...]) -> None:
    if len(classes) < 2:
        raise DataError(f"a head needs two classes or more, got {len(classes)}; add photos of another class")
    if features.ndim != 2 or len(features) != len(labels):
        raise DataError(f"`features` must have shape ({len(labels)}, features), got {features.shape}")
    if not np.isfinite(features).all():
        photo = int(np.argwhere(~np.isfinite(features))[0, 0])
        raise DataError(f"`features` must be finite, got NaN or infinity in row {photo}; extract them again in float32")
    counts = np.bincount(labels, minlength=len(classes)) if labels.min(initial=0) >= 0 else np.zeros(0)
    if len(counts) != len(classes):
        raise DataError(f"`labels` must lie in 0..{len(classes) - 1}, got {labels.min()}..{labels.max()}")
    if not counts.all():
        raise DataError(f"class {classes[int(counts.argmin())]!r} has no photos to learn from; add some or drop it")
