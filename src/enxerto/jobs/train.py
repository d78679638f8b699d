"""From a folder of photos to a classifier with an honest figure: the main job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import DEFAULT, LAST, open_backbone
from enxerto.classifier import Classifier, Provenance, require_free, require_slimmable, save
from enxerto.data import (
    Limits,
    PhotoSet,
    Split,
    examine,
    format_split,
    list_photos,
    read_split,
    require_trainable,
    split_photos,
)
from enxerto.engines import Engine
from enxerto.errors import OptionError
from enxerto.evaluation import Control, Evaluation
from enxerto.features import PrecisionChoice, engine_for, extract, open_store
from enxerto.heads import ClassWeight
from enxerto.jobs.agreement import agreement_with_fp32
from enxerto.jobs.control import prepare_control, run_control
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.jobs.report import thumbnails_of
from enxerto.progress import Progress, silent
from enxerto.report import ReportContents, render, to_json
from enxerto.training import train_probe
from enxerto.types import Features


@dataclass(frozen=True)
class Trained:
    """What `train` returns.

    Attributes:
        classifier: ready to predict.
        contents: every figure, as the report shows it.
        html: the report.
        path: where the model was saved, `None` when no output was asked for.
    """

    classifier: Classifier
    contents: ReportContents
    html: str
    path: Path | None

    @property
    def evaluation(self) -> Evaluation:
        """How good the classifier is on photos that it has not learned from, copies of them left out, too."""
        return self.contents.honest


def train(
    source: str | Path,
    output: str | Path | None = None,
    *,
    backbone: str = DEFAULT,
    layer: str = LAST,
    pooling: str = "average",
    size_px: int | None = None,
    crop: float | None = None,
    weights: str | Path | None = None,
    label_pattern: str | None = None,
    split: str | Path | None = None,
    folds: int = 5,
    holdout: float | None = None,
    class_weight: ClassWeight = None,
    coverage: float = 0.95,
    control: bool = True,
    precision: str = "auto",
    device: str = "auto",
    offline: bool = False,
    slim: bool = False,
    force: bool = False,
    cache: bool = True,
    seed: int = 0,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train a classifier on a folder of photos and evaluate it on photos that it has not learned from.

    Args:
        source: a folder per class, `train/` and `test/` above that, a flat folder with `label_pattern`, or a CSV file.
        output: directory to save the model in; it must not exist.
        backbone: as in `enxerto backbones list`.
        layer: where features come from; `last` by default.
        pooling: `average`, `max` or `grid2`.
        size_px: side of the square that the backbone looks at; by default what it was trained with.
        crop: part of a photo's shorter side that the square covers.
        weights: a `.safetensors` file of the backbone's weights.
        label_pattern: regular expression whose one group is the label, matched to the stem of each file name.
        split: a CSV file that says which photo is on which side, as a saved model's `split.csv`.
        folds: of the cross-validation, where no split is given.
        holdout: hold out this share of the photos instead of cross-validating.
        class_weight: `balanced` lets every class count the same.
        coverage: how often prediction sets shall hold the true class.
        control: also train on the same backbone with random weights, to see whether transfer helps.
        precision: `auto`, `fp32` or `bf16` for making features; the saved model predicts in fp32 either way.
        device: `auto`, `openvino`, `torch` or `cuda`.
        offline: never download.
        slim: save the model without the backbone's weights.
        force: replace a model at `output`.
        cache: keep features for the next time.
        seed: of everything random.
        limits: of bytes and pixels a photo.
        command: the command line to print in the report.
        progress: how to show progress.

    Raises:
        DataError: nothing readable, a class with too few photos, ….
        OptionError: an impossible option.
        WeightsMissingError: the backbone's weights are not here and can't be fetched.
        StorageError: the disk is full.
    """
    target = None if output is None else Path(output)
    if target is not None:
        require_free(target, force=force)
    watch = Stopwatch()
    with watch.stage("listing"):
        photos = list_photos(Path(source), label_pattern=label_pattern)
        require_trainable(photos)
    with watch.stage("backbone"):
        grafted = open_backbone(
            backbone,
            layer=layer,
            pooling=pooling,
            size_px=size_px,
            crop=crop,
            file=None if weights is None else Path(weights),
            offline=offline,
        )
        if slim and target is not None:
            require_slimmable(grafted)
        engine, choice = engine_for(photos, grafted, device=device, precision=precision, keep=cache, limits=limits)
    random = prepare_control(engine, seed) if control else None
    with watch.stage("features"), open_store(engine, keep=cache) as store:
        table = extract(photos, engine, store, limits=limits, progress=progress)
        require_trainable(photos, readable=[record.good for record in table.records])
        features = table.matrix()
    with watch.stage("data health"):
        labelled = LabelledPhotos.of(table)
        sides = _sides(labelled, photos, split, folds, holdout, seed)
        health = examine(photos if split is None else _placed(photos, labelled.photos, sides), table.records)
    with watch.stage("head"):
        trained = train_probe(
            features, labelled.labels, labelled.classes, sides.sides,
            groups=labelled.groups, class_weight=class_weight, coverage=coverage, seed=seed, progress=progress,
        )  # fmt: skip
    with watch.stage("evaluation"):
        evaluation, seen, without_seen = labelled.measure(
            trained.decisions,
            trained.evaluated,
            _leaked(labelled, sides, trained.evaluated),
            protocol=sides.protocol,
            coverage=coverage,
            seed=seed,
        )
    with watch.stage("control"):
        measured = _control(labelled, features, random, class_weight, seed, cache, limits, progress)
    classifier = Classifier(
        backbone=grafted,
        classes=labelled.classes,
        probe=trained.probe,
        learned_from=labelled.content[_learned(sides)],
        device=device,
    )
    with watch.stage("agreement"):
        note = choice.note + agreement_with_fp32(
            classifier, labelled.photos, features, choice.precision, keep=cache, limits=limits
        )
    contents = ReportContents(
        title=Path(source).resolve().name,
        source=str(source),
        command=command or f"enxerto train {source}",
        created=now(),
        seconds=watch.seconds(),
        backbone=backbone_card(grafted),
        engine=f"{engine.name} {engine.precision}",
        precision_note=note,
        regularization=trained.probe.C,
        temperature=trained.probe.temperature,
        health=health,
        evaluation=evaluation,
        control=measured,
        seen=seen,
        without_seen=without_seen,
        versions=versions(),
        seed=seed,
    )
    html = render(contents, thumbnails=thumbnails_of(contents, photos, limits))
    if target is not None:
        extra = {
            "split.csv": format_split(labelled.photos, sides, labelled.groups.tolist()),
            "results.json": to_json(contents),
            "report.html": html.encode(),
        }
        _save(classifier, target, contents, choice, extra, slim=slim, force=force)
    return Trained(classifier, contents, html, target)


