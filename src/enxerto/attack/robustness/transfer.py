"""Whether what fools one classifier fools others that have never been asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from enxerto.attack import apgd
from enxerto.attack.goal import Goal
from enxerto.attack.robustness.asking import Answers
from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.robustness.figures import share_of
from enxerto.attack.robustness.records import TransferRecord
from enxerto.attack.robustness.results import Transfer
from enxerto.attack.subject import Subject
from enxerto.types import Images, Pixels

RADIUS = 8 / 255
CONFIDENCE = 0.9
"""That the attacked classifier shall have in its wrong answer; what fools by a hair fools nobody else."""


def sure_points(
    subject: Subject, chunk: Chunk, *, radius: float = RADIUS, steps: int = 50, seed: int = 0
) -> list[Images]:
    """Photos in whole grey levels that the attacked classifier takes for something else, and is sure of it.

    The smallest changes that fool hardly ever transfer; these go as far as they must for `CONFIDENCE`, within a radius,
    or else just fool, where they can.

    Args:
        subject: under attack.
        chunk: the photos; whole grey levels, or else rounding may take them out of the radius.
        radius: L-infinity.
        steps: of APGD.
        seed: of what is random.

    Returns:
        uint8 RGB, each of shape (height, width, 3); the photo itself where nothing fools. They are cropped already, so
        ask others with `asking(…, squares=True)`.
    """
    radii = chunk.radius(radius)
    sure = Goal(chunk.labels, None, CONFIDENCE)
    found = apgd.run(subject, chunk.pixels, sure, "linf", radii, steps=steps, seed=seed)
    rows = found.open
    if len(rows):
        photos, goal = chunk.pixels[rows], chunk.goal.rows(rows)
        found.absorb(apgd.run(subject, photos, goal, "linf", radii[rows], steps=steps, seed=seed), rows)
    return to_photos(found.best.numpy())


def to_photos(pixels: Pixels) -> list[Images]:
    """Pixels in [0, 1], shape (photos, 3, height, width), as photos of whole grey levels: uint8 (height, width, 3)."""
    levels = np.rint(pixels * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    return [np.ascontiguousarray(photo) for photo in levels]


def measure(
    others: Mapping[str, Answers],
    names: Sequence[str],
    originals: Sequence[Images],
    changed: Sequence[Images],
    labels: Sequence[int],
) -> list[TransferRecord]:
    """Ask other classifiers about photos as they are and as they were made to fool.

    Args:
        others: by name, answering in the attacked classifier's class indices (see `asking`); the attacked classifier
            may be among them, which says how much of the attack is in the files.
        names: of the photos.
        originals: uint8 RGB, each of shape (height, width, 3).
        changed: the same made to fool, of any size.
        labels: class indices.
    """
    if not names:
        return []
    return [
        TransferRecord(name, model, int(label), int(before), int(after))
        for model, answers in others.items()
        for name, label, before, after in zip(names, labels, answers(originals), answers(changed), strict=True)
    ]


def summary(records: Sequence[TransferRecord]) -> tuple[Transfer, ...]:
    """The share fooled of each other classifier, in the order in which they come."""
    results = []
    for model in dict.fromkeys(record.model for record in records):
        mine = [record for record in records if record.model == model]
        right = [record for record in mine if record.before == record.label]
        fooled = share_of(record.after != record.label for record in right)
        results.append(Transfer(model, fooled, share_of(record.before == record.label for record in mine)))
    return tuple(results)
