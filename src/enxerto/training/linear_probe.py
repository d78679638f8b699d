"""Train a linear probe and answer for photos that it has not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from enxerto.data.split import ALWAYS
from enxerto.errors import DataError
from enxerto.heads.folds import Groups
from enxerto.heads.linear import ClassWeight
from enxerto.heads.probe import Decisions, LinearProbe, fit_probe
from enxerto.progress import Progress, silent
from enxerto.types import Features, Labels

HELD_OUT = ("test", "val")
"""Given sides to evaluate on, the first that has photos."""


@dataclass(frozen=True)
class TrainedProbe:
    """A probe and its answers for photos that it, or its twin of the same fold, has not learned from.

    Attributes:
        probe: the one to use.
        decisions: for the photos `evaluated`, in that order.
        evaluated: int64 indices of photos, ascending.
    """

    probe: LinearProbe
    decisions: Decisions
    evaluated: NDArray[np.int64]


def train_probe(
    features: Features,
    labels: Labels,
    classes: tuple[str, ...],
    sides: Sequence[str],
    *,
    views: NDArray[np.float32] | None = None,
    groups: Groups | None = None,
    class_weight: ClassWeight = None,
    coverage: float = 0.95,
    seed: int = 0,
    progress: Progress = silent,
) -> TrainedProbe:
    """Fit a probe, and evaluate it on the side held out or by cross-validation over the folds given.

    With given sides the probe learns from `train`, and is the very model that the decisions come from; `val` is only
    evaluated on where there is no `test`, and otherwise left alone. With folds every photo is answered by a probe whose
    regularization, temperature and thresholds come from the other folds; the probe returned has learned from all. All
    of them learn from photos of `always`, which none answers for.

    Args:
        features: float32, shape (photos, features).
        labels: int64 indices into `classes`, shape (photos,).
        classes: names, at least two.
        sides: of each photo: `train`, `val` or `test`; or `fold0`, `fold1`, … and `always`.
        views: features of further views of the photos to learn from, shape (photos, views, features).
        groups: photos of one group are never on both sides of an inner fold.
        class_weight: `balanced` lets every class count the same.
        coverage: stated coverage of the prediction sets.
        seed: of inner folds and samples.
        progress: told of the photos learned from.

    Raises:
        DataError: sides are neither train/val/test nor folds, or a side has no photos.
        OptionError: coverage is not between 0 and 1.
    """
    shown = [features] * len(fits_of(sides, len(labels)))
    return train_probes(
        shown, labels, classes, sides, views=views, groups=groups, class_weight=class_weight, coverage=coverage,
        seed=seed, progress=progress,
    )  # fmt: skip


def train_probes(
    features: Sequence[Features],
    labels: Labels,
    classes: tuple[str, ...],
    sides: Sequence[str],
    *,
    views: NDArray[np.float32] | None = None,
    groups: Groups | None = None,
    class_weight: ClassWeight = None,
    coverage: float = 0.95,
    seed: int = 0,
    progress: Progress = silent,
) -> TrainedProbe:
    """As `train_probe`, where each fit may have features of its own: of the layer that was chosen for it.

    Args:
        features: of all photos for each of `fits_of`, float32, shape (photos, features).
        labels: this and what follows as for `train_probe`.
        classes: names, at least two.
        sides: of each photo.
        views: features of further views.
        groups: photos of one group are never on both sides of an inner fold.
        class_weight: `balanced` lets every class count the same.
        coverage: stated coverage of the prediction sets.
        seed: of inner folds and samples.
        progress: told of the photos learned from.
    """
    names = np.asarray(groups) if groups is not None else np.arange(len(labels))
    planned = rounds(sides, len(labels))
    fits = fits_of(sides, len(labels))
    with progress("solving the head", sum(len(learned) for learned in fits)) as advance:
        probes = []
        for shown, learned in zip(features, fits, strict=True):
            probes.append(
                fit_probe(
                    shown[learned],
                    labels[learned],
                    classes,
                    views=None if views is None else views[learned],
                    groups=names[learned],
                    class_weight=class_weight,
                    coverage=coverage,
                    seed=seed,
                )
            )
            advance(len(learned))
    parts = [
        probe.decide(shown[held_out]) for probe, shown, (_, held_out) in zip(probes, features, planned, strict=False)
    ]
    decisions, evaluated = in_order(parts, [held_out for _, held_out in planned])
    return TrainedProbe(probes[-1], decisions, evaluated)


def fits_of(sides: Sequence[str], photos: int) -> list[NDArray[np.int64]]:
    """Indices of the photos that each fit learns from: of every round, and with several rounds of a last one, on all.

    Args:
        sides: as for `rounds`, like what follows.
        photos: how many.
    """
    planned = rounds(sides, photos)
    return [learned for learned, _ in planned] + ([np.arange(photos)] if len(planned) > 1 else [])


def rounds(sides: Sequence[str], photos: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Indices learned from and held out, once for given sides, once a fold otherwise.

    Args:
        sides: of each photo: `train`, `val` or `test`; or `fold0`, `fold1`, …, and `always` for photos that are
            learned from in every round and held out in none.
        photos: how many.

    Raises:
        DataError: sides are neither train/val/test nor folds, or a side has no photos.
    """
    side_of = np.asarray(sides)
    if len(side_of) != photos:
        raise DataError(f"`sides` must hold one entry a photo: expected {photos}, got {len(side_of)}")
    found = set(side_of.tolist())
    if found <= {"train", *HELD_OUT}:
        held = next((side for side in HELD_OUT if side in found), None)
        if held is None or "train" not in found:
            raise DataError(f"`sides` must hold `train` and `test` or `val`, got {', '.join(sorted(found))}")
        return [(np.flatnonzero(side_of == "train"), np.flatnonzero(side_of == held))]
    folds = found - {ALWAYS}
    if not all(side.startswith("fold") for side in folds) or len(folds) < 2:
        raise DataError(f"`sides` must be train, val and test, or fold0, fold1, …; got {', '.join(sorted(found)[:6])}")
    return [(np.flatnonzero(side_of != fold), np.flatnonzero(side_of == fold)) for fold in sorted(folds)]


def in_order(parts: Sequence[Decisions], evaluated: Sequence[NDArray[np.int64]]) -> tuple[Decisions, NDArray[np.int64]]:
    """The decisions of several rounds as one, in the order of the photos, and the photos' indices.

    Args:
        parts: of each round.
        evaluated: indices of the photos that each decides on.
    """
    indices = np.concatenate(evaluated)
    order = np.argsort(indices, kind="stable")
    names = [field.name for field in fields(Decisions)]
    joined = (np.concatenate([getattr(part, name) for part in parts])[order] for name in names)
    return Decisions(*joined), indices[order]
