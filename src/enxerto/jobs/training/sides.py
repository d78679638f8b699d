"""Which photo is on which side of a training job, and what that means for what was learned and what may be judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.data import PhotoSet, Split, read_split, split_photos
from enxerto.errors import OptionError
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.ways import HARDENED, PROBE, TUNED


def sides_of(
    labelled: LabelledPhotos, listed: PhotoSet, split: str | Path | None, folds: int, holdout: float | None, seed: int
) -> Split:
    """The split given as a file, or by the folders, or one of our own."""
    if split is not None:
        if holdout is not None:
            raise OptionError("`split` and `holdout` exclude each other; give one of them")
        return read_split(Path(split), labelled.photos, among=listed)
    given = [photo.split for photo in labelled.photos.photos]
    return split_photos(
        [labelled.classes[label] for label in labelled.labels],
        labelled.groups.tolist(),
        given=given if any(given) else None,
        folds=folds,
        holdout=holdout,
        seed=seed,
        lone=True,
    )


def placed(listed: PhotoSet, placed: PhotoSet, sides: Split) -> PhotoSet:
    """The photos listed, each with its side of a split file as the side it was given."""
    side_of = {photo.name: side for photo, side in zip(placed.photos, sides.sides, strict=True)}
    return replace(listed, photos=tuple(replace(photo, split=side_of.get(photo.name)) for photo in listed.photos))


def learned_from(sides: Split, way: str) -> NDArray[np.bool_]:
    """Which photos the saved model has learned from: the training side, or with folds all of them.

    Fine-tuning has also been steered by those for validation.
    """
    learned = {"train", "val"} if way in (TUNED, HARDENED) and "test" in sides.sides else {"train"}
    return np.array(["train" not in sides.sides or side in learned for side in sides.sides])


def leaked_into(
    labelled: LabelledPhotos, sides: Split, evaluated: NDArray[np.int64], *, steered: bool
) -> NDArray[np.bool_]:
    """Evaluated photos of whose group, a copy among them, the head that judged them had learned some.

    Where fine-tuning was `steered` by the photos for validation, those count as learned from.
    """
    if "train" in sides.sides:
        learned = learned_from(sides, TUNED if steered else PROBE)
        return np.isin(labelled.groups[evaluated], labelled.groups[learned])
    pairs = set(zip(labelled.groups.tolist(), sides.sides, strict=True))
    folds = Counter(group for group, _ in pairs)
    return np.array([folds[group] > 1 for group in labelled.groups[evaluated].tolist()])


def without_photos(labelled: LabelledPhotos, evaluated: NDArray[np.int64]) -> tuple[str, ...]:
    """The classes of which no photo is evaluated."""
    measured = set(labelled.labels[evaluated].tolist())
    return tuple(name for index, name in enumerate(labelled.classes) if index not in measured)
