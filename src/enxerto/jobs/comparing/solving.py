"""Heads on the features of all photos, each answering for photos that it has not learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.data import Limits, PhotoSet, Split, require_trainable
from enxerto.engines import Engine
from enxerto.errors import DataError
from enxerto.evaluation.intervals import mean_interval
from enxerto.evaluation.metrics import log_losses
from enxerto.features import extract, open_store
from enxerto.heads import Decisions, fit_probe
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.sides import leaked_into, sides_of
from enxerto.jobs.training.unmeasured import measures_nothing
from enxerto.progress import Progress
from enxerto.training import in_order, rounds
from enxerto.types import Features


@dataclass(frozen=True)
class Material:
    """All readable photos, and which side each is on; the same for every backbone.

    Attributes:
        labelled: the photos.
        sides: theirs.
        unreadable: names of the others.
    """

    labelled: LabelledPhotos
    sides: Split
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class Answers:
    """What a head made of the photos evaluated.

    Attributes:
        names: of the photos.
        right: bool, shape (photos,).
        losses: float64, shape (photos,).
        groups: int64, shape (photos,).
    """

    names: tuple[str, ...]
    right: NDArray[np.bool_]
    losses: NDArray[np.float64]
    groups: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return mean_interval(self.right, self.groups).value


def features_of_all(
    engine: Engine, photos: PhotoSet, *, folds: int, seed: int, keep: bool, limits: Limits | None, progress: Progress
) -> tuple[Features, Material]:
    """Make the features of every readable photo and put each photo on its side.

    Raises:
        DataError: there are too few readable photos for a figure.
    """
    with open_store(engine, keep=keep) as store:
        table = extract(photos, engine, store, limits=limits, progress=progress)
        require_trainable(photos, per_class=1, readable=[record.good for record in table.records])
        features = table.matrix()
    labelled = LabelledPhotos.of(table)
    sides = sides_of(labelled, photos, None, folds, None, seed)
    if measures_nothing(sides):
        raise DataError(
            "backbones are compared on photos that no head has learned from, which takes two classes with 2 readable "
            "photos or more that are no copies of each other; add photos"
        )
    unreadable = tuple(
        photo.name for photo, record in zip(photos.photos, table.records, strict=True) if not record.good
    )
    return features, Material(labelled, sides, unreadable)


def answers(features: Features, material: Material, seed: int) -> Answers:
    """Solve a head for each round, its regularization and temperature chosen among the photos it learns from.

    Args:
        features: float32, shape (photos, features).
        material: the photos.
        seed: of inner folds.
    """
    labelled, sides = material.labelled, material.sides
    planned = rounds(sides.sides, len(labelled.labels))
    parts = [
        fit_probe(
            features[learned], labelled.labels[learned], labelled.classes, groups=labelled.groups[learned], seed=seed
        ).decide(features[held_out])
        for learned, held_out in planned
    ]
    return answers_of(*in_order(parts, [held_out for _, held_out in planned]), material)


def answers_of(decisions: Decisions, evaluated: NDArray[np.int64], material: Material) -> Answers:
    """What decisions make of the photos evaluated, those left out of whose group some were learned from.

    Args:
        decisions: of the photos evaluated, in that order.
        evaluated: indices of photos.
        material: the photos.
    """
    labelled, sides = material.labelled, material.sides
    leaked = leaked_into(labelled, sides, evaluated, steered=False)
    judged = labelled.judged(decisions, evaluated, leaked)
    counted = leaked if leaked.all() else ~leaked
    return Answers(
        names=judged.names,
        right=judged.right,
        losses=log_losses(decisions.probabilities[counted], labelled.labels[evaluated[counted]]),
        groups=np.unique(judged.groups, return_inverse=True)[1],
    )
