"""Accuracy of every kind of features on one kind of images, each on the same folds: `python -m benchmarks.our_domains`.

`KIND` names the images: `textures` and `cells` (synthetic) are made here, `digits` come with scikit-learn, and any
other is a folder of photos.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.child import report
from benchmarks.kinds import write_cells, write_textures
from enxerto.backbones import LAST, Backbone, Tap, open_backbone
from enxerto.data import list_photos, write_digits
from enxerto.engines import Engine, open_engine
from enxerto.evaluation.intervals import mean_interval, paired_difference
from enxerto.features import extract, open_store
from enxerto.jobs.comparing.screening import sample_of
from enxerto.jobs.comparing.solving import Material, answers, answers_of, features_of_all
from enxerto.jobs.training.domain import run_domain
from enxerto.jobs.training.layers import choose_layer
from enxerto.jobs.training.scratch import run_scratch
from enxerto.jobs.training.settings import Settings
from enxerto.progress import silent
from enxerto.report.transfer import advice
from enxerto.training import rounds
from enxerto.types import Features

PHOTOS = 1200
RAW_PX = 16
SETTINGS = Settings(None, 0.95, True, 0, None, silent)
MADE = {"textures": write_textures, "cells": write_cells, "digits": write_digits}
VIEW: dict[str, dict[str, Any]] = {"digits": {"size_px": 96, "crop": 1.0}}


def main(photos: Path) -> dict[str, Any]:
    """One kind of images."""
    kind = os.environ["KIND"]
    with tempfile.TemporaryDirectory() as folder:
        source = MADE[kind](Path(folder) / kind) if kind in MADE else photos
        listed = list_photos(source, label_pattern=os.environ.get("LABEL_PATTERN"))
        if kind not in MADE:
            listed = sample_of(listed, PHOTOS, 4, 0)
        backbone = open_backbone(**VIEW.get(kind, {}))
        engine = open_engine(backbone)
        features, material = features_of_all(
            engine, listed, folds=5, seed=0, keep=True, limits=None, progress=silent
        )  # fmt: skip
        return _measured(backbone, engine, features, material)


def _measured(backbone: Backbone, engine: Engine, features: Features, material: Material) -> dict[str, Any]:
    labelled, sides = material.labelled, material.sides.sides
    chosen = choose_layer(backbone, engine, labelled, sides, SETTINGS)
    evaluated = np.sort(np.concatenate([held_out for _, held_out in rounds(sides, len(labelled.labels))]))
    last = answers(features, material, 0)
    rows = {
        "last layer": last,
        "last layer, 2x2": answers(_features(backbone.tapping(Tap(LAST, "grid2")), material), material, 0),
        "layer chosen": answers_of(chosen.way.decisions, evaluated, material),
        "random weights, last layer": answers(_features(backbone.randomized(0), material), material, 0),
        "random weights, layer chosen": answers(
            _features(chosen.way.backbone.randomized(0), material), material, 0
        ),
        "raw pixels": answers(_raw(material), material, 0),
    }  # fmt: skip
    scratch = run_scratch(labelled, chosen.first, sides, SETTINGS)
    domain = run_domain(backbone, engine, labelled.photos, labelled.labels, labelled.groups, SETTINGS)
    assert scratch is not None
    assert domain is not None
    tried = chosen.tried
    if chosen.way.backbone.tap != backbone.tap:
        gain = paired_difference(rows["layer chosen"].right, last.right, last.groups)
        tried = replace(tried, gain=gain)
    figures = {name: mean_interval(each.right, each.groups) for name, each in rows.items()}
    return {
        "photos": len(labelled.labels), "classes": len(labelled.classes), "protocol": material.sides.protocol,
        "layer": str(chosen.way.backbone.tap),
        "figures": {name: [each.value, each.low, each.high] for name, each in figures.items()},
        "scratch": {"photos": scratch.photos, "side_px": scratch.side_px, "epochs": scratch.epochs,
                    "scratch": [scratch.scratch.value, scratch.scratch.low, scratch.scratch.high],
                    "pretrained": scratch.pretrained.value},
        "domain": [domain.share.value, domain.share.low, domain.share.high], "far": domain.far,
        "advice": advice(None, scratch, domain, tried),
    }  # fmt: skip


def _features(backbone: Backbone, material: Material) -> Features:
    engine = open_engine(backbone)
    with open_store(engine) as store:
        return extract(material.labelled.photos, engine, store).matrix()


def _raw(material: Material) -> Features:
    """The pixels themselves, 16 x 16, red, green and blue."""
    from enxerto.backbones import Augmentation, Preprocessing
    from enxerto.tuning.inputs import Pictures

    half = (0.5, 0.5, 0.5)
    looking = Preprocessing(RAW_PX, 1.0, "bilinear", half, half)
    pictures = Pictures(material.labelled.photos, looking, Augmentation(), 0, None)
    raw: Features = pictures.batch(np.arange(len(material.labelled.labels)), 0).flatten(1).numpy()
    return np.ascontiguousarray(raw)


if __name__ == "__main__":
    report(main)
