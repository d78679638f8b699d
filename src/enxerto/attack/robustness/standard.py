"""Accuracy under AutoAttack within the radii that papers state.

The radii are those of RobustBench: in L-infinity 4/255 for ImageNet's photos and 8/255 for small pictures, in L2 0.5
for pictures of 32 x 32. L2 grows with the square root of the number of values, so that 0.5 is a stricter budget for
photos of 224 x 224 (a third of a grey level, root mean square); for those it is 3.0, as hardened ImageNet networks are
trained and tested with. L1 and L0 have no such convention for photos; for them there is the curve.

References: Croce et al. 2021, arXiv:2010.09670 (RobustBench); Salman et al. 2020, arXiv:2007.08489 (L2 3.0).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch

from enxerto.attack import autoattack
from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.robustness.figures import grey, share_of
from enxerto.attack.robustness.records import NearestRecord, StandardRecord
from enxerto.attack.robustness.results import Standard
from enxerto.attack.subject import Subject

RADII = {"linf": (4 / 255, 8 / 255), "l2": (0.5, 3.0)}
FELL_TO = ("clean", "minimal", "apgd-ce", "apgd-targeted", "fab-targeted", "square")
"""In the order in which they are tried."""


def measure(
    subject: Subject,
    chunk: Chunk,
    norm: str,
    radii: Sequence[float],
    *,
    nearest: Sequence[NearestRecord] = (),
    steps: int = 100,
    seed: int = 0,
) -> list[StandardRecord]:
    """Attack each photo within each radius, the smallest first: who falls within one falls within the larger ones.

    A photo that withstands takes about 1,900 gradients and 5,000 answers a radius, one that falls a few.

    Args:
        subject: under attack.
        chunk: the photos.
        norm: `linf`, `l2` or `l1`.
        radii: at least 0.
        nearest: what a search for the smallest change has found before; photos that it fooled within a radius aren't
            attacked again.
        steps: of each gradient attack of the ensemble; Square asks 50 times as often.
        seed: of what is random.

    Returns:
        A record a photo and radius.
    """
    known = {record.photo: record.distance for record in nearest if record.norm == norm}
    fell: list[str | None] = [None] * len(chunk)
    records = []
    for radius in sorted(radii):
        for row, name in enumerate(chunk.names):
            distance = known.get(name)
            if fell[row] is None and distance is not None and distance <= radius:
                fell[row] = "minimal" if distance else "clean"
        _attack(subject, chunk, norm, radius, fell, steps, seed)
        records += [
            StandardRecord(name, norm, radius, int(label), by)
            for name, label, by in zip(chunk.names, chunk.labels, fell, strict=True)
        ]
    return records


def _attack(
    subject: Subject, chunk: Chunk, norm: str, radius: float, fell: list[str | None], steps: int, seed: int
) -> None:
    left = torch.tensor([row for row, by in enumerate(fell) if by is None], dtype=torch.int64)
    if not len(left):
        return
    goal, radii = chunk.goal.rows(left), chunk.radius(radius)[left]
    for member, found in autoattack.stages(subject, chunk.pixels[left], goal, norm, radii, steps=steps, seed=seed):
        for row, fooled in zip(left.tolist(), found.success.tolist(), strict=True):
            if fooled and fell[row] is None:
                fell[row] = member


def summary(records: Sequence[StandardRecord]) -> tuple[Standard, ...]:
    """Accuracy for each norm and radius, in that order."""
    results = []
    for norm, radius in sorted({(record.norm, record.radius) for record in records}):
        mine = [record.fell_to for record in records if (record.norm, record.radius) == (norm, radius)]
        counts = Counter(mine)
        results.append(
            Standard(
                norm=norm,
                radius=radius,
                grey=grey(radius, norm),
                accuracy=share_of(by is None for by in mine),
                fell_to=tuple((by, counts[by]) for by in FELL_TO if counts[by]),
            )
        )
    return tuple(results)
