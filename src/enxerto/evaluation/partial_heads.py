"""Heads that learned from a part of the photos, and which other photos they got right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.heads.linear import ClassWeight
from enxerto.heads.logistic import minimize, problems_of, start
from enxerto.types import Labels

C = 1.0
"""Inverse strength of the penalty. Searching it for each head would take most of the time, and changes accuracy by a
point at most between one photo a class and hundreds."""
TOLERANCE = 1e-3

Round = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Photos to learn from, and photos to evaluate."""


@dataclass(frozen=True)
class Measured:
    """What heads of every size did.

    Attributes:
        sizes: photos of each class at most, ascending; the last is all there are.
        learned: photos that a head of each size learned from, on average, float64, shape (sizes,).
        right: which photos were answered right, bool, shape (sizes, draws, evaluated photos).
        rounds: which round's heads answered for each evaluated photo, int64, shape (evaluated photos,).
        labels: of the evaluated photos, int64.
    """

    sizes: tuple[int, ...]
    learned: NDArray[np.float64]
    right: NDArray[np.bool_]
    rounds: NDArray[np.int64]
    labels: Labels

    @property
    def errors(self) -> NDArray[np.float64]:
        """Mean share of wrong answers, float64, shape (sizes,)."""
        return np.asarray(1 - self.right.mean(axis=(1, 2)))

    @property
    def heads(self) -> int:
        """How many heads there are of each size but the last."""
        return int(self.right.shape[1] * len(np.unique(self.rounds)))

    def draw_variances(self) -> NDArray[np.float64]:
        """Variance of one head's accuracy between draws of photos to learn from, float64, shape (sizes,).

        A single size has too few heads to tell it, so all sizes share one factor: the standard deviation goes with the
        errors and with the fourth root of the number of photos. On five sets of photos this was right within a factor
        of two, between one photo a class and eighty.
        """
        places = range(len(self.sizes) - 1)
        found = sum(self._variance(place) / (1 - self.learned[place] / self.learned[-1]) for place in places)
        law = self.errors**2 / np.sqrt(self.learned)
        return np.asarray(max(0.0, float(found)) / max(float(law[:-1].sum()), 1e-12) * law)

    def mean_variances(self) -> NDArray[np.float64]:
        """Variance of the mean accuracy of each size's heads, due to draws; these share photos, in the end all."""
        shared = self.learned / self.learned[-1]
        return np.asarray(self.draw_variances() * (shared + (1 - shared) / self.heads))

    def _variance(self, place: int) -> float:
        """Between the draws of a round, less what is due to the photos it evaluates; unbiased, so it may be negative.

        Two-way analysis of variance within classes: a head that prefers a class wins there what it loses elsewhere.
        Where no round evaluates two photos of a class, photos of all classes are taken together.
        """
        numbers = np.unique(self.rounds)
        strata = self.rounds * (self.labels.max() + 1) + self.labels
        if len(np.unique(strata)) == len(strata):
            strata = self.rounds
        parts = [_interaction(self.right[place][:, strata == stratum]) for stratum in np.unique(strata)]
        squares, freedom = np.sum(parts, axis=0)
        between = np.mean([self.right[place][:, self.rounds == one].mean(axis=1).var(ddof=1) for one in numbers])
        photos = np.mean([1 / np.count_nonzero(self.rounds == one) for one in numbers])
        return float(between - squares / max(freedom, 1) * photos)


def _interaction(right: NDArray[np.bool_]) -> tuple[float, int]:
    """Sum of squares that neither draws nor photos explain, and its degrees of freedom, of shape (draws, photos)."""
    draws, photos = right.shape
    residuals = right - right.mean(axis=1, keepdims=True) - right.mean(axis=0) + right.mean()
    return float((residuals**2).sum()), (draws - 1) * (photos - 1)


@dataclass(frozen=True)
class PartialHeads:
    """Solves heads on parts of photos.

    Attributes:
        rows: features in principal axes, float32, shape (photos, axes).
        labels: int64, shape (photos,).
        classes: how many.
        class_weight: as for `solve`.
        draws: how often to draw the photos of each size, 2 or more.
        seed: of the draws.
    """

    rows: NDArray[np.float32]
    labels: Labels
    classes: int
    class_weight: ClassWeight
    draws: int
    seed: int

    def measure(self, rounds: list[Round]) -> Measured:
        """Solve and judge heads that learned from 1, 2, 4, … photos of each class, up to all, in every round."""
        counts = [np.bincount(self.labels[learned], minlength=self.classes) for learned, _ in rounds]
        largest = int(np.max(counts))
        sizes = (*(2**power for power in range((largest - 1).bit_length())), largest)
        learned = np.mean([[np.minimum(count, size).sum() for size in sizes] for count in counts], axis=0)
        right = [self._round(number, sides, sizes) for number, sides in enumerate(rounds)]
        round_of = np.repeat(np.arange(len(rounds)), [len(evaluated) for _, evaluated in rounds])
        labels = self.labels[np.concatenate([evaluated for _, evaluated in rounds])]
        return Measured(sizes, learned, np.concatenate(right, axis=2), round_of, labels)

    def _round(self, number: int, sides: Round, sizes: tuple[int, ...]) -> NDArray[np.bool_]:
        """Shape (sizes, draws, evaluated photos). The smaller sizes of a draw are parts of the larger ones."""
        learned, evaluated = sides
        right = np.zeros((len(sizes), self.draws, len(evaluated)), dtype=np.bool_)
        counts = np.bincount(self.labels[learned], minlength=self.classes)
        turn = np.concatenate([np.arange(count) for count in counts])
        for draw in range(self.draws):
            shuffled = np.random.default_rng([self.seed, number, draw]).permutation(learned)
            by_class = shuffled[np.argsort(self.labels[shuffled], kind="stable")]
            for place, size in enumerate(sizes):
                if draw and size >= counts.max():
                    right[place, draw] = right[place, 0]
                else:
                    right[place, draw] = self._predicted(by_class[turn < size], evaluated) == self.labels[evaluated]
        return right

    def _predicted(self, learned: NDArray[np.int64], evaluated: NDArray[np.int64]) -> Labels:
        """The classes that a head which learned from some photos gives to others; one it hasn't seen may be among them.

        In axes of all photos: that changes neither the loss nor the penalty.
        """
        rows, labels = self.rows[learned], self.labels[learned]
        importance = np.ones(len(learned))
        if self.class_weight == "balanced":
            counts = np.bincount(labels)
            importance = (len(labels) / np.count_nonzero(counts) / np.maximum(counts, 1))[labels]
        variances = rows.var(axis=0, dtype=np.float64)
        problems = problems_of(rows, variances, labels, importance[:, None], self.classes)
        scale = max(float(variances.sum()), float(np.finfo(np.float32).tiny))
        solution = minimize(problems, C / scale, start(problems), tolerance=TOLERANCE)
        logits = self.rows[evaluated] @ solution.coefficients[:, 0].astype(np.float32) + solution.bias[0]
        predicted = logits[:, 0] > 0 if problems.columns == 1 else logits.argmax(axis=1)
        return np.asarray(predicted, dtype=np.int64)
