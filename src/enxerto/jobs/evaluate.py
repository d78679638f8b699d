"""A saved classifier on new photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enxerto.classifier import Classifier
from enxerto.data import Limits, PhotoSet, examine, list_photos
from enxerto.errors import DataError, OptionError, UnknownNameError
from enxerto.evaluation import Evaluation
from enxerto.features import extract, open_store
from enxerto.jobs.explaining.mistakes import mistake_overlays
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.jobs.report import thumbnails_of
from enxerto.progress import Progress, silent
from enxerto.report import ReportContents, render


@dataclass(frozen=True)
class Evaluated:
    """What `evaluate` returns.

    Attributes:
        contents: every figure, as the report shows it.
        html: the report.
    """

    contents: ReportContents
    html: str

    @property
    def evaluation(self) -> Evaluation:
        """On the photos that were not in training, where there are any; `contents.evaluation` is on all."""
        return self.contents.honest


def evaluate(
    model: Classifier | str | Path,
    source: str | Path,
    *,
    label_pattern: str | None = None,
    device: str = "auto",
    precision: str = "fp32",
    offline: bool = False,
    cache: bool = True,
    seed: int = 0,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> Evaluated:
    """Measure a classifier on labelled photos, and again without those that it has learned from.

    Args:
        model: a classifier with a head of its own, or the directory of a saved one.
        source: labelled photos, as for `train`; a given `test` side is taken alone, else `val`, else all photos.
        label_pattern: as for `train`.
        device: as for `open_engine`; of a saved model only, as are `precision` and `offline`.
        precision: `fp32` or `bf16`.
        offline: never download.
        cache: keep features for the next time.
        seed: of the bootstrap.
        limits: of bytes and pixels a photo.
        command: the command line to print in the report.
        progress: how to show progress.

    Raises:
        DataError: nothing readable.
        UnknownNameError: labels that the model doesn't know.
        OptionError: the model has no head of its own.
        IntegrityError: the directory is no intact model.
    """
    watch = Stopwatch()
    with watch.stage("loading"):
        classifier = (
            model
            if isinstance(model, Classifier)
            else Classifier.load(model, device=device, precision=precision, offline=offline)
        )
        if classifier.probe is None:
            raise OptionError(
                "`model` must have a head of its own, got a backbone with its own classes; train one first"
            )
        probe = classifier.probe
        photos = held_out(list_photos(Path(source), label_pattern=label_pattern))
        require_known_labels(photos, classifier.classes)
    with watch.stage("features"), open_store(classifier.engine, keep=cache) as store:
        table = extract(photos, classifier.engine, store, limits=limits, progress=progress)
        if not table.readable:
            raise DataError(f"none of the {len(photos)} photos in {source} can be read; run: enxerto check {source}")
        decisions = classifier.decide(table.matrix())
    with watch.stage("evaluation"):
        labelled = LabelledPhotos.of(table, classifier.classes)
        learned = {row.tobytes() for row in classifier.learned_from}
        evaluation, seen, without_seen = labelled.measure(
            decisions,
            np.arange(len(labelled.labels)),
            labelled.with_twins(np.array([row.tobytes() in learned for row in labelled.content])),
            protocol="the saved model",
            coverage=probe.coverage,
            seed=seed,
        )
    contents = ReportContents(
        title=Path(source).resolve().name,
        source=str(source),
        command=command or f"enxerto evaluate MODEL {source}",
        created=now(),
        seconds=watch.seconds(),
        backbone=backbone_card(classifier.backbone),
        engine=f"{classifier.engine.name} {classifier.engine.precision}",
        precision_note=f"{classifier.engine.precision}: the precision that the saved model was loaded with",
        regularization=probe.C,
        temperature=probe.temperature,
        health=examine(photos, table.records),
        evaluation=evaluation,
        control=None,
        seen=seen,
        without_seen=without_seen,
        versions=versions(),
        seed=seed,
    )
    html = render(
        contents,
        thumbnails=thumbnails_of(contents, photos, limits),
        overlays=mistake_overlays(classifier, contents, photos, limits),
    )
    return Evaluated(contents, html)


def held_out(photos: PhotoSet) -> PhotoSet:
    """The side of a given split that is there to be evaluated on."""
    for side in ("test", "val"):
        chosen = [i for i, photo in enumerate(photos.photos) if photo.split == side]
        if chosen:
            return photos.subset(chosen)
    return photos


def require_known_labels(photos: PhotoSet, classes: tuple[str, ...]) -> None:
    """Raise an `UnknownNameError` for a label that isn't among the classes."""
    for label in photos.classes:
        if label not in classes:
            raise UnknownNameError("class", label, classes)
