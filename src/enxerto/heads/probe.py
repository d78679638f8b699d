"""The linear probe: a head with what makes its answers honest — temperature, prediction sets, "none of these"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from enxerto.heads.calibration import fit_temperature, softmax
from enxerto.heads.conformal import fit_set_threshold, prediction_sets
from enxerto.heads.familiarity import Familiarity, fit_familiarity
from enxerto.heads.folds import Groups, group_indices
from enxerto.heads.linear import ClassWeight, LinearHead, solve
from enxerto.types import Features, Labels, Logits


@dataclass(frozen=True)
class Decisions:
    """What a probe says of photos.

    Attributes:
        probabilities: calibrated, float64, shape (photos, classes).
        sets: the classes of each prediction set, bool, shape (photos, classes).
        familiarity: how much each photo looks like those learned from, float64 in [-1, 1], shape (photos,).
        unfamiliar: photos to answer "none of these" to, bool, shape (photos,).
    """

    probabilities: NDArray[np.float64]
    sets: NDArray[np.bool_]
    familiarity: NDArray[np.float64]
    unfamiliar: NDArray[np.bool_]

    @property
    def predicted(self) -> Labels:
        """The most probable class of each photo, int64, shape (photos,)."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    def rows(self, chosen: NDArray[np.bool_] | Labels) -> Decisions:
        """The decisions of some photos, by mask or index."""
        return Decisions(
            self.probabilities[chosen], self.sets[chosen], self.familiarity[chosen], self.unfamiliar[chosen]
        )


@dataclass(frozen=True)
class LinearProbe:
    """A solved head, calibrated on photos that it had not seen.

    Attributes:
        head: features to logits.
        temperature: logits are divided by it before the softmax.
        set_threshold: probability from which a class belongs to the prediction set.
        coverage: how often a prediction set holds the label, as stated.
        familiarity: bank and threshold of "none of these".
        C: inverse strength of the head's penalty.
        search: every C tried with its out-of-fold log loss.
    """

    head: LinearHead
    temperature: float
    set_threshold: float
    coverage: float
    familiarity: Familiarity
    C: float
    search: tuple[tuple[float, float], ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the probabilities."""
        return self.head.classes

    def decide(self, features: Features) -> Decisions:
        """Answer for photos.

        Args:
            features: float32, shape (photos, features).

        Raises:
            DataError: the features are not those that the head was solved on.
        """
        probabilities = softmax(self.head.logits(features) / self.temperature)
        scores = self.familiarity.score(features)
        sets = prediction_sets(probabilities, self.set_threshold)
        return Decisions(probabilities, sets, scores, scores < self.familiarity.threshold)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The arrays to save, by name."""
        return {"weight": self.head.weight, "bias": self.head.bias, "bank": self.familiarity.bank}

    def settings(self) -> dict[str, Any]:
        """Everything else to save, as JSON can hold it."""
        return {
            "classes": list(self.classes),
            "temperature": self.temperature,
            "set_threshold": self.set_threshold,
            "coverage": self.coverage,
            "familiarity_threshold": self.familiarity.threshold,
            "neighbors": self.familiarity.neighbors,
            "C": self.C,
            "search": [list(step) for step in self.search],
        }

    @classmethod
    def from_parts(cls, tensors: dict[str, NDArray[Any]], settings: dict[str, Any]) -> Self:
        """The probe that `tensors` and `settings` were taken from."""
        return cls(
            head=LinearHead(tensors["weight"], tensors["bias"], tuple(settings["classes"])),
            temperature=settings["temperature"],
            set_threshold=settings["set_threshold"],
            coverage=settings["coverage"],
            familiarity=Familiarity(tensors["bank"], settings["familiarity_threshold"], settings["neighbors"]),
            C=settings["C"],
            search=tuple((C, loss) for C, loss in settings["search"]),
        )


def fit_probe(
    features: Features,
    labels: Labels,
    classes: tuple[str, ...],
    *,
    views: NDArray[np.float32] | None = None,
    groups: Groups | None = None,
    class_weight: ClassWeight = None,
    coverage: float = 0.95,
    seed: int = 0,
) -> LinearProbe:
    """Solve a head and calibrate it; temperature and thresholds come from out-of-fold answers only.

    Args:
        features: float32, shape (photos, features).
        labels: int64 indices into `classes`, shape (photos,).
        classes: names, at least two.
        views: features of further views of the same photos to learn from, float32, shape (photos, views, features);
            only photos as they are in use are answered.
        groups: photos of one group (duplicates, a burst) are never on both sides of a fold.
        class_weight: `balanced` lets every class count the same.
        coverage: stated coverage of the prediction sets.
        seed: of folds and samples.

    Raises:
        DataError: the features or labels can't be learned from.
        OptionError: coverage is not between 0 and 1.
    """
    photos = len(labels)
    numbers = group_indices(groups, photos)
    shown = features if views is None else np.concatenate([features, *views.transpose(1, 0, 2)])
    times = len(shown) // photos
    solved = solve(
        shown, np.tile(labels, times), classes, groups=np.tile(numbers, times), class_weight=class_weight, seed=seed
    )
    answerable = solved.answerable[:photos]
    return calibrate(
        solved.head,
        features,
        labels,
        (solved.out_of_fold_logits[:photos][answerable], labels[answerable]),
        groups=numbers,
        coverage=coverage,
        seed=seed,
        C=solved.C,
        search=solved.search,
    )


def calibrate(
    head: LinearHead,
    features: Features,
    labels: Labels,
    unseen: tuple[Logits, Labels],
    *,
    new: NDArray[np.bool_] | None = None,
    groups: Groups | None = None,
    coverage: float = 0.95,
    seed: int = 0,
    C: float,  # noqa: N803 - the field's name for it
    search: tuple[tuple[float, float], ...],
) -> LinearProbe:
    """Make a head's answers honest by photos that it has not learned from.

    Args:
        head: that was learned.
        features: of the photos to be familiar with, float32, shape (photos, features).
        labels: theirs, int64, shape (photos,).
        unseen: logits and labels of photos that the head, or its twin of a fold, has not learned from.
        new: the photos whose familiarity is that of new ones, bool, shape (photos,); all when `None`.
        groups: photos of one group are not compared with each other.
        coverage: stated coverage of the prediction sets.
        seed: of samples.
        C: inverse strength of the penalty that the head was solved with.
        search: every C tried with its out-of-fold log loss.

    Raises:
        OptionError: coverage is not between 0 and 1.
    """
    logits, answers = unseen
    temperature = fit_temperature(logits, answers)
    probabilities = softmax(logits / temperature)
    return LinearProbe(
        head=head,
        temperature=temperature,
        set_threshold=fit_set_threshold(probabilities, answers, coverage),
        coverage=coverage,
        familiarity=fit_familiarity(features, labels, group_indices(groups, len(labels)), new=new, seed=seed),
        C=C,
        search=search,
    )
