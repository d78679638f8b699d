"""Made-up report contents in the shapes that a report must survive; seeded, so that they never change."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
from numpy.typing import NDArray

from enxerto.data.health import ClassCount, DataHealth, DuplicateGroup, PhotoIssue
from enxerto.evaluation.results import (
    ClassResult,
    Control,
    Evaluation,
    Interval,
    Outcome,
    PredictionSets,
    ReliabilityBin,
)
from enxerto.report.contents import BackboneCard, ReportContents

HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "{{7*7}}",
    "\u202egnp.exe",
    "two\nlines\tand\x1b[31m red\x1b[0m",
    "x" * 255,
    "\"quoted\" & 'single'",
    "שלום עולם",
    "图像分类",
)


def share(right: int, photos: int) -> Interval:
    """A Wilson interval, as evaluations carry them."""
    if photos == 0:
        return Interval(0.0, 0.0, 1.0)
    p, z = right / photos, 1.96
    center = (p + z * z / (2 * photos)) / (1 + z * z / photos)
    half = z / (1 + z * z / photos) * np.sqrt(p * (1 - p) / photos + z * z / (4 * photos * photos))
    return Interval(p, float(max(center - half, 0.0)), float(min(center + half, 1.0)))


def around(value: float, half: float) -> Interval:
    return Interval(value, max(value - half, 0.0), min(value + half, 1.0))


def evaluation(classes: tuple[str, ...], per_class: int, error: float, seed: int = 0) -> Evaluation:
    """An evaluation with `per_class` photos a class, of which about `error` are wrong."""
    random = np.random.default_rng(seed)
    confusion = _confusion(random, len(classes), per_class, error)
    photos, right = int(confusion.sum()), int(np.trace(confusion))
    results = tuple(_class_result(confusion, index, name) for index, name in enumerate(classes))
    accuracy = share(right, photos)
    wrong = [
        (classes[row], classes[column])
        for row in range(len(classes))
        for column in range(len(classes))
        for _ in range(int(confusion[row, column]))
        if row != column
    ]
    mistakes = tuple(_outcome(random, index, *pair) for index, pair in enumerate(wrong))
    mistakes = tuple(sorted(mistakes, key=lambda outcome: -outcome.probability))
    macro = around(float(np.mean([result.f1.value for result in results])), 0.02)
    return Evaluation(
        protocol="5-fold cross-validation",
        photos=photos,
        classes=classes,
        accuracy=accuracy,
        balanced_accuracy=accuracy,
        macro_precision=macro,
        macro_recall=macro,
        macro_f1=macro,
        log_loss=Interval(0.0712, 0.0503, 0.0991),
        calibration_error=Interval(0.012, 0.006, 0.021),
        majority=per_class / photos,
        majority_class=classes[0],
        per_class=results,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        reliability=_reliability(random, photos, error),
        prediction_sets=PredictionSets(0.95, share(round(0.952 * photos), photos), 1.08, 0.93),
        rejected=share(round(0.03 * photos), photos),
        mistakes=mistakes,
        suspicious_labels=mistakes[: max(1, len(mistakes) // 3)],
    )


def health(classes: tuple[str, ...], per_class: int, *, dirty: bool = False) -> DataHealth:
    skipped = warnings = duplicates = ()
    if dirty:
        skipped = (
            PhotoIssue(f"{classes[0]}/broken.jpg", "truncated", "the file ends in the middle of the picture"),
            PhotoIssue(f"{classes[0]}/notes.txt", "not-an-image", "not an image"),
        )
        warnings = (PhotoIssue(f"{classes[1]}/cat.png", "wrong-extension", "a JPEG file that is called .png"),)
        duplicates = (
            DuplicateGroup((f"{classes[0]}/a.jpg", f"{classes[1]}/b.jpg"), classes[:2], (), exact=True),
            DuplicateGroup(("test/c.jpg", "train/d.jpg"), classes[:1], ("test", "train"), exact=False),
            DuplicateGroup(tuple(f"{classes[0]}/burst-{i}.jpg" for i in range(10)), classes[:1], (), exact=False),
        )
    counts = [ClassCount(name, per_class, 0) for name in classes]
    if dirty:
        counts[0] = ClassCount(classes[0], 4 * per_class, 2)
    readable = sum(entry.readable for entry in counts)
    imbalance = 4.0 if dirty else 1.0
    return DataHealth(readable + len(skipped), readable, skipped, warnings, tuple(counts), duplicates, imbalance)


def contents(
    classes: tuple[str, ...], per_class: int, error: float, *, dirty: bool = False, control: bool = True, seed: int = 0
) -> ReportContents:
    judged = evaluation(classes, per_class, error, seed)
    half = judged.accuracy.value / 2 + 0.05
    return ReportContents(
        title="pets",
        source="photos/pets",
        command="enxerto train photos/pets --seed 0",
        created="2026-01-31T12:00:00Z",
        seconds=(("looking over the photos", 0.8), ("features", 3.12), ("head", 0.41), ("control", 2.2)),
        backbone=BackboneCard(
            "efficientnet-lite0", 3_412_345, 224, "Apache-2.0", "0123456789abcdef" * 4, "last", "average"
        ),
        engine="openvino bf16",
        precision_note="bfloat16 agrees with float32 on 64 of 64 photos and is 3.1 times as fast.",
        regularization=1.0,
        temperature=1.31,
        health=health(classes, per_class, dirty=dirty),
        evaluation=judged,
        control=Control(judged.photos, judged.accuracy, around(half, 0.06), around(judged.accuracy.value - half, 0.05))
        if control
        else None,
        seen=(),
        without_seen=None,
        versions=(("enxerto", "0.1.0"), ("numpy", "2.4.6"), ("openvino", "2026.4.1")),
        seed=0,
    )


def two_classes() -> ReportContents:
    return contents(("cat", "dog"), 200, 0.022)


def many_classes(classes: int = 37, per_class: int = 10) -> ReportContents:
    words = ("Abyssinian", "american bulldog", "Birman", "great pyrenees", "staffordshire bull terrier", "pug")
    return contents(tuple(sorted(f"{words[i % 6]} {i:03d}" for i in range(classes))), per_class, 0.09)


def tiny() -> ReportContents:
    return contents(("ants", "bees"), 4, 0.13)


def with_seen_photos() -> ReportContents:
    base = contents(("cat", "dog"), 200, 0.01, control=False)
    fresh = evaluation(("cat", "dog"), 60, 0.06, seed=1)
    return dataclasses.replace(
        base, title="cats-dogs model", seen=tuple(f"cat/{i}.jpg" for i in range(280)), without_seen=fresh
    )


def dirty() -> ReportContents:
    return contents(("cat", "dog", "horse"), 40, 0.1, dirty=True)


def hostile() -> ReportContents:
    base = contents(HOSTILE_NAMES, 12, 0.3, dirty=True)
    return dataclasses.replace(
        base,
        title="<h1>& {{7*7}}",
        source="photos/\x1b[2J\u202e/\udcff",
        command="enxerto train '<b>' --seed 0\nrm -rf x",
        evaluation=dataclasses.replace(base.evaluation, protocol="given <i>test</i> split"),
        versions=(("<evil>", "{{1}}"),),
    )


SHAPES = {
    "two-classes": two_classes,
    "37-classes": many_classes,
    "120-classes": lambda: many_classes(120, 10),
    "tiny": tiny,
    "seen-photos": with_seen_photos,
    "dirty": dirty,
    "hostile": hostile,
}


def _confusion(random: np.random.Generator, size: int, per_class: int, error: float) -> NDArray[np.int64]:
    confusion = np.zeros((size, size), np.int64)
    for row in range(size):
        wrong = int(random.binomial(per_class, min(1.0, error * random.gamma(1.5, 0.67))))
        confusion[row, row] = per_class - wrong
        others = np.delete(np.arange(size), row)
        likely = random.choice(others, size=min(3, len(others)), replace=False)
        for column in random.choice(likely, size=wrong):
            confusion[row, column] += 1
    return confusion


def _class_result(confusion: NDArray[np.int64], index: int, name: str) -> ClassResult:
    right, support, said = int(confusion[index, index]), int(confusion[index].sum()), int(confusion[:, index].sum())
    precision, recall = share(right, said), share(right, support)
    f1 = share(2 * right, support + said)
    return ClassResult(name, support, precision, recall, f1)


def _outcome(random: np.random.Generator, index: int, label: str, predicted: str) -> Outcome:
    probability = float(0.5 + 0.49999 * random.beta(2, 1))
    return Outcome(f"{label}/photo-{index:04d}.jpg", label, predicted, probability, (1 - probability) / 2)


def _reliability(random: np.random.Generator, photos: int, error: float) -> tuple[ReliabilityBin, ...]:
    bins = min(15, max(1, photos // 20))
    edges = 1 - np.linspace(1, 0, bins + 1) ** 2 * min(0.6, 0.15 + 4 * error)
    found = []
    for low, high in itertools.pairwise(edges):
        here, middle = photos // bins, float((low + high) / 2)
        found.append(
            ReliabilityBin(float(low), float(high), here, middle, share(int(random.binomial(here, middle)), here))
        )
    return tuple(found)
