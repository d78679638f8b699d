"""The ways to a classifier that were tried on the same photos, and the one that is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone
from enxerto.evaluation import Candidate, Comparison, compare, evaluate
from enxerto.evaluation.results import Defense
from enxerto.heads import Decisions, LinearProbe
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.report.wording import change_interval, percent, percent_interval, points_interval
from enxerto.types import Features

PROBE = "linear probe"
ON_LAYER = "probe on layer"
TUNED = "fine-tuning"
HARDENED = "adversarial fine-tuning"


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
    ways: list[Way],
    labelled: LabelledPhotos,
    evaluated: NDArray[np.int64],
    honest: NDArray[np.bool_],
    seed: int,
    defense: Defense | None = None,
) -> tuple[Way, tuple[Candidate, ...]]:
    """Keep the first way unless a later one is better than it beyond noise.

    They are measured on the photos that the choice is made by. That flatters the one chosen, but hardly: a way that is
    no better passes each of the two tests in about one of forty cases, and then by little.

    Adversarial fine-tuning is asked for to withstand attacks, and costs accuracy on photos as they are. It is kept if,
    beyond noise, it withstands them better than the first way, and is better than always giving one answer, which would
    withstand every attack.

    Args:
        ways: the simplest first.
        labelled: the photos.
        evaluated: indices of the photos that every way decided on.
        honest: of them, those that count: no copy of theirs was learned from.
        seed: of the bootstrap.
        defense: how the last way withstands attacks, where it is adversarial fine-tuning.

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
        if ways[number].name == HARDENED and defense is not None:
            better, note = defense.holds, _defense_note(ways[number], defense)
        else:
            better, note = against.better, _note(ways[number], ways[kept], against)
        notes.append(note)
        if better and not ways[number].unchanged:
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


def _defense_note(way: Way, defense: Defense) -> str:
    """Why adversarial fine-tuning is kept, or isn't."""
    gain = points_interval(defense.gain)
    if way.unchanged:
        return "no epoch withstood attacks better than the start, so there is nothing to keep"
    if not defense.gain.low > 0:
        return f"under attack not better than {PROBE} beyond noise: {gain}"
    if not defense.holds:
        return (
            f"under attack better than {PROBE} ({gain}), but on photos as they are not better beyond noise than always "
            f"giving the most frequent answer: {percent_interval(defense.clean)} against {percent(defense.majority)}"
        )
    return (
        f"asked for to withstand attacks, and under attack better than {PROBE} beyond noise: {gain}; on the same "
        f"photos as they are: {points_interval(defense.clean_change)}"
    )


def _note(way: Way, kept: Way, against: Comparison) -> str:
    """Why a way is kept, or isn't."""
    if way.unchanged:
        return "no epoch was better than the start, so there is nothing to keep"
    if not against.better:
        return f"not better than {kept.name} beyond noise: {points_interval(against.gain)}"
    if against.gain.low > 0:
        return f"better than {kept.name} beyond noise: {points_interval(against.gain)}"
    return f"as often right as {kept.name}, with a better log loss beyond noise: {change_interval(against.loss_change)}"
