"""The photos of a comparison of training tricks: some to learn from, others to measure on, no more than needed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from enxerto.data import Limits, PhotoSet, require_trainable, split_photos
from enxerto.data.split import TEST, TRAIN, VAL
from enxerto.engines import Engine
from enxerto.errors import DataError
from enxerto.evaluation.intervals import effective_photos, wilson
from enxerto.evaluation.results import Interval
from enxerto.features import extract, open_store
from enxerto.heads.probe import fit_probe
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.control import stratified_sample
from enxerto.progress import Progress
from enxerto.tuning import Material
from enxerto.types import Features

MOST_A_SIDE = 400
HELD_OUT = 0.3
LEAST_OF_CLASS = 3
"""Photos to learn from, also where that is more than `MOST_A_SIDE` in all."""


@dataclass(frozen=True)
class Drawn:
    """Photos drawn from those listed.

    Attributes:
        photos: those to learn from and to measure on.
        note: how many were drawn from how many, in a sentence; empty when all were.
    """

    photos: PhotoSet
    note: str


def draw(listed: PhotoSet, seed: int) -> Drawn:
    """Draw photos, evenly over the classes, so that runs are quick.

    Where sides are given, `train` is learned from and `val` measured on, or `test` where there is no `val`; otherwise
    sides are made later, when copies of photos are known. Every class keeps enough photos to be learned.

    Raises:
        DataError: the sides given can't be used.
    """
    given = [photo.split for photo in listed.photos]
    numbers = {name: number for number, name in enumerate(listed.classes)}
    labels = np.array([numbers[photo.label or ""] for photo in listed.photos], dtype=np.int64)
    if not any(given):
        chosen, note = _some(np.arange(len(labels)), labels, MOST_A_SIDE + _most_to_learn_from(len(numbers)), seed)
        return Drawn(listed.subset(chosen.tolist()), f"To keep runs quick, {note} were drawn." if note else "")
    sides = np.array(split_photos(list(map(str, labels)), range(len(labels)), given=given).sides)
    held = VAL if VAL in sides else TEST
    learn, of_learn = _some(np.flatnonzero(sides == TRAIN), labels, _most_to_learn_from(len(numbers)), seed)
    unseen, of_unseen = _some(np.flatnonzero(sides == held), labels, MOST_A_SIDE, seed)
    parts = [f"{of_learn} to learn from"] * bool(of_learn) + [f"{of_unseen} to measure on"] * bool(of_unseen)
    note = f"To keep runs quick, {' and '.join(parts)} were drawn." if parts else ""
    return Drawn(listed.subset(np.sort(np.concatenate([learn, unseen])).tolist()), note)


def _some(rows: NDArray[np.int64], labels: NDArray[np.int64], most: int, seed: int) -> tuple[NDArray[np.int64], str]:
    """At most so many rows, evenly over the classes, and how many of how many; empty when they are all."""
    chosen = rows[stratified_sample(labels[rows], most, seed)]
    return chosen, f"{len(chosen):,} of {len(rows):,} photos" if len(chosen) < len(rows) else ""


def _most_to_learn_from(classes: int) -> int:
    return max(MOST_A_SIDE, LEAST_OF_CLASS * classes)


@dataclass(frozen=True)
class Sides:
    """Photos with their features, some to learn from and others to measure on.

    Attributes:
        labelled: all of them.
        features: theirs, float32, shape (photos, features).
        learn: rows to learn from.
        unseen: rows that no run learns from.
        seed: of everything that runs share.
        limits: of bytes and pixels a photo.
    """

    labelled: LabelledPhotos
    features: Features
    learn: NDArray[np.int64]
    unseen: NDArray[np.int64]
    seed: int
    limits: Limits | None

    @cached_property
    def material(self) -> Material:
        """The photos for fits that each hold out a part of those to learn from."""
        return Material(
            photos=self.labelled.photos,
            content=self.labelled.content,
            labels=self.labelled.labels,
            classes=self.labelled.classes,
            groups=self.labelled.groups,
            features=self.features[:, None],
            validation=self.learn[:0],
            class_weight=None,
            coverage=0.95,
            seed=self.seed,
            limits=self.limits,
        )

    @property
    def groups(self) -> NDArray[np.int64]:
        """Numbers of the groups of the unseen photos, without gaps."""
        return np.unique(self.labelled.groups[self.unseen], return_inverse=True)[1]

    @property
    def identity(self) -> list[str]:
        """Everything about the photos that decides a run."""
        labels = [self.labelled.classes[label] for label in self.labelled.labels]
        rows = [f"{self.learn.tolist()}", f"{self.unseen.tolist()}"]
        return [hashlib.sha256(self.labelled.content.tobytes()).hexdigest(), *rows, *labels]

    def probe_accuracy(self) -> Interval:
        """Accuracy of a linear probe that learned from all photos that runs may learn from."""
        labelled, learn = self.labelled, self.learn
        probe = fit_probe(
            self.features[learn], labelled.labels[learn], labelled.classes, groups=labelled.groups[learn],
            seed=self.seed,
        )  # fmt: skip
        right = probe.decide(self.features[self.unseen]).predicted == labelled.labels[self.unseen]
        return self.accuracy(right[None].astype(np.float64))

    def accuracy(self, right: NDArray[np.float64]) -> Interval:
        """Mean accuracy of several runs on the unseen photos, with the interval of one classifier on them.

        Args:
            right: whether each photo was told right, shape (runs, photos).
        """
        of_photo = right.mean(axis=0)
        return wilson(float(of_photo.mean()), effective_photos(of_photo, self.groups))


def open_sides(
    photos: PhotoSet, engine: Engine, *, seed: int, keep: bool, limits: Limits | None, progress: Progress
) -> Sides:
    """Make the photos' features, and put each photo on its side.

    Args:
        photos: as they were drawn.
        engine: makes the features.
        seed: of the sides.
        keep: keep the features for the next time.
        limits: of bytes and pixels a photo.
        progress: how to show it.

    Raises:
        DataError: there are too few readable photos.
        StorageError: the disk is full.
    """
    with open_store(engine, keep=keep) as store:
        table = extract(photos, engine, store, limits=limits, progress=progress)
        require_trainable(photos, readable=[record.good for record in table.records])
        features = table.matrix()
    labelled = LabelledPhotos.of(table)
    return Sides(labelled, features, *two_sides(labelled, seed), seed, limits)


def two_sides(labelled: LabelledPhotos, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to learn from and rows to measure on; no copy of a photo, or photo of its group, is on both.

    Where no sides are given, three in ten photos of each class are measured on, or as many more as are too many to
    learn from.

    Raises:
        DataError: there are too few photos.
    """
    given = np.array([photo.split or "" for photo in labelled.photos.photos])
    if not given.all():
        share = max(HELD_OUT, 1 - _most_to_learn_from(len(labelled.classes)) / len(given))
        names = [labelled.classes[label] for label in labelled.labels]
        given = np.array(split_photos(names, labelled.groups.tolist(), holdout=share, seed=seed).sides)
    learn, unseen = np.flatnonzero(given == TRAIN), np.flatnonzero(given != TRAIN)
    unseen = unseen[~np.isin(labelled.groups[unseen], labelled.groups[learn])]
    if len(np.unique(labelled.groups[unseen])) < 2:
        raise DataError(
            f"tricks are measured on 2 photos or more that are no copies of each other or of photos learned from, got "
            f"{len(unseen)}; add photos"
        )
    return learn, unseen
