"""Whether transfer helps on these photos, for the best backbone: its lifts, its domain distance, its layers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from enxerto.engines import Engine
from enxerto.evaluation.intervals import paired_difference
from enxerto.evaluation.results import Control, Domain, LayersTried, Scratch
from enxerto.jobs.comparing.deadline import OutOfTimeError
from enxerto.jobs.comparing.solving import Answers, Material, answers_of
from enxerto.jobs.provenance import Stopwatch
from enxerto.jobs.training.control import prepare_control, run_control
from enxerto.jobs.training.domain import run_domain
from enxerto.jobs.training.layers import choose_layer
from enxerto.jobs.training.scratch import run_scratch
from enxerto.jobs.training.settings import Settings
from enxerto.report import TransferCard
from enxerto.training import rounds
from enxerto.types import Features


@dataclass
class _Found:
    """What there was time for."""

    control: Control | None = None
    domain: Domain | None = None
    scratch: Scratch | None = None
    layers: LayersTried | None = None
    missing: list[str] = field(default_factory=list)


def measure_transfer(
    name: str,
    engine: Engine,
    features: Features,
    material: Material,
    last: Answers,
    settings: Settings,
    watch: Stopwatch,
) -> TransferCard:
    """Measure what there is time for, the cheapest first; the card says what there was no time for.

    Args:
        name: of the backbone, as it was named.
        engine: of its last features.
        features: of all photos, float32, shape (photos, features).
        material: the photos.
        last: what a head on these features made of the photos evaluated.
        settings: of the job; its progress ends the work when the time is over.
        watch: times each part.
    """
    labelled, sides, backbone = material.labelled, material.sides.sides, engine.backbone
    found = _Found(missing=["random weights", "ImageNet's photos", "a network from scratch", "other layers"])
    with suppress(OutOfTimeError):
        with watch.stage("control"):
            found.control = run_control(
                labelled.photos, features, labelled.labels, labelled.groups, labelled.classes,
                prepare_control(engine, settings.seed), class_weight=None, seed=settings.seed, cache=settings.cache,
                limits=settings.limits, progress=settings.progress,
            )  # fmt: skip
            found.missing.pop(0)
            found.domain = run_domain(backbone, engine, labelled.photos, labelled.labels, labelled.groups, settings)
            found.missing.pop(0)
        with watch.stage("from scratch"):
            found.scratch = run_scratch(labelled, features, sides, settings)
            found.missing.pop(0)
        with watch.stage("layers"):
            chosen = choose_layer(backbone, engine, labelled, sides, settings)
            evaluated = np.sort(np.concatenate([held_out for _, held_out in rounds(sides, len(labelled.labels))]))
            found.layers = chosen.tried
            if chosen.way.backbone.tap != backbone.tap:
                right = answers_of(chosen.way.decisions, evaluated, material).right
                found.layers = replace(chosen.tried, gain=paired_difference(right, last.right, last.groups))
            found.missing.pop(0)
    return TransferCard(name, found.control, found.domain, found.scratch, found.layers, tuple(found.missing))
