"""From a folder of photos to a classifier with an honest figure: the main job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import DEFAULT, LAST, open_backbone
from enxerto.classifier import Classifier, Provenance, require_free, save
from enxerto.data import (
    Limits,
    PhotoSet,
    Split,
    clusters,
    examine,
    find_duplicates,
    format_split,
    list_photos,
    merge_groups,
    read_split,
    require_trainable,
    split_photos,
)
from enxerto.engines import Engine
from enxerto.evaluation import Control, Evaluation, evaluate
from enxerto.features import FeatureTable, PrecisionChoice, engine_for, extract, open_store
from enxerto.heads import ClassWeight
from enxerto.jobs.agreement import agreement_with_fp32
from enxerto.jobs.control import run_control
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.jobs.report import thumbnails_of
from enxerto.progress import Progress, silent
from enxerto.report import ReportContents, render, to_json
from enxerto.training import TrainedProbe, train_probe
from enxerto.types import Features, Labels


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
        """How good the classifier is on photos that it has not learned from."""
        return self.contents.evaluation


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
        engine, choice = engine_for(photos, grafted, device=device, precision=precision, keep=cache, limits=limits)
    with watch.stage("features"), open_store(engine, keep=cache) as store:
        table = extract(photos, engine, store, limits=limits, progress=progress)
        require_trainable(photos, readable=[record.good for record in table.records])
        features = table.matrix()
    with watch.stage("data health"):
        health = examine(photos, table.records)
        learnable = _Learnable.of(table)
        sides = learnable.split(split=split, folds=folds, holdout=holdout, seed=seed)
    with watch.stage("head"):
        trained = train_probe(
            features, learnable.labels, learnable.classes, sides.sides,
            groups=learnable.groups, class_weight=class_weight, coverage=coverage, seed=seed, progress=progress,
        )  # fmt: skip
    with watch.stage("evaluation"):
        evaluation = learnable.evaluate(trained, sides, coverage, seed)
        seen, without_seen = learnable.without_leaks(trained, sides, coverage, seed)
    with watch.stage("control"):
        measured = _control(learnable, features, engine, control, seed, cache, limits, progress)
    classifier = Classifier(
        backbone=grafted,
        classes=learnable.classes,
        probe=trained.probe,
        learned_from=learnable.hashes(sides),
        device=device,
    )
    with watch.stage("agreement"):
        note = choice.note + agreement_with_fp32(classifier, learnable.photos, features, choice.precision)
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
    html = render(contents, thumbnails=thumbnails_of(contents, photos))
    if target is not None:
        extra = {
            "split.csv": format_split(learnable.photos, sides, learnable.groups.tolist()),
            "results.json": to_json(contents),
            "report.html": html.encode(),
        }
        _save(classifier, target, contents, choice, extra, slim=slim, force=force)
    return Trained(classifier, contents, html, target)


@dataclass(frozen=True)
class _Learnable:
    """The readable photos with what a head needs of them; arrays have one entry a photo."""

    photos: PhotoSet
    classes: tuple[str, ...]
    labels: Labels
    twins: NDArray[np.int64]
    groups: NDArray[np.int64]
    content: NDArray[np.uint8]

    @classmethod
    def of(cls, table: FeatureTable) -> _Learnable:
        photos = table.photos.subset(table.readable)
        records = [table.records[i] for i in table.readable]
        classes = photos.classes
        index = {name: number for number, name in enumerate(classes)}
        twins = clusters(len(photos), find_duplicates(records))
        return cls(
            photos=photos,
            classes=classes,
            labels=np.array([index[photo.label or ""] for photo in photos.photos], dtype=np.int64),
            twins=np.array(twins, dtype=np.int64),
            groups=np.array(merge_groups(twins, [photo.group for photo in photos.photos]), dtype=np.int64),
            content=np.array([list(bytes.fromhex(record.sha256)) for record in records], dtype=np.uint8),
        )

    def split(self, *, split: str | Path | None, folds: int, holdout: float | None, seed: int) -> Split:
        if split is not None:
            return read_split(Path(split), self.photos)
        given = [photo.split for photo in self.photos.photos]
        labels = [self.classes[label] for label in self.labels]
        return split_photos(
            labels, self.groups.tolist(), given=given if any(given) else None, folds=folds, holdout=holdout, seed=seed
        )

    def evaluate(
        self, trained: TrainedProbe, sides: Split, coverage: float, seed: int, rows: NDArray[np.bool_] | None = None
    ) -> Evaluation:
        """Of all evaluated photos, or of some `rows` of them."""
        kept = np.ones(len(trained.evaluated), dtype=bool) if rows is None else rows
        chosen = trained.evaluated[kept]
        return evaluate(
            trained.decisions.rows(kept),
            self.labels[chosen],
            self.classes,
            [self.photos.photos[i].name for i in chosen],
            protocol=sides.protocol,
            groups=self.groups[chosen],
            coverage=coverage,
            seed=seed,
        )

    def without_leaks(
        self, trained: TrainedProbe, sides: Split, coverage: float, seed: int
    ) -> tuple[tuple[str, ...], Evaluation | None]:
        """Evaluated photos that also lie on the training side of a given split, and the figures without them."""
        learned = np.array([side == "train" for side in sides.sides])
        leaked = np.isin(self.twins[trained.evaluated], self.twins[learned])
        names = tuple(self.photos.photos[i].name for i in trained.evaluated[leaked])
        if not names or leaked.all():
            return names, None
        return names, self.evaluate(trained, sides, coverage, seed, ~leaked)

    def hashes(self, sides: Split) -> NDArray[np.uint8]:
        """SHA-256 of the photos that the head has learned from."""
        given = "train" in sides.sides
        return self.content[[not given or side == "train" for side in sides.sides]]


def _control(
    learnable: _Learnable,
    features: Features,
    engine: Engine,
    wanted: bool,
    seed: int,
    cache: bool,
    limits: Limits | None,
    progress: Progress,
) -> Control | None:
    if not wanted:
        return None
    return run_control(
        learnable.photos, features, learnable.labels, learnable.groups, learnable.classes, engine,
        seed=seed, cache=cache, limits=limits, progress=progress,
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
    figures = {
        "photos": float(contents.evaluation.photos),
        "accuracy": contents.evaluation.accuracy.value,
        "accuracy_low": contents.evaluation.accuracy.low,
        "accuracy_high": contents.evaluation.accuracy.high,
    }
    save(classifier, target, provenance=provenance, figures=figures, extra=extra, slim=slim, force=force)
