"""Accuracy at every radius, from one search for the smallest change of each photo.

A photo is right within a radius if nothing smaller was found to fool, so the curve is an upper bound of what any attack
leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import torch

from enxerto.attack.contract import find
from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.robustness.figures import grey, point, share_of
from enxerto.attack.robustness.records import NearestRecord
from enxerto.attack.robustness.results import Curve
from enxerto.attack.subject import Subject

ATTACK = "minimal"
"""Row of the contract: the best search in every norm."""
RADII = {
    "linf": tuple(levels / 255 for levels in (0, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16)),
    "l2": (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0),
    "l1": (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 255.0),
    "l0": (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0),
}
"""Where classifiers are compared; ordinary ones lose everything in the first half, hardened ones in the second."""


def measure(
    subject: Subject, chunk: Chunk, norm: str, *, steps: int | None = None, seed: int = 0
) -> tuple[list[NearestRecord], torch.Tensor]:
    """Look for the smallest change that fools, of each photo.

    Args:
        subject: under attack.
        chunk: the photos.
        norm: one of `enxerto.attack.norms.NORMS`.
        steps: gradients a photo; the attack's own when `None`.
        seed: of what is random.

    Returns:
        A record a photo, and the points: float32, shape of the photos; the photo itself where nothing was found.

    Raises:
        OptionError: no such norm, or fewer than one step.
    """
    attack = find(ATTACK)
    found = attack.nearest(subject, chunk.pixels, chunk.goal, norm, steps=steps, seed=seed)
    answers = subject.logits(found.best).argmax(1)
    records = []
    for row, name in enumerate(chunk.names):
        fooled, label = bool(found.success[row]), int(chunk.labels[row])
        records.append(
            NearestRecord(
                photo=name,
                norm=norm,
                label=label,
                distance=float(found.distances[row]) if fooled else None,
                answer=int(answers[row]) if fooled else label,
                flat=bool(found.flat[row]),
            )
        )
    return records, found.best


def right_within(record: NearestRecord, radius: float) -> bool:
    """Whether nothing up to this radius was found to fool."""
    return record.distance is None or record.distance > radius


def summary(records: Sequence[NearestRecord], norm: str, radii: Sequence[float] | None = None) -> Curve:
    """The curve of all photos so far.

    Args:
        records: of any norms; those of `norm` count.
        norm: of the curve.
        radii: of its points; `RADII` when `None`.
    """
    mine = [record for record in records if record.norm == norm]
    needed = [record.distance for record in mine if record.distance != 0]
    middle = median(float("inf") if distance is None else distance for distance in needed) if needed else float("inf")
    known = middle if middle < float("inf") else None
    return Curve(
        norm=norm,
        clean=share_of(right_within(record, 0.0) for record in mine),
        points=tuple(
            point(radius, norm, (right_within(record, radius) for record in mine)) for radius in radii or RADII[norm]
        ),
        distances=tuple(sorted(record.distance for record in mine if record.distance is not None)),
        photos=len(mine),
        unfound=sum(record.distance is None for record in mine),
        median=known,
        median_grey=None if known is None else grey(known, norm),
        flat=sum(record.flat for record in mine),
    )
