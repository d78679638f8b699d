"""A robustness report of photos that nobody has measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from enxerto.attack.norms import NORMS
from enxerto.attack.robustness import corruptions, curve, masking, smoothing, standard, transfer
from enxerto.attack.robustness.figures import share
from enxerto.attack.robustness.mishaps import MISHAPS, STRENGTHS
from enxerto.attack.robustness.records import (
    CertifiedRecord,
    CorruptionRecord,
    MaskingRecord,
    NearestRecord,
    StandardRecord,
    TransferRecord,
)
from enxerto.attack.robustness.results import Robustness
from enxerto.report.contents import BackboneCard
from enxerto.report.robustness.contents import PhotoCard, RobustnessContents, SectionCard

PHOTOS = 60
NAMES = tuple(f"photo-{number:02d}.jpg" for number in range(PHOTOS))
_TYPICAL = {"linf": 0.3 / 255, "l2": 0.2, "l1": 10.0, "l0": 150.0}


def measured() -> Robustness:
    """Six photos are wrong as they are, one is never fooled; gradients are masked on some."""
    dice = np.random.default_rng(0)
    standards = [
        StandardRecord(name, norm, radius, 0, "clean" if row < 6 else None if row < 8 else "minimal")
        for norm in ("linf", "l2")
        for radius in standard.RADII[norm]
        for row, name in enumerate(NAMES[:20])
    ]
    return Robustness(
        curves=tuple(curve.summary(nearest(norm), norm) for norm in NORMS),
        standards=tuple(sorted(standard.summary(standards), key=lambda each: NORMS.index(each.norm))),
        corruptions=corruptions.summary(
            [CorruptionRecord(name, "none", 0, 0, int(row < 6)) for row, name in enumerate(NAMES)]
            + [
                CorruptionRecord(name, kind, strength, 0, int(dice.random() < 0.1 + 0.03 * strength * (1 + place)))
                for place, kind in enumerate(MISHAPS)
                for strength in STRENGTHS
                for name in NAMES
            ]
        ),
        transfers=transfer.summary(
            [
                TransferRecord(name, model, 0, int(dice.random() < 0.1), int(dice.random() < fooled))
                for model, fooled in (("the model itself", 0.99), ("efficientnet_lite1", 0.2))
                for name in NAMES
            ]
        ),
        certified=smoothing.summary(
            [
                CertifiedRecord(name, 0, None if row % 5 == 0 else 0, 0.0 if row % 5 == 0 else radius, 0.9)
                for row, (name, radius) in enumerate(zip(NAMES, dice.random(PHOTOS) * 0.6, strict=True))
            ],
            sigma=0.25,
            draws=1000,
            alpha=0.001,
        ),
        masking=masking.summary(
            [MaskingRecord(name, 0, True, saturated=row < 4, fooled=True) for row, name in enumerate(NAMES)], standards
        ),
    )


def nearest(norm: str) -> list[NearestRecord]:
    """Six photos are wrong as they are, and nothing was found for one."""
    sizes = _TYPICAL[norm] * np.exp(0.5 * np.random.default_rng(len(norm)).standard_normal(PHOTOS))
    sizes[:6] = 0
    return [
        NearestRecord(name, norm, 0, None if row == 7 else float(size), int(row != 7), False)
        for row, (name, size) in enumerate(zip(NAMES, sizes, strict=True))
    ]


def card(name: str, answer: str = "bee", linf: float | None = 0.21) -> PhotoCard:
    return PhotoCard(name, "ant", answer, (("linf", linf), ("l2", 51.2), ("l1", 2512.0), ("l0", 140.0)))


def contents() -> RobustnessContents:
    return RobustnessContents(
        title="ants-bees", source="photos/ants-bees", command="enxerto robustness pets photos/ants-bees -o out",
        created="2026-01-31T12:00:00+00:00", model="the model pets",
        backbone=BackboneCard("efficientnet_lite0", 4652008, 224, "apache-2.0", "ab" * 32, "last", "average"),
        engine="openvino fp32", classes=2, size_px=224, photos=PHOTOS, drawn=PHOTOS + 1,
        unreadable=(("broken.jpg", "this is no picture (unknown-format)"),), clean=share(54, PHOTOS),
        measured=measured(),
        sections=(
            SectionCard("clean", "answers for the photos as they are", 61, 61, 3.0),
            SectionCard("curves:linf", "smallest changes in linf", PHOTOS, PHOTOS, 120.5),
            SectionCard("autoattack:linf", "AutoAttack in linf", 20, PHOTOS, 12.0),
        ),
        leading="linf", fragile=tuple(card(name) for name in NAMES[8:14]),
        stubborn=(card(NAMES[7], "ant", None), *(card(name) for name in NAMES[14:19])),
        notes=("One photo was left out, as the model has learned from it.",), minutes=5.0, seconds=301.2,
        interrupted=False, versions=(("python", "3.11"),), seed=0,
    )  # fmt: skip


def nothing_measured() -> RobustnessContents:
    """There was time for answers only."""
    return replace(
        contents(), measured=Robustness(), leading="", fragile=(), stubborn=(), notes=(), unreadable=(), seconds=0.0,
        sections=(
            SectionCard("clean", "answers for the photos as they are", 61, 61, 0.0),
            SectionCard("masking", "signs of gradient masking", 0, 54, 0.0),
        ),
    )  # fmt: skip
