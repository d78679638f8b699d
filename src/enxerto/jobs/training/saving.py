"""Saving a trained model: its directory holds the classifier, the split, the figures and the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from enxerto.backbones.backbone import FINE_TUNED
from enxerto.classifier import Classifier, Provenance, save
from enxerto.data import Split, format_split
from enxerto.features import PrecisionChoice
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.report import ReportContents, UnmeasuredContents, to_json


def extra_files(
    labelled: LabelledPhotos, sides: Split, contents: ReportContents | UnmeasuredContents, html: str
) -> dict[str, bytes]:
    """What a model's directory holds besides the model, by name."""
    return {
        "split.csv": format_split(labelled.photos, sides, labelled.groups.tolist()),
        "results.json": to_json(contents),
        "report.html": html.encode(),
    }


def save_model(
    classifier: Classifier,
    target: Path,
    contents: ReportContents | UnmeasuredContents,
    choice: PrecisionChoice,
    extra: Mapping[str, bytes],
    *,
    slim: bool,
    force: bool,
) -> None:
    """Save the classifier with where it comes from, its figures, and the other files of its directory.

    Raises:
        StorageError: the disk is full.
    """
    card = contents.tuning if isinstance(contents, ReportContents) else None
    provenance = Provenance(
        created=contents.created,
        command=contents.command,
        seed=contents.seed,
        precision=choice.precision,
        precision_note=contents.precision_note,
        versions=contents.versions,
        tuning=card.recipe if card is not None and classifier.backbone.origin == FINE_TUNED else (),
    )
    figures = {"photos": 0.0}
    if isinstance(contents, ReportContents):
        evaluation = contents.honest
        figures = {
            "photos": float(evaluation.photos),
            "accuracy": evaluation.accuracy.value,
            "accuracy_low": evaluation.accuracy.low,
            "accuracy_high": evaluation.accuracy.high,
        }
    save(classifier, target, provenance=provenance, figures=figures, extra=extra, slim=slim, force=force)
