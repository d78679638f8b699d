"""From the records of a journal to what the page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from enxerto.attack.norms import NORMS
from enxerto.attack.robustness import corruptions, curve, masking, smoothing, standard, transfer
from enxerto.attack.robustness.figures import grey
from enxerto.attack.robustness.records import (
    CertifiedRecord,
    CorruptionRecord,
    MaskingRecord,
    NearestRecord,
    StandardRecord,
    TransferRecord,
)
from enxerto.attack.robustness.results import Robustness
from enxerto.jobs.robustness.journal import Journal
from enxerto.jobs.robustness.sections import (
    ALPHA,
    AUTOATTACK,
    CERTIFIED,
    CORRUPTIONS,
    CURVES,
    DRAWS,
    MASKING,
    SIGMA,
    TRANSFER,
)
from enxerto.report.robustness.contents import PhotoCard

MOST_CARDS = 4
Kind = TypeVar("Kind", NearestRecord, StandardRecord, CorruptionRecord, TransferRecord, CertifiedRecord, MaskingRecord)


@dataclass(frozen=True)
class Records:
    """Records of the photos that count.

    Attributes:
        journal: with all records.
        names: of the photos that count.
        parts: of the report that are wanted.
        norms: that are wanted.
    """

    journal: Journal
    names: frozenset[str]
    parts: Sequence[str]
    norms: Sequence[str]

    def nearest(self, norm: str) -> list[NearestRecord]:
        """Smallest changes in a norm."""
        return self._of(CURVES, NearestRecord, norm) if norm in self.norms else []

    def standards(self) -> list[StandardRecord]:
        """AutoAttack in every norm that is wanted."""
        return [each for norm in self.norms for each in self._of(AUTOATTACK, StandardRecord, norm)]

    def measured(self) -> Robustness:
        """All of it."""
        standards = self.standards()
        curves = {norm: self.nearest(norm) for norm in NORMS}
        mishaps = self._of(CORRUPTIONS, CorruptionRecord)
        certified = self._of(CERTIFIED, CertifiedRecord)
        return Robustness(
            curves=tuple(curve.summary(records, norm) for norm, records in curves.items() if records),
            standards=tuple(sorted(standard.summary(standards), key=lambda each: NORMS.index(each.norm))),
            corruptions=corruptions.summary(mishaps),
            transfers=transfer.summary(self._of(TRANSFER, TransferRecord)),
            certified=smoothing.summary(certified, sigma=SIGMA, draws=DRAWS, alpha=ALPHA),
            masking=masking.summary(self._of(MASKING, MaskingRecord), standards if MASKING in self.parts else ()),
        )

    def leading(self) -> str:
        """The norm that photos are ordered by: the first one that was measured; empty without any."""
        return next((norm for norm in NORMS if self.nearest(norm)), "")

    def cards(self, classes: Sequence[str]) -> tuple[tuple[PhotoCard, ...], tuple[PhotoCard, ...]]:
        """The most fragile and the most stubborn of the right photos; none is both."""
        by_norm = {norm: {each.photo: each for each in self.nearest(norm)} for norm in NORMS}
        leading = by_norm.get(self.leading(), {})
        right = sorted((each for each in leading.values() if each.distance != 0), key=_size)
        few = min(MOST_CARDS, (len(right) + 1) // 2)
        stubborn = reversed(right[max(few, len(right) - MOST_CARDS) :])
        return _cards(right[:few], by_norm, classes), _cards(stubborn, by_norm, classes)

    def _of(self, part: str, kind: type[Kind], norm: str = "") -> list[Kind]:
        if part not in self.parts:
            return []
        found = self.journal.records(f"{part}:{norm}" if norm else part, kind)
        return [each for each in found if each.photo in self.names]


def _size(record: NearestRecord) -> tuple[float, str]:
    return (float("inf") if record.distance is None else record.distance), record.photo


def _cards(
    chosen: Iterable[NearestRecord], by_norm: dict[str, dict[str, NearestRecord]], classes: Sequence[str]
) -> tuple[PhotoCard, ...]:
    cards = []
    for record in chosen:
        sizes = tuple(
            (norm, None if (distance := records[record.photo].distance) is None else grey(distance, norm))
            for norm, records in by_norm.items()
            if record.photo in records
        )
        cards.append(PhotoCard(record.photo, classes[record.label], classes[record.answer], sizes))
    return tuple(cards)
