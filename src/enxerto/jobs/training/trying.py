"""Trying the ways to a classifier: the linear probe always, views and fine-tuning where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone
from enxerto.engines import Engine
from enxerto.errors import DataError
from enxerto.features import extract_views
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.provenance import Stopwatch
from enxerto.jobs.training.defense import UnderAttack, attack_both
from enxerto.jobs.training.finetuning import Plan
from enxerto.jobs.training.layers import ChosenLayer, choose_layer
from enxerto.jobs.training.settings import Settings
from enxerto.jobs.training.ways import HARDENED, PROBE, TUNED, Way
from enxerto.training import TrainedProbe, rounds, train_probe
from enxerto.tuning import Tuned
from enxerto.types import Features


@dataclass(frozen=True)
class Tried:
    """What came out of every way.

    Attributes:
        ways: the simplest first.
        evaluated: indices of the photos that every way decided on.
        tuned: what fine-tuning gave; `None` when it wasn't asked for, or couldn't be done.
        notes: what couldn't be done, in sentences.
        attacked: what an adversarial recipe is good for; `None` where it wasn't asked for, or couldn't be done.
        layer: what the choice of a layer came to; `None` where it was given.
    """

    ways: list[Way]
    evaluated: NDArray[np.int64]
    tuned: Tuned | None
    notes: tuple[str, ...]
    attacked: UnderAttack | None = None
    layer: ChosenLayer | None = None


def try_ways(
    backbone: Backbone,
    engine: Engine,
    labelled: LabelledPhotos,
    features: Features,
    sides: Sequence[str],
    settings: Settings,
    watch: Stopwatch,
    *,
    views: int,
    plan: Plan | None,
    any_layer: bool = False,
) -> Tried:
    """Try the ways.

    Args:
        backbone: that the features come from.
        engine: that made them.
        labelled: n photos.
        features: theirs, float32, shape (n, features).
        sides: of each photo.
        settings: of the job.
        watch: times each way.
        views: of each photo to solve a head on; 1 tries no views.
        plan: of fine-tuning; `None` tries none.
        any_layer: also try the features of other layers than the one that `features` are of.
    """

    def probe(shown: NDArray[np.float32] | None) -> TrainedProbe:
        return train_probe(
            features, labelled.labels, labelled.classes, sides, views=shown, groups=labelled.groups,
            class_weight=settings.class_weight, coverage=settings.coverage, seed=settings.seed,
            progress=settings.progress,
        )  # fmt: skip

    with watch.stage("head"):
        plain = probe(None)
    ways = [Way(PROBE, backbone, plain.probe, features, plain.decisions, watch.of("head"))]
    chosen = None
    if any_layer:
        with watch.stage("layer"):
            chosen = choose_layer(backbone, engine, labelled, sides, settings)
        if chosen.way.backbone.tap != backbone.tap:
            ways.append(replace(chosen.way, seconds=watch.of("layer")))
    vectors = features[:, None]
    if views > 1:
        with watch.stage("views"):
            vectors = _views(features, labelled, engine, sides, settings, views)
            shown = probe(vectors[:, 1:])
        name = f"probe on {views} views"
        ways.append(Way(name, backbone, shown.probe, features, shown.decisions, watch.of("views")))
    if plan is None:
        return Tried(ways, plain.evaluated, None, (), layer=chosen)
    try:
        with watch.stage(TUNED):
            tuned, decisions = plan.tune(labelled, vectors, sides)
    except DataError as error:
        return Tried(ways, plain.evaluated, None, (f"Not fine-tuned: {error}.",), layer=chosen)
    seconds = watch.of(TUNED)
    name, attacked = TUNED, None
    if plan.recipe.adversarial:
        name = HARDENED
        with watch.stage("attack"):
            attacked = attack_both(backbone, engine, tuned, labelled, features, sides, settings)
    ways.append(Way(name, tuned.backbone, tuned.probe, tuned.features, decisions, seconds, tuned.unchanged))
    return Tried(ways, plain.evaluated, tuned, (), attacked, chosen)


def _views(
    features: Features,
    labelled: LabelledPhotos,
    engine: Engine,
    sides: Sequence[str],
    settings: Settings,
    views: int,
) -> NDArray[np.float32]:
    """Features of several views, shape (n, views, features); of photos that nothing learns from, view 0 each time."""
    learned = np.unique(np.concatenate([rows for rows, _ in rounds(sides, len(labelled.labels))]))
    vectors = np.repeat(features[:, None], views, axis=1)
    vectors[learned] = extract_views(
        labelled.photos.subset(learned.tolist()), engine, views, seed=settings.seed, keep=settings.cache,
        limits=settings.limits, progress=settings.progress,
    ).vectors  # fmt: skip
    return vectors
