"""Ours: minimal attacks in every norm, then whole grey levels; and the attack within a radius."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.attack_task import RADII, SEED, WITHIN, Task
from benchmarks.child import report
from enxerto.attack.contract import find
from enxerto.attack.file.lattice import settle
from enxerto.attack.file.make import STEPS
from enxerto.attack.found import Found
from enxerto.attack.goal import Goal
from enxerto.attack.minimal import minimal
from enxerto.attack.norms import NORMS
from enxerto.attack.subject import Subject
from enxerto.classifier import Classifier

OURS = "ours"
SHARES = {"ours, a quarter of the gradients": 1 / 4, "ours, half of the gradients": 1 / 2, OURS: 1.0}
"""Of the gradients that everybody may ask for."""


def main(_photos: Path) -> dict[str, Any]:
    """One result for each attack, norm and radius; what converts was converted before."""
    task = Task.asked()
    classifier, classes = task.classifier, len(task.classifier.classes)
    goal = Goal(task.labels)
    start = time.perf_counter()
    for norm in ("l2", "linf"):
        minimal(
            Subject(classifier.engine, classes), task.pixels[:2], goal.rows(torch.arange(2)), norm, steps=16, seed=0
        )
    preparing = time.perf_counter() - start
    runs = []
    for norm in NORMS:
        for name, share in SHARES.items():
            subject, steps = Subject(classifier.engine, classes), max(1, round(share * task.gradients))
            found, run = _timed(task, name, norm, subject, _smallest(task, subject, goal, norm, steps))
            runs.append(run)
        runs.append(_settled(task, classifier, goal, norm, found))
    for norm in WITHIN:
        for radius in RADII[norm]:
            subject = Subject(classifier.engine, classes)
            runs.append(
                _timed(task, "ours, APGD", norm, subject, _within(task, subject, goal, norm, radius), radius)[1]
            )
    return {"runs": runs, "engine": f"{classifier.engine.name} {classifier.engine.precision}", "preparing": preparing}


def _smallest(task: Task, subject: Subject, goal: Goal, norm: str, steps: int) -> Callable[[], Found]:
    return lambda: minimal(subject, task.pixels, goal, norm, steps=steps, seed=SEED)


def _within(task: Task, subject: Subject, goal: Goal, norm: str, radius: float) -> Callable[[], Found]:
    limits = torch.full((len(task.pixels),), radius)
    steps = task.steps_within(norm)
    return lambda: find("apgd").within(subject, task.pixels, goal, norm, limits, steps=steps, seed=SEED)


def _timed(
    task: Task, name: str, norm: str, subject: Subject, attack: Callable[[], Found], radius: float | None = None
) -> tuple[Found, dict[str, Any]]:
    start, processor = time.perf_counter(), time.process_time()
    found = attack()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    counts = {"forwards": subject.forwards, "backwards": subject.backwards}
    fooled = (found.goal.margin(subject.logits(found.best)) > 0).tolist()
    result = task.result(name, norm, found.best, fooled, radius)
    return found, {**result, **counts, "seconds": seconds, "processor_seconds": processor}


def _settled(task: Task, classifier: Classifier, goal: Goal, norm: str, found: Found) -> dict[str, Any]:
    """The same points moved to whole grey levels, photo by photo."""
    subject = Subject(classifier.engine, len(classifier.classes))
    start, processor = time.perf_counter(), time.process_time()
    squares = [
        settle(
            subject, task.pixels[row : row + 1], goal.rows(torch.tensor([row])), norm, steps=STEPS, seed=SEED,
            start=found.best[row : row + 1] if bool(found.success[row]) else None,
        ).square
        for row in range(len(task.pixels))
    ]  # fmt: skip
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    counts = {"forwards": subject.forwards, "backwards": subject.backwards}
    points = torch.cat(squares)
    result = task.result("ours, in grey levels", norm, points, (goal.margin(subject.logits(points)) > 0).tolist())
    return {**result, **counts, "seconds": seconds, "processor_seconds": processor, "settled": True}


if __name__ == "__main__":
    report(main)
