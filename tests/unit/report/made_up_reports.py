"""Made-up report contents in the shapes that a report must survive; seeded, so that they never change."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
from numpy.typing import NDArray

from enxerto.data.health import ClassCount, DataHealth, DuplicateGroup, PhotoIssue
from enxerto.evaluation.results import (
    Candidate,
    ClassResult,
    Control,
    Defense,
    Evaluation,
    Interval,
    LearningCurve,
    LearningPoint,
    Outcome,
    PredictionSets,
    ReliabilityBin,
    TrickEffect,
)
from enxerto.report.contents import BackboneCard, ReportContents, TricksContents, TuningCard
from enxerto.report.unmeasured.contents import UnmeasuredContents
from enxerto.tuning.history import Epoch, FitHistory

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


def ways(*, tuned: float = 0.023) -> tuple[Candidate, ...]:
    """The probe, the probe on views, and fine-tuning that gains `tuned`; kept where its interval lies above 0."""
    better = tuned > 0.012

    def way(name: str, gain: float, seconds: float, kept: bool, note: str) -> Candidate:
        paired = None if name == "linear probe" else Interval(gain, gain - 0.012, gain + 0.012)
        change = None if paired is None else Interval(-gain, -gain - 0.03, -gain + 0.03)
        return Candidate(
            name, around(0.908 + gain, 0.027), Interval(0.3, 0.25, 0.36), paired, change, seconds, kept, note
        )

    return (
        way("linear probe", 0.0, 0.0, not better, ""),
        way("probe on 8 views", 0.004, 9.3, False, "Not better than the probe beyond noise."),
        way("fine-tuning", tuned, 131.0, better, "Better than the probe." if better else "Not better beyond noise."),
    )


def fit(name: str, epochs: int = 8, *, seed: int = 0, averaged: bool = True, stopped: str = "") -> FitHistory:
    """A fit whose held-out loss is lowest at two thirds of its epochs."""
    random = np.random.default_rng(seed)

    def epoch(number: int) -> Epoch:
        along = number / max(epochs, 1)
        loss = 0.3 - 0.12 * np.sin(2.3 * along) + (0.01 * random.normal() if number else 0)
        accuracy = round(0.905 + 0.03 * np.sin(2.3 * along) + (0.004 * random.normal() if number else 0), 4)
        average = (float(loss - 0.01 * along), float(accuracy + 0.004 * along)) if averaged else (None, None)
        training = float(0.38 * np.exp(-2 * along) + 0.03) if number else None
        rate = 3e-4 * np.cos(1.4 * along) if number else 0.0
        return Epoch(
            number, training, float(loss), float(accuracy), *average, float(rate), 4.2, 58.0 if number else 0.0
        )

    history = tuple(epoch(number) for number in range(epochs + 1))
    best = min(history, key=lambda e: e.averaged_loss if e.averaged_loss is not None else e.loss).number
    return FitHistory(name, history, best, averaged and best > 0, stopped or f"all {epochs} epochs done")


def tuning(*, folds: int = 5) -> TuningCard:
    """Fits of every fold and the final one; the last fold diverged."""
    fits = [fit(f"fold{k}", 8 - k % 3, seed=k, stopped="no better for 3 epochs") for k in range(folds)]
    if fits:
        inf = float("inf")
        epochs = (*fits[-1].epochs[:4], dataclasses.replace(fits[-1].epochs[4], training_loss=inf, loss=inf))
        fits[-1] = FitHistory(fits[-1].name, epochs, 3, True, "the loss became inf at step 17", diverged=True)
    rates = np.geomspace(1e-6, 1, 60)
    losses = 0.9 - 0.5 / (1 + (2e-3 / rates) ** 1.5) + 0.02 * rates**0.5 + 1.2 / (1 + (0.3 / rates) ** 2)
    return TuningCard(
        recipe=(("stages", "2"), ("epochs", "8"), ("batch", "32"), ("optimizer", "adamw"), ("learning-rate", "0.0003"),
                ("schedule", "cosine"), ("weight-decay", "0.01"), ("initialization", "solved")),
        stages=("blocks.5", "blocks.6"),
        parameters=2_713_248,
        fits=(*fits, fit("final", seed=9)),
        finder=tuple((float(rate), float(loss)) for rate, loss in zip(rates, losses, strict=True)),
        suggested_rate=1.2e-3,
    )  # fmt: skip


def defense(gain: float = 0.58) -> Defense:
    """Learning from changed photos withstands `gain` more and costs five points."""
    return Defense(
        radius=2 / 255,
        attack="APGD up the cross-entropy, 20 steps",
        photos=160,
        majority=0.5,
        clean_before=around(0.97, 0.02),
        clean=around(0.92, 0.03),
        clean_change=Interval(-0.05, -0.09, -0.01),
        attacked_before=around(0.02, 0.015),
        attacked=around(0.02 + gain, 0.05),
        gain=around(gain, 0.06),
    )


def hardened(gain: float = 0.58) -> ReportContents:
    """Fine-tuning learned from photos that were changed to fool it."""
    return dataclasses.replace(
        two_classes(), candidates=ways(), tuning=dataclasses.replace(tuning(), defense=defense(gain))
    )


def curve(*, doubled: bool = True) -> LearningCurve:
    """From one photo of each class to 28."""
    points = tuple(
        LearningPoint(n, around(0.93 - 0.42 * n**-0.62, 0.06 * n**-0.3)) for n in (1, 2, 3, 4, 6, 8, 12, 16, 24, 28)
    )
    return LearningCurve(points, Interval(0.893, 0.869, 0.914) if doubled else None, 400)


def fine_tuned() -> ReportContents:
    """Fine-tuning was kept, one fold diverged, more photos would help."""
    return dataclasses.replace(two_classes(), candidates=ways(), tuning=tuning(), curve=curve())


def not_tuned() -> ReportContents:
    """Fine-tuning did not help; one fit without an average, and nothing to say of twice the photos."""
    card = dataclasses.replace(tuning(folds=0), fits=(fit("final", 3, averaged=False),), finder=(), suggested_rate=None)
    return dataclasses.replace(tiny(), candidates=ways(tuned=0.003), tuning=card, curve=curve(doubled=False))


def effect(setting: str, accuracy: float, loss: float, *, half: float = 0.009, ratio: float = 1.0) -> TrickEffect:
    """The effect of `name=value`, with intervals of `half` and twice that."""
    name = setting.split("=")[0].removeprefix("no-")
    return TrickEffect(
        name=name,
        setting=setting,
        default=f"{name}=default",
        about=f"What {name} is, in a sentence that is long enough to be folded on a narrow screen.",
        accuracy=Interval(accuracy, accuracy - half, accuracy + half),
        log_loss=Interval(loss, loss - 2 * half, loss + 2 * half),
        seeds=3,
        seconds=14.2 * ratio,
        seconds_ratio=ratio,
    )


def tricks() -> TricksContents:
    """Some settings help, most are not shown to, one destroys everything."""
    effects = (
        effect("label-smoothing=0.1", 0.004, 0.041),
        effect("mixup=0.2", 0.013, -0.024, ratio=1.04),
        effect("initialization=inverse-sqrt", -0.021, 0.052, half=0.012),
        effect("batch-norm=train", -0.034, 0.091, half=0.014, ratio=1.31),
        effect("optimizer=sgd", -0.006, 0.011),
        effect("optimizer=rmsprop", 0.001, -0.002),
        effect("scaling=raw", -0.61, 2.4, half=0.04),
        effect("no-average", -0.002, 0.006, half=0.005, ratio=0.97),
        effect("dropout=0.2", 0.002, -0.003),
        effect("schedule=one-cycle", 0.006, -0.021),
        effect("runs=3", 0.011, -0.019, ratio=2.96),
    )
    base = two_classes()
    return TricksContents(
        title="pets",
        source="photos/pets",
        command="enxerto tricks photos/pets --minutes 10",
        created="2026-01-31T12:00:00Z",
        backbone=base.backbone,
        engine=base.engine,
        recipe=tuning().recipe,
        stages=("blocks.5", "blocks.6"),
        photos=296,
        validated=74,
        probe=around(0.906, 0.04),
        accuracy=around(0.921, 0.03),
        effects=effects,
        unmeasured=("optimizer=adagrad", "clip=none"),
        minutes=10.0,
        seconds=583.0,
        versions=base.versions,
        seed=0,
    )


def lone_class() -> ReportContents:
    """A class with a single photo, which was learned from and not evaluated."""
    base = contents(("cat", "dog"), 20, 0.1)
    judged = base.evaluation
    lone = ClassResult("owl", 0, Interval(0.0, 0.0, 1.0), Interval(0.0, 0.0, 1.0), Interval(0.0, 0.0, 1.0))
    judged = dataclasses.replace(
        judged,
        protocol="5-fold cross-validation over 2 of 3 classes",
        classes=("cat", "dog", "owl"),
        per_class=(*judged.per_class, lone),
        confusion=(*((*row, 0) for row in judged.confusion), (0, 0, 0)),
    )
    return dataclasses.replace(base, evaluation=judged, unmeasured=("owl",))


def unmeasured() -> UnmeasuredContents:
    """One photo a class, and asked for more than could be done."""
    base = two_classes()
    return UnmeasuredContents(
        title=base.title,
        source=base.source,
        command=base.command,
        created=base.created,
        seconds=base.seconds,
        backbone=base.backbone,
        engine=base.engine,
        precision_note=base.precision_note,
        regularization=1.0,
        temperature=1.0,
        calibrated=False,
        set_threshold=0.0,
        familiarity_threshold=-1.0,
        health=health(("cat", "dog", "owl"), 1),
        reason="every class has one photo only",
        versions=base.versions,
        seed=0,
        notes=("Not fine-tuned: no photo is held out.",),
    )


SHAPES = {
    "two-classes": two_classes,
    "37-classes": many_classes,
    "120-classes": lambda: many_classes(120, 10),
    "tiny": tiny,
    "seen-photos": with_seen_photos,
    "dirty": dirty,
    "hostile": hostile,
    "fine-tuned": fine_tuned,
    "hardened": hardened,
    "not-tuned": not_tuned,
    "lone-class": lone_class,
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
