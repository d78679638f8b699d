"""Fine-tuning against fastai's `fine_tune`: accuracy reached against seconds spent, on the same photos and network."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.child import run, run_rival
from benchmarks.page import PETS, Answer, Row, table
from benchmarks.sides import FOLDS, write_sides

RIVAL_FOLDS = "RIVAL_FOLDS"
"""Variable with the folds of pets37 to compare on, e.g. `0,1,2`; the rival takes minutes for each."""


@dataclass(frozen=True)
class Task:
    """Photos to compare on.

    Attributes:
        photos: name of their folder.
        epochs: of `fine_tune`; a run each.
        options: that say how the folder is read.
        augmented: the rival augments, as in its tutorial on these photos.
        folds: to test on; one where the folders give the split.
    """

    photos: str
    epochs: tuple[int, ...]
    options: dict[str, str] = field(default_factory=dict)
    augmented: bool = False
    folds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Point:
    """Where a side stood at some time.

    Attributes:
        name: after what.
        seconds: since the start, tests not counted; the mean over folds.
        right: test photos, over all folds.
        photos: tested, likewise.
        kept: in how many folds this is the way that was kept.
    """

    name: str
    seconds: float
    right: int
    photos: int
    kept: int

    @property
    def accuracy(self) -> float:
        """Over all folds."""
        return self.right / self.photos

    def shown(self) -> str:
        """With the counts, which say how much chance there is in it."""
        return f"{self.accuracy:.4f} ({self.right} of {self.photos})"


def tasks() -> tuple[Task, ...]:
    """What is compared on."""
    folds = tuple(int(fold) for fold in os.environ.get(RIVAL_FOLDS, "0").split(","))
    return Task("cats-dogs", (1, 3)), Task("pets37", (5,), PETS, augmented=True, folds=folds)


def tuning(photos: Path, _repeats: int) -> Iterator[str]:
    """Both sides on each folder."""
    yield "## Accuracy against seconds: fine-tuning"
    every, reached = [], []
    rival, batch = "", 0
    for task in tasks():
        if not (photos / task.photos).is_dir():
            every.append((task.photos, "not measured: the folder is missing", "", "", ""))
            continue
        ours, theirs = _measure(task, photos / task.photos)
        rival, batch = next(iter(theirs.values()))[0]["rival"], next(iter(theirs.values()))[0]["batch"]
        shown = task.photos + (f", fold {', '.join(map(str, task.folds))} of {FOLDS}" if task.options else "")
        mine = _together(ours)
        every += [(shown, "ours", *_row(point, len(ours))) for point in mine]
        for epochs, answers in theirs.items():
            points = _together(answers)
            every += [(shown, f"`fine_tune({epochs})`", *_row(point, len(answers))) for point in points]
            reached.append((shown, f"`fine_tune({epochs})`", *_compared(points[-1], mine)))
    yield (
        f"EfficientNet-Lite0 with the same packaged weights, one split for both, features cold; the rival is {rival}, "
        f"batches of {batch}, two worker processes. On cats-dogs it does as its quick start: photos resized to 224 "
        "pixels, no augmentation; on pets37 as its tutorial on pets: resized to 460, then `aug_transforms(size=224)`. "
        "Ours is one run of `enxerto train --views 8 --finetune --no-control`; its points are the ways that it tries "
        "one after the other. Imports and the rival's tests are not counted; ours counts the features and maps of the "
        "test photos, and the conversion of the network, as well."
    )
    yield table(("photos", "side", "after", "seconds", "accuracy"), every)
    yield (
        "Ours reaches the rival's final accuracy at its first point that is at least as good; the ratio is of the "
        "seconds of both. The last column is the best of ours at its time."
    )
    yield table(
        (
            "photos", "rival", "its final accuracy", "its seconds", "ours reaches it after", "seconds", "ratio",
            "ours by its seconds",
        ),
        reached,
    )  # fmt: skip


def _measure(task: Task, photos: Path) -> tuple[list[Answer], dict[int, list[Answer]]]:
    """Our answers, and the rival's by epochs, each with one answer a fold."""
    ours: list[Answer] = []
    theirs: dict[int, list[Answer]] = {epochs: [] for epochs in task.epochs}
    with tempfile.TemporaryDirectory() as folder:
        for fold in task.folds:
            split = Path(folder) / f"{fold}.csv"
            tested = write_sides(photos, split, task.options.get("LABEL_PATTERN"), fold)
            ours.append(run("our_ways", photos, SPLIT=str(split), **task.options))
            augmented = "yes" if task.augmented else "no"
            for epochs, answers in theirs.items():
                answers.append(
                    run_rival("rival_tuning", photos, SPLIT=str(split), EPOCHS=str(epochs), AUGMENTED=augmented)
                )
            for answer in (ours[-1], *(answers[-1] for answers in theirs.values())):
                if answer["photos"] != tested:
                    raise SystemExit(f"{task.photos}: {answer['photos']} photos were tested on one side, not {tested}")
    return ours, theirs


def _together(answers: list[Answer]) -> list[Point]:
    """The points of all folds as one list."""
    return [
        Point(
            name=points[0]["name"],
            seconds=statistics.mean(point["seconds"] for point in points),
            right=sum(
                round(point["accuracy"] * answer["photos"]) for point, answer in zip(points, answers, strict=True)
            ),
            photos=sum(answer["photos"] for answer in answers),
            kept=sum(point.get("kept", False) for point in points),
        )
        for points in zip(*(answer["points"] for answer in answers), strict=True)
    ]


def _row(point: Point, folds: int) -> Row:
    kept = "" if not point.kept else ", kept" if folds == 1 else f", kept in {point.kept} of {folds} folds"
    return point.name + kept, f"{point.seconds:.1f}", point.shown()


def _compared(final: Point, ours: list[Point]) -> Row:
    """What the rival reached in the end, when we reached it, and what we had by its time."""
    first = next((point for point in ours if point.right >= final.right), None)
    when = ("never", "", "") if first is None else (first.name, f"{first.seconds:.1f}", _ratio(final, first))
    within = [point for point in ours if point.seconds <= final.seconds]
    best = max(within, key=lambda point: point.right, default=None)
    by_then = "nothing yet" if best is None else f"{best.name}: {best.shown()}"
    return final.shown(), f"{final.seconds:.1f}", *when, by_then


def _ratio(theirs: Point, ours: Point) -> str:
    return f"{theirs.seconds / ours.seconds:.1f}×"
