"""Backbones in order of accuracy, each compared with the best, photo by photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from enxerto.errors import DataError
from enxerto.evaluation.intervals import paired_difference
from enxerto.jobs.labelled import Judged
from enxerto.jobs.training.trained import Trained
from enxerto.report import LabEntry, ReportContents, UnmeasuredContents


@dataclass(frozen=True)
class Measured:
    """A trained backbone.

    Attributes:
        contents: of its report.
        judged: which photos it got right.
        model: where its model lies, relative to the page.
    """

    contents: ReportContents
    judged: Judged
    model: str

    @classmethod
    def of(cls, trained: Trained, model: str) -> Measured:
        """What a training says of its backbone.

        Raises:
            DataError: nothing was measured, as there are too few photos.
        """
        if isinstance(trained.contents, UnmeasuredContents):
            raise DataError(f"nothing could be measured: {trained.contents.reason}; give more photos of each breed")
        assert trained.judged is not None
        return cls(trained.contents, trained.judged, model)


def ranked(measured: Sequence[Measured]) -> tuple[LabEntry, ...]:
    """Entries of the page, the best first; equal accuracies by log loss.

    Raises:
        DataError: they were not measured on the same photos.
    """
    if len({each.judged.names for each in measured}) > 1:
        raise DataError("the photos have changed while backbones were compared; run the lab again")
    ordered = sorted(measured, key=lambda each: (-each.judged.right.mean(), each.contents.honest.log_loss.value))
    return tuple(_entry(each, ordered[0]) for each in ordered)


def _entry(each: Measured, best: Measured) -> LabEntry:
    card, evaluation = each.contents.backbone, each.contents.honest
    return LabEntry(
        name=card.name,
        parameters=card.parameters,
        size_px=card.size_px,
        licence=card.licence,
        accuracy=evaluation.accuracy,
        log_loss=evaluation.log_loss,
        behind=None if each is best else paired_difference(each.judged.right, best.judged.right, best.judged.groups),
        seconds=sum(seconds for _, seconds in each.contents.seconds),
        model=each.model,
    )
