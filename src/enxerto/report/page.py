"""The report as one HTML file: figures, charts and photo cards, ready for its template."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from enxerto.data.health import DataHealth
from enxerto.errors import OptionError
from enxerto.evaluation.results import Evaluation, Interval, Outcome
from enxerto.report import charts, wording
from enxerto.report.confused import confused_pairs
from enxerto.report.contents import ReportContents, TuningCard
from enxerto.report.document import filled
from enxerto.report.findings import (
    alerts,
    small_sample_caveat,
    transfer_advice,
    unmeasured_sentence,
    verdict,
    worst_first,
)
from enxerto.report.improvement import kept_accuracy, kept_epoch
from enxerto.report.transfer import domain_sentence

MOST_CARDS = 24
MOST_ISSUES = 100
MOST_PAIRS = 20
THUMBNAILS_BYTES = 1_200_000
_SIGNATURES = ((b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"RIFF", "webp"))


@dataclass(frozen=True)
class Figure:
    """A headline figure with its interval and what it means."""

    name: str
    value: str
    interval: str
    meaning: str


@dataclass(frozen=True)
class Card:
    """A photo with what its label and the classifier say.

    `source` is a data URI of the photo, `overlay` of what speaks for the prediction; empty where there is none.
    """

    outcome: Outcome
    source: str
    overlay: str = ""


def render(
    contents: ReportContents, *, thumbnails: Mapping[str, bytes], overlays: Mapping[str, bytes] | None = None
) -> str:
    """The report as HTML; the same contents and thumbnails give the same text.

    Args:
        contents: what the report says.
        thumbnails: photo name to a small JPEG, PNG or WebP file, as `enxerto.report.thumbnails` makes them; photos
            without one get a drawn placeholder, as do those beyond 1.2 MB in all.
        overlays: photo name to a file likewise that shows where a mistake came from, of some mistakes.

    Raises:
        OptionError: a thumbnail is none of these formats.
    """
    evaluation = contents.honest
    sources = _sources(thumbnails, [*evaluation.mistakes[:MOST_CARDS], *evaluation.suspicious_labels[:MOST_CARDS]])
    return filled(
        "report.html.j2",
        contents=contents,
        evaluation=evaluation,
        health=contents.health,
        verdict=verdict(contents),
        alerts=alerts(contents),
        only_seen=contents.only_seen,
        figures=figures(evaluation),
        caveat=small_sample_caveat(evaluation),
        unmeasured=unmeasured_sentence(contents),
        classes=worst_first(evaluation.per_class),
        pairs=confused_pairs(evaluation),
        health_lists=health_lists(contents.health),
        charts=_charts(contents, evaluation),
        advice=transfer_advice(contents),
        distance=domain_sentence(contents.domain) if contents.domain else "",
        mistakes=_cards(evaluation.mistakes, sources, _sources(overlays or {}, evaluation.mistakes[:MOST_CARDS])),
        suspicious=_cards(evaluation.suspicious_labels, sources, {}),
        most_cards=MOST_CARDS,
        most_issues=MOST_ISSUES,
        most_pairs=MOST_PAIRS,
        total_seconds=sum(duration for _, duration in contents.seconds),
        kept=next((candidate for candidate in contents.candidates if candidate.kept), None),
        kept_epoch=kept_epoch,
        kept_accuracy=kept_accuracy,
    )


def figures(evaluation: Evaluation) -> tuple[Figure, ...]:
    """The headline figures of an evaluation, in the order in which they are read."""
    rows: tuple[tuple[str, Interval, str], ...] = (
        ("Accuracy", evaluation.accuracy, "Share of photos whose prediction is their label."),
        ("Balanced accuracy", evaluation.balanced_accuracy, "Mean recall: every class counts the same."),
        ("Macro F1", evaluation.macro_f1, "Mean over classes of the balance of precision and recall."),
        ("Macro precision", evaluation.macro_precision, "Of the photos given a class, the share that belongs to it."),
        ("Macro recall", evaluation.macro_recall, "Of the photos of a class, the share that was found."),
        ("Calibration error", evaluation.calibration_error, "How far probabilities are from what comes true."),
    )
    shares = [
        Figure(name, wording.percent(figure.value), wording.percent_interval(figure), meaning)
        for name, figure, meaning in rows
    ]
    loss = evaluation.log_loss
    meaning = (
        f"Punishes confident mistakes; knowing nothing scores {wording.number(math.log(len(evaluation.classes)))}."
    )
    return (*shares, Figure("Log loss", wording.number(loss.value), wording.number_interval(loss), meaning))


def _charts(contents: ReportContents, evaluation: Evaluation) -> dict[str, charts.Chart | None]:
    scored = [r for r in worst_first(evaluation.per_class) if r.support and math.isfinite(r.f1.value)]
    pairs = confused_pairs(evaluation)
    few = len(evaluation.classes) <= charts.MOST_CLASSES
    return {
        "gauge": charts.accuracy_gauge(evaluation, contents.control),
        "control": charts.control_gauge(contents.control) if contents.control else None,
        "scratch": charts.scratch_gauge(contents.scratch) if contents.scratch else None,
        "layers": charts.layers_chart(contents.layers) if contents.layers else None,
        "counts": charts.class_counts(contents.health.class_counts) if contents.health.class_counts else None,
        "scores": charts.class_scores(scored) if scored else None,
        "confusion": charts.confusion_heatmap(evaluation) if few else None,
        "pairs": charts.pair_bars(pairs) if pairs and not few else None,
        "reliability": charts.reliability_diagram(evaluation) if evaluation.reliability else None,
        "ways": charts.ways_chart(contents.candidates) if contents.candidates else None,
        "growth": charts.growth_chart(contents.curve) if contents.curve else None,
        **_tuning_charts(contents.tuning),
    }


def _tuning_charts(tuning: TuningCard | None) -> dict[str, charts.Chart | None]:
    if tuning is None:
        return {"history": None, "rates": None}
    rates, losses = [rate for rate, _ in tuning.finder], [loss for _, loss in tuning.finder]
    return {
        "history": charts.history_chart(tuning) if tuning.fits else None,
        "rates": charts.learning_rate_chart(rates, losses, tuning.suggested_rate),
    }


def health_lists(health: DataHealth) -> tuple[tuple[str, str, Sequence[Any]], ...]:
    """Title, kind (`issues` or `groups`) and entries of every list of photos that are not as they should be."""
    harmless = tuple(g for g in health.duplicates if len(g.labels) < 2 and len(g.splits) < 2)
    lists: tuple[tuple[str, str, Sequence[Any]], ...] = (
        ("Equal pictures on both sides of the given split", "groups", health.leaks),
        ("Equal pictures with different labels", "groups", health.conflicts),
        ("Files that could not be read", "issues", health.skipped),
        ("Photos used with a warning", "issues", health.warnings),
        ("Equal or nearly equal pictures", "groups", harmless),
    )
    return tuple(entry for entry in lists if entry[2])


def _cards(outcomes: Sequence[Outcome], sources: Mapping[str, str], overlays: Mapping[str, str]) -> tuple[Card, ...]:
    return tuple(
        Card(outcome, sources.get(outcome.path, ""), overlays.get(outcome.path, ""))
        for outcome in outcomes[:MOST_CARDS]
    )


def _sources(thumbnails: Mapping[str, bytes], outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Data URIs of the photos shown, in their order, as long as they stay within the page's budget."""
    sources: dict[str, str] = {}
    left = THUMBNAILS_BYTES
    for outcome in outcomes:
        content = thumbnails.get(outcome.path)
        if content is not None and outcome.path not in sources and len(content) <= left:
            encoded = base64.b64encode(content).decode()
            sources[outcome.path] = f"data:image/{_format_of(outcome.path, content)};base64,{encoded}"
            left -= len(content)
    return sources


def _format_of(name: str, content: bytes) -> str:
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    raise OptionError(
        f"the thumbnail of {name!r} must be a JPEG, PNG or WebP file, got bytes that start with {content[:8]!r}; "
        "make it with enxerto.report.thumbnails"
    )
