"""Choosing the layer that features come from, as one of the ways to a classifier: `--layer auto`.

The choice is a part of learning: in every round it is made among the photos that the round learns from, so that the
way's figures are of photos that neither its heads nor its choices have seen. The saved model's layer is chosen among
all photos that it learns from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone, Tap, candidate_taps, tap_widths, tapped
from enxerto.data import PhotoSet
from enxerto.engines import Engine, open_engine
from enxerto.evaluation.intervals import mean_interval
from enxerto.evaluation.results import Candidate, LayerScore, LayersTried
from enxerto.features import extract, open_store
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.control import stratified_sample
from enxerto.jobs.training.settings import Settings
from enxerto.jobs.training.ways import ON_LAYER, Way
from enxerto.training import TapScore, best_tap, fits_of, score_tap, train_probes
from enxerto.types import Features

PHOTOS = 500
"""Photos at most that a choice is made by, or `PER_CLASS` a class where that is more."""
PER_CLASS = 5


@dataclass(frozen=True)
class ChosenLayer:
    """What `--layer auto` came to.

    Attributes:
        way: to a classifier.
        tried: every layer with its figures.
        first: features of the layer that the first round chose, which saw nothing of the photos that it judges;
            float32, shape (photos, features).
    """

    way: Way
    tried: LayersTried
    first: Features


def choose_layer(
    backbone: Backbone, engine: Engine, labelled: LabelledPhotos, sides: Sequence[str], settings: Settings
) -> ChosenLayer:
    """Choose a layer in every round, and solve heads on the features of those chosen.

    Args:
        backbone: whose layers are tried.
        engine: that made its last features; others are made by the same kind of engine.
        labelled: n photos.
        sides: of each photo.
        settings: of the job.
    """
    fits = fits_of(sides, len(labelled.labels))
    samples = [_sample(labelled, learned, settings.seed) for learned in fits]
    taps = candidate_taps(backbone)
    every = np.unique(np.concatenate(samples))
    vectors = _vectors(backbone, engine, taps, labelled.photos.subset(every.tolist()), settings)
    scores = []
    with settings.progress("choosing the layer", len(fits) * len(taps), "layers") as advance:
        for rows in samples:
            found = []
            for tap, features in vectors.items():
                found.append(_scored(tap, features[np.searchsorted(every, rows)], labelled, rows, settings))
                advance(1)
            scores.append(found)
    chosen = [best_tap(found) for found in scores]
    made = {tap: _features(backbone.tapping(tap), engine, labelled.photos, settings) for tap in dict.fromkeys(chosen)}
    trained = train_probes(
        [made[tap] for tap in chosen], labelled.labels, labelled.classes, sides, groups=labelled.groups,
        class_weight=settings.class_weight, coverage=settings.coverage, seed=settings.seed,
        progress=settings.progress,
    )  # fmt: skip
    final = chosen[-1]
    way = Way(f"{ON_LAYER} {final}", backbone.tapping(final), trained.probe, made[final], trained.decisions, 0.0)
    return ChosenLayer(way, _tried(scores[-1], samples[-1], labelled, chosen), made[chosen[0]])


def with_gain(tried: LayersTried, candidates: Sequence[Candidate]) -> LayersTried:
    """The layers tried, with what the chosen one gains as one of the ways that were compared."""
    return replace(tried, gain=next((each.gain for each in candidates if each.name.startswith(ON_LAYER)), None))


def _sample(labelled: LabelledPhotos, learned: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Indices of photos that a choice is made by, ascending: of those learned from, the classes in turn."""
    most = max(PHOTOS, PER_CLASS * len(labelled.classes))
    return learned[stratified_sample(labelled.labels[learned], most, seed)]


def _vectors(
    backbone: Backbone, engine: Engine, taps: Sequence[Tap], photos: PhotoSet, settings: Settings
) -> dict[Tap, Features]:
    """Features of every tap, in one pass."""
    matrix = _features(tapped(backbone, taps), engine, photos, settings)
    ends = np.cumsum(tap_widths(backbone, taps))
    return dict(zip(taps, np.split(matrix, ends[:-1], axis=1), strict=True))


def _features(backbone: Backbone, engine: Engine, photos: PhotoSet, settings: Settings) -> Features:
    opened = open_engine(backbone, device=engine.device, precision=engine.precision)
    with open_store(opened, keep=settings.cache) as store:
        return extract(photos, opened, store, limits=settings.limits, progress=settings.progress).matrix()


def _scored(
    tap: Tap, features: Features, labelled: LabelledPhotos, rows: NDArray[np.int64], settings: Settings
) -> TapScore:
    return score_tap(
        tap, np.ascontiguousarray(features), labelled.labels[rows], labelled.classes, groups=labelled.groups[rows],
        class_weight=settings.class_weight, seed=settings.seed,
    )  # fmt: skip


def _tried(
    scores: Sequence[TapScore], rows: NDArray[np.int64], labelled: LabelledPhotos, chosen: Sequence[Tap]
) -> LayersTried:
    groups = np.unique(labelled.groups[rows], return_inverse=True)[1]
    return LayersTried(
        photos=len(rows),
        scores=tuple(
            LayerScore(
                str(each.tap), each.width, mean_interval(each.right, groups), each.log_loss, each.tap == chosen[-1]
            )
            for each in scores
        ),
        rounds=tuple(str(tap) for tap in chosen[:-1]) or (str(chosen[-1]),),
    )
