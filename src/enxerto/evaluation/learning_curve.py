"""How accuracy grows with the number of photos to learn from, and what twice as many would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.data.split import held_apart
from enxerto.errors import DataError
from enxerto.evaluation.forecast import forecast
from enxerto.evaluation.intervals import Z, effective_photos, resampled_weights, wider, wilson
from enxerto.evaluation.partial_heads import Measured, PartialHeads, Round
from enxerto.evaluation.results import Interval, LearningCurve, LearningPoint
from enxerto.heads.folds import Groups, group_indices, stratified_folds
from enxerto.heads.linear import ClassWeight
from enxerto.heads.rotation import rotate
from enxerto.heads.threads import few_threads
from enxerto.types import Features, Labels

MOST_PHOTOS = 4000
MOST_WORK = 1e8
"""Photos times axes times logit columns of one head at most; it is a sample of the photos otherwise."""
WORK = 2e8
"""The same over as many heads of each size as are solved, but for …"""
HEADS = (3, 30)
"""… the fewest and the most of them."""
FEWEST_DRAWS = 3
FEWEST_A_CLASS = 4
"""Photos to learn from that a forecast needs: three sizes, each twice the other."""
FARTHEST = 4.0
"""A forecast reaches to so many times the photos that were learned from at most."""
REDRAWINGS = 200


def learning_curve(
    features: Features,
    labels: Labels,
    classes: tuple[str, ...],
    *,
    groups: Groups | None = None,
    class_weight: ClassWeight = None,
    learned: NDArray[np.int64] | None = None,
    evaluated: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> LearningCurve | None:
    """Accuracy of heads that learned from 1, 2, 4, … photos of each class, and what twice the photos would give.

    The photos of each size are drawn several times. A point's interval is that of one head on one draw, for other
    photos like these. A class with fewer photos takes part with all it has. Twice the photos are twice those that a
    head learns from: with folds, all but one fold. Of very many photos, a sample is learned from and evaluated.

    Args:
        features: float32, shape (photos, features).
        labels: int64 indices into `classes`, shape (photos,).
        classes: names.
        groups: photos of one group are never on both sides.
        class_weight: `balanced` lets every class count the same.
        learned: indices of photos to learn from; without them it is cross-validation over five folds, which the photos
            of a class that is in one group only are learned from and not measured in.
        evaluated: indices of photos to measure on; those of a group that is learned from are left out.
        seed: of folds, draws and redrawings.

    Returns:
        The curve; `None` where there are too few photos for one: less than two a class, or none to measure on.

    Raises:
        DataError: `features` are not one finite vector a label, `groups` not one entry a photo, or only one of
            `learned` and `evaluated` was given.
    """
    _check(features, labels, learned, evaluated)
    numbers = group_indices(groups, len(labels))
    columns = 1 if len(classes) == 2 else len(classes)
    pool = np.arange(len(labels)) if learned is None else learned
    known = _sample(pool, _most_photos(features.shape[1], columns), seed)
    if len(classes) < 2 or len(known) < 2 * len(classes):
        return None
    heads = int(np.clip(WORK / (len(known) * min(len(known), features.shape[1]) * columns), *HEADS))
    if evaluated is None:
        rounds = _folds(known, labels, numbers, seed)[: heads // FEWEST_DRAWS]
    else:
        apart = evaluated[~np.isin(numbers[evaluated], numbers[pool])]
        rounds = [(known, _sample(apart, MOST_PHOTOS, seed))]
    new = np.concatenate([np.empty(0, dtype=np.int64), *(held_out for _, held_out in rounds)])
    if not len(new):
        return None
    used = np.unique(np.concatenate([known, new]))
    local = [(np.searchsorted(used, part), np.searchsorted(used, held_out)) for part, held_out in rounds]
    with few_threads(len(used)):
        rows = rotate(features[used]).rows
        partial = PartialHeads(rows, labels[used], len(classes), class_weight, -(-heads // len(rounds)), seed)
        measured = partial.measure(local)
    if len(measured.sizes) < 2:
        return None
    answers = Answers(measured, group_indices(numbers[new], len(new)))
    return LearningCurve(answers.points(), answers.ahead(2 * len(pool) / len(known), seed), len(new))


def _check(
    features: Features, labels: Labels, learned: NDArray[np.int64] | None, evaluated: NDArray[np.int64] | None
) -> None:
    if features.ndim != 2 or len(features) != len(labels) or not np.isfinite(features).all():
        raise DataError(f"`features` must be finite, of shape ({len(labels)}, features), got shape {features.shape}")
    if (learned is None) != (evaluated is None):
        raise DataError("expected both `learned` and `evaluated`, got one of them; give neither to cross-validate")


def _most_photos(features: int, columns: int) -> int:
    """As many photos as the work of a head allows, with `features` axes or as many as photos."""
    products = MOST_WORK / columns
    return int(min(MOST_PHOTOS, max(products / features, np.sqrt(products))))


def _sample(photos: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    return photos if len(photos) <= most else np.random.default_rng(seed).permutation(photos)[:most]


def _folds(photos: NDArray[np.int64], labels: Labels, groups: NDArray[np.int64], seed: int) -> list[Round]:
    apart = np.array(held_apart(labels[photos].tolist(), groups[photos].tolist()), dtype=np.bool_)
    always, dealt = photos[~apart], photos[apart]
    if len(np.unique(labels[dealt])) < 2 or len(np.unique(groups[dealt])) < 2:
        return []
    fold_of = stratified_folds(labels[dealt], groups=groups[dealt], seed=seed)
    return [
        (np.concatenate([always, dealt[fold_of != fold]]), dealt[fold_of == fold])
        for fold in range(int(fold_of.max()) + 1)
    ]


@dataclass(frozen=True)
class Answers:
    """What heads of every size did on evaluated photos, and how these belong together.

    Attributes:
        measured: right or wrong.
        groups: group numbers of the evaluated photos without gaps, int64, shape (evaluated photos,).
    """

    measured: Measured
    groups: NDArray[np.int64]

    def points(self) -> tuple[LearningPoint, ...]:
        """Accuracy at each size, with the interval of one head on another draw of photos."""
        spreads = Z * np.sqrt(self.measured.draw_variances() + self.measured.mean_variances())
        return tuple(
            LearningPoint(size, _widened(self._wilson(place, 1 - float(error)), float(spread)))
            for place, (size, error, spread) in enumerate(
                zip(self.measured.sizes, self.measured.errors, spreads, strict=True)
            )
        )

    def ahead(self, factor: float, seed: int) -> Interval | None:
        """Accuracy to expect of one head with `factor` times the photos that the largest heads learned from."""
        if self.measured.sizes[-1] < FEWEST_A_CLASS or factor > FARTHEST:
            return None
        learned = self.measured.learned
        photos = self.measured.right.shape[2]
        errors = forecast(learned, self.measured.errors, self._redrawn(seed), 1 / photos, factor * learned[-1])
        found = Interval(1 - errors.value, 1 - errors.high, 1 - errors.low)
        spread = Z * np.sqrt(self.measured.draw_variances()[-1])
        return _widened(wider(found, self._wilson(-1, found.value)), float(spread))

    def _redrawn(self, seed: int) -> NDArray[np.float64]:
        """Errors with other evaluated photos and other draws, shape (redrawings, sizes)."""
        shares = self.measured.right.mean(axis=1)
        weights = np.concatenate(list(resampled_weights(self.groups, resamples=REDRAWINGS, seed=seed)))
        errors = 1 - (weights @ shares.T) / weights.sum(axis=1, keepdims=True)
        draws = np.random.default_rng(seed).normal(size=errors.shape) * np.sqrt(self.measured.mean_variances())
        return np.asarray(np.clip(errors + draws, 0, 1))

    def _wilson(self, place: int, accuracy: float) -> Interval:
        """Of the evaluated photos; answers of several heads for one photo are of one group."""
        right = self.measured.right[place].astype(np.float64)
        return wilson(accuracy, effective_photos(right.reshape(-1), np.tile(self.groups, len(right))))


def _widened(interval: Interval, spread: float) -> Interval:
    """An interval of the sum of two independent deviations."""
    value = interval.value
    low, high = value - np.hypot(value - interval.low, spread), value + np.hypot(interval.high - value, spread)
    return Interval(value, max(0.0, float(low)), min(1.0, float(high)))
