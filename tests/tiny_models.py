"""A classifier that was never trained, for what is about files only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from enxerto.backbones import Backbone
from enxerto.backbones.catalog import DEFAULT, find
from enxerto.classifier import Classifier, Provenance, save
from enxerto.heads.familiarity import Familiarity
from enxerto.heads.linear import LinearHead
from enxerto.heads.probe import LinearProbe

CLASSES = ("ant", "bee", "cat")
LENGTH = 6


def tiny_classifier(seed: int = 0) -> Classifier:
    dice = np.random.default_rng(seed)
    head = LinearHead(dice.normal(size=(3, LENGTH)).astype(np.float32), np.zeros(3, dtype=np.float32), CLASSES)
    bank = dice.normal(size=(5, LENGTH)).astype(np.float16)
    probe = LinearProbe(head, 1.5, 0.2, 0.95, Familiarity(bank, 0.1), 1.0, ((1.0, 0.5),))
    entry = find(DEFAULT)
    learned = dice.integers(0, 256, (5, 32), dtype=np.uint8)
    return Classifier(Backbone(entry, "package", dict, entry.identity), CLASSES, probe, learned)


def save_tiny(path: Path, seed: int, *, force: bool = False) -> None:
    """A slim model whose every file depends on `seed`."""
    save(
        tiny_classifier(seed),
        path,
        provenance=Provenance("2026-01-01T00:00:00+00:00", "enxerto train x", seed, "fp32", "asked for", ()),
        figures={"accuracy": 0.5 + seed / 100},
        extra={"split.csv": b"name,side\n%d,train\n" % seed, "report.html": b"<p>%d" % seed * 500},
        slim=True,
        force=force,
    )