def _sides(
    labelled: LabelledPhotos, listed: PhotoSet, split: str | Path | None, folds: int, holdout: float | None, seed: int
) -> Split:
    """The split given as a file, or by the folders, or one of our own."""
    if split is not None:
        if holdout is not None:
            raise OptionError("`split` and `holdout` exclude each other; give one of them")
        return read_split(Path(split), labelled.photos, among=listed)
    given = [photo.split for photo in labelled.photos.photos]
    return split_photos(
        [labelled.classes[label] for label in labelled.labels],
        labelled.groups.tolist(),
        given=given if any(given) else None,
        folds=folds,
        holdout=holdout,
        seed=seed,
    )


def _placed(listed: PhotoSet, placed: PhotoSet, sides: Split) -> PhotoSet:
    """The photos listed, each with its side of a split file as the side it was given."""
    side_of = {photo.name: side for photo, side in zip(placed.photos, sides.sides, strict=True)}
    return replace(listed, photos=tuple(replace(photo, split=side_of.get(photo.name)) for photo in listed.photos))


def _learned(sides: Split) -> NDArray[np.bool_]:
    """Which photos the saved head has learned from: the training side, or with folds all of them."""
    return np.array(["train" not in sides.sides or side == "train" for side in sides.sides])


def _leaked(labelled: LabelledPhotos, sides: Split, evaluated: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Evaluated photos of whose group, a copy among them, the head that judged them had learned some."""
    side_of = np.array(sides.sides)
    if "train" in sides.sides:
        return np.isin(labelled.groups[evaluated], labelled.groups[side_of == "train"])
    pairs = set(zip(labelled.groups.tolist(), sides.sides, strict=True))
    folds = Counter(group for group, _ in pairs)
    return np.array([folds[group] > 1 for group in labelled.groups[evaluated].tolist()])


def _control(
    labelled: LabelledPhotos,
    features: Features,
    random: Future[Engine] | None,
    class_weight: ClassWeight,
    seed: int,
    cache: bool,
    limits: Limits | None,
    progress: Progress,
) -> Control | None:
    if random is None:
        return None
    return run_control(
        labelled.photos, features, labelled.labels, labelled.groups, labelled.classes, random,
        class_weight=class_weight, seed=seed, cache=cache, limits=limits, progress=progress,
    )  # fmt: skip


def _save(
    classifier: Classifier,
    target: Path,
    contents: ReportContents,
    choice: PrecisionChoice,
    extra: Mapping[str, bytes],
    *,
    slim: bool,
    force: bool,
) -> None:
    provenance = Provenance(
        created=contents.created,
        command=contents.command,
        seed=contents.seed,
        precision=choice.precision,
        precision_note=contents.precision_note,
        versions=contents.versions,
    )
    evaluation = contents.honest
    figures = {
        "photos": float(evaluation.photos),
        "accuracy": evaluation.accuracy.value,
        "accuracy_low": evaluation.accuracy.low,
        "accuracy_high": evaluation.accuracy.high,
    }
    save(classifier, target, provenance=provenance, figures=figures, extra=extra, slim=slim, force=force)
