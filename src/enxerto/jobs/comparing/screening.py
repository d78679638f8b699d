"""Cheap first: rank backbones on a few photos, and put those aside that another one is better and no slower than."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.data import Limits, PhotoSet
from enxerto.engines import Engine
from enxerto.errors import DataError
from enxerto.evaluation.intervals import mean_interval, paired_difference
from enxerto.evaluation.nearest_mean import nearest_mean_right
from enxerto.evaluation.results import Interval
from enxerto.evaluation.transferability import log_maximum_evidence
from enxerto.features import extract, open_store
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.control import stratified_sample
from enxerto.progress import Progress
from enxerto.report.wording import count, points_with_interval

ROUNDS = ((24, 2), (120, 4))
"""Photos of each round, and of each class where that is more; only what is promising goes on to the next round."""


@dataclass(frozen=True)
class Screened:
    """What a sample says of a backbone.

    Attributes:
        photos: of the sample, copies counted once.
        score: transferability (LogME).
        accuracy: of the nearest class mean, each photo left out in turn.
        right: bool, shape (photos,).
        groups: int64, shape (photos,).
    """

    photos: int
    score: float
    accuracy: Interval
    right: NDArray[np.bool_]
    groups: NDArray[np.int64]


def screen(engine: Engine, photos: PhotoSet, *, keep: bool, limits: Limits | None, progress: Progress) -> Screened:
    """Rank one backbone on a sample.

    Args:
        engine: makes its features.
        photos: the sample.
        keep: keep features for the next time.
        limits: of bytes and pixels a photo.
        progress: how to show it.

    Raises:
        DataError: fewer than two classes of the sample can be read.
    """
    with open_store(engine, keep=keep) as store:
        table = extract(photos, engine, store, limits=limits, progress=progress)
        if not table.readable:
            raise DataError(f"none of {len(photos)} photos drawn from {photos.root} can be read; see: enxerto check")
        features = table.matrix()
    labelled = LabelledPhotos.of(table)
    _, first = np.unique(labelled.twins, return_index=True)  # a copy would tell its twin's class
    features, labels = features[first], labelled.labels[first]
    right = nearest_mean_right(features, labels)
    groups = np.arange(len(first))
    return Screened(
        len(first), log_maximum_evidence(features, labels), mean_interval(right, groups), right, groups
    )  # fmt: skip


def sample_of(photos: PhotoSet, size: int, per_class: int, seed: int) -> PhotoSet:
    """Photos drawn evenly over the classes: `size` in all, or `per_class` of each where that is more."""
    numbers = {name: number for number, name in enumerate(photos.classes)}
    labels = np.array([numbers[photo.label or ""] for photo in photos.photos], dtype=np.int64)
    return photos.subset(stratified_sample(labels, max(size, per_class * len(numbers)), seed).tolist())


def put_aside(screened: Mapping[str, Screened], milliseconds: Callable[[str], float]) -> dict[str, str]:
    """The backbones that another one is better than beyond noise, on the same photos, and no slower; and why.

    Args:
        screened: by name, on the same sample.
        milliseconds: a photo, of a backbone by its name; asked only where it matters.
    """
    reasons: dict[str, str] = {}
    by_score = sorted(screened, key=lambda name: -screened[name].score)
    for name in by_score:
        mine = screened[name]
        for other in by_score:
            theirs = screened[other]
            if other == name or len(theirs.right) != len(mine.right) or theirs.score <= mine.score:
                continue
            gap = paired_difference(theirs.right, mine.right, mine.groups)
            if gap.low > 0 and milliseconds(other) <= milliseconds(name):
                reasons[name] = (
                    f"on a sample of {count(mine.photos, 'photo')}, {other} is better beyond noise "
                    f"(nearest class mean: {points_with_interval(gap)}) and no slower"
                )
                break
    return reasons
