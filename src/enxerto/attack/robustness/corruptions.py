"""Accuracy on photos that something ordinary has happened to."""

from __future__ import annotations

from collections.abc import Sequence

from enxerto.attack.robustness.asking import Answers
from enxerto.attack.robustness.figures import share_of
from enxerto.attack.robustness.mishaps import MISHAPS, STRENGTHS, describe, happen, shrunk
from enxerto.attack.robustness.records import CorruptionRecord
from enxerto.attack.robustness.results import Corruption, Corruptions
from enxerto.types import Images

NONE = "none"


def measure(
    answers: Answers,
    names: Sequence[str],
    photos: Sequence[Images],
    labels: Sequence[int],
    *,
    short_side_px: int,
    kinds: Sequence[str] = tuple(MISHAPS),
    strengths: Sequence[int] = STRENGTHS,
    seed: int = 0,
) -> list[CorruptionRecord]:
    """Ask about photos as they are, and after each kind at each strength.

    A photo whose short side has more pixels than the network needs is shrunk to those first, so that a strength means
    the same for photos of every size: noise on twelve million pixels would be gone after the network's own resize.

    Args:
        answers: of the classifier.
        names: of the photos.
        photos: uint8 RGB, each of shape (height, width, 3).
        labels: class indices.
        short_side_px: that the network needs, `Preprocessing.short_side_px`.
        kinds: some of `MISHAPS`.
        strengths: some of 1 to 5.
        seed: of what is random.

    Raises:
        UnknownNameError: there is no such kind.
        OptionError: there is no such strength.
    """
    small = [shrunk(photo, short_side_px) for photo in photos]
    records = _asked(answers, names, small, labels, NONE, 0)
    for kind in kinds:
        for strength in strengths:
            harmed = [happen(photo, kind, strength, seed=seed) for photo in small]
            records += _asked(answers, names, harmed, labels, kind, strength)
    return records


def _asked(
    answers: Answers, names: Sequence[str], photos: Sequence[Images], labels: Sequence[int], kind: str, strength: int
) -> list[CorruptionRecord]:
    if not photos:
        return []
    return [
        CorruptionRecord(name, kind, strength, int(label), int(answer))
        for name, label, answer in zip(names, labels, answers(photos), strict=True)
    ]


def summary(records: Sequence[CorruptionRecord]) -> Corruptions | None:
    """Accuracy by kind and strength; `None` without records."""
    if not records:
        return None
    right: dict[tuple[str, int], list[bool]] = {}
    for record in records:
        right.setdefault((record.kind, record.strength), []).append(record.answer == record.label)
    results = tuple(
        Corruption(kind, strength, describe(kind, strength), share_of(right[kind, strength]))
        for kind in MISHAPS
        for strength in STRENGTHS
        if (kind, strength) in right
    )
    mean = sum(result.accuracy.value for result in results) / len(results) if results else None
    return Corruptions(share_of(right.get((NONE, 0), [])), results, mean)
