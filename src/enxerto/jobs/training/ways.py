"""The ways to a classifier that were tried on the same photos, and the one that is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone
from enxerto.evaluation import Candidate, Comparison, compare, evaluate
from enxerto.heads import Decisions, LinearProbe
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.report.wording import change_interval, points_interval
from enxerto.types import Features

PROBE = "linear probe"
TUNED = "fine-tuning"


@dataclass(frozen=True)
class Way:
    """One way to a classifier.

    Attributes:
        name: as the report shows it.
        backbone: that its features come from.
        probe: the head to use.
        features: of every photo, as the head was learned on; float32, shape (photos, features).
        decisions: for the photos evaluated, by heads that have not learned from them.
        seconds: that it took on top of what came before it.
        unchanged: it ended where it began, so that at most how sure it is differs; such a way is never kept.
    """

    name: str
    backbone: Backbone
    probe: LinearProbe
    features: Features
    decisions: Decisions
    seconds: float
    unchanged: bool = False


def choose(
    ways: list[Way], labelled: LabelledPhotos, evaluated: NDArray[np.int64], honest: NDArray[np.bool_], seed: int
) -> tuple[Way, tuple[Candidate, ...]]:
    """Keep the first way unless a later one is better than it beyond noise.

    They are measured on the photos that the choice is made by. That flatters the one chosen, but hardly: a way that is
    no better passes each of the two tests in about one of forty cases, and then by little.

    Args:
        ways: the simplest first.
        labelled: the photos.
        evaluated: indices of the photos that every way decided on.
        honest: of them, those that count: no copy of theirs was learned from.
        seed: of the bootstrap.

    Returns:
        The way to keep, and every way with its figures; none when there was but one.
    """
    if len(ways) == 1:
        return ways[0], ()
    rows = evaluated[honest] if honest.any() else evaluated
    chosen = honest if honest.any() else np.ones(len(evaluated), dtype=bool)
    labels, groups = labelled.labels[rows], labelled.groups[rows]
    probabilities = [way.decisions.probabilities[chosen] for way in ways]
    kept = 0
    notes = ["the plain way, kept unless another is better beyond noise"]
    comparisons: list[Comparison | None] = [None]
    for number in range(1, len(ways)):
        comparisons.append(compare(probabilities[number], probabilities[0], labels, groups))
        against = compare(probabilities[number], probabilities[kept], labels, groups)
        notes.append(_note(ways[number], ways[kept], against))
        if against.better and not ways[number].unchanged:
            kept = number
    candidates = []
    for number, (way, comparison) in enumerate(zip(ways, comparisons, strict=True)):
        measured = evaluate(
            way.decisions.rows(chosen), labels, labelled.classes, [labelled.photos.photos[i].name for i in rows],
            protocol="", groups=groups, coverage=way.probe.coverage, seed=seed,
        )  # fmt: skip
        candidates.append(
            Candidate(
                name=way.name,
                accuracy=measured.accuracy,
                log_loss=measured.log_loss,
                gain=None if comparison is None else comparison.gain,
                loss_change=None if comparison is None else comparison.loss_change,
                seconds=way.seconds,
                kept=number == kept,
                note=notes[number],
            )
        )
    return ways[kept], tuple(candidates)


def _note(way: Way, kept: Way, against: Comparison) -> str:
    """Why a way is kept, or isn't."""
    if way.unchanged:
        return "no epoch was better than the start, so there is nothing to keep"
    if not against.better:
        return f"not better than {kept.name} beyond noise: {points_interval(against.gain)}"
    if against.gain.low > 0:
        return f"better than {kept.name} beyond noise: {points_interval(against.gain)}"
    return f"as often right as {kept.name}, with a better log loss beyond noise: {change_interval(against.loss_change)}"
