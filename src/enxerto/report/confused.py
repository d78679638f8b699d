"""Which classes are taken for which: the cells off the confusion matrix's diagonal, largest first."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.evaluation.results import Evaluation


@dataclass(frozen=True)
class ConfusedPair:
    """Photos of class `label` taken for `predicted`; `share` of all photos of that label."""

    label: str
    predicted: str
    photos: int
    share: float


def confused_pairs(evaluation: Evaluation) -> tuple[ConfusedPair, ...]:
    """Every pair that was confused at least once: most photos first, then the larger share, then by name."""
    pairs = [
        ConfusedPair(label, predicted, photos, photos / sum(row))
        for label, row in zip(evaluation.classes, evaluation.confusion, strict=True)
        for predicted, photos in zip(evaluation.classes, row, strict=True)
        if photos and label != predicted
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.photos, -pair.share, pair.label, pair.predicted)))
