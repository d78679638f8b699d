"""The ways to a classifier side by side: how often each is right, and what it gains over the linear probe."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from enxerto.evaluation.results import Candidate
from enxerto.report.charts.plot import nice_ticks
from enxerto.report.charts.svg import Chart
from enxerto.report.charts.tracks import Mark, Scale, Track, signed_points, span, track_panel
from enxerto.report.improvement import ways_sentence
from enxerto.report.wording import bare_points, isolated, percent


def ways_chart(candidates: Sequence[Candidate]) -> Chart:
    """Accuracy of every way, and the paired gain of all but the first. The page has the table next to it."""
    ticks = nice_ticks(*span(candidate.accuracy for candidate in candidates), most=4, finest=0.01)
    scale = Scale(tuple((tick, f"{100 * tick:g} %") for tick in ticks))
    title, takeaway = "Accuracy and gain of each way", ways_sentence(candidates)
    if ticks[0] > 0:
        takeaway += f" The scale of accuracy starts at {100 * ticks[0]:g} %."
    panels = [track_panel("ways-1", "Accuracy", takeaway, [_accuracy(c) for c in candidates], scale)]
    if any(candidate.gain for candidate in candidates):
        panels.append(_gains(candidates, takeaway))
    return Chart("ways", title, takeaway, tuple(panels), (), ())


def _gains(candidates: Sequence[Candidate], takeaway: str) -> Markup:
    low, high = span(candidate.gain for candidate in candidates if candidate.gain is not None)
    ticks = nice_ticks(min(low, 0.0), max(high, 0.0), most=4, finest=0.01)
    scale = Scale(tuple((tick, signed_points(tick)) for tick in ticks), ("← worse", "better →"))
    tracks = [_gain(candidate) for candidate in candidates]
    return track_panel("ways-2", "Points gained over the linear probe", takeaway, tracks, scale)


def _accuracy(candidate: Candidate) -> Track:
    name = isolated(candidate.name, 24)
    kept = "kept" if candidate.kept else ""
    return Track(name, kept, candidate.accuracy, percent(candidate.accuracy.value), _mark(candidate))


def _gain(candidate: Candidate) -> Track:
    name = isolated(candidate.name, 24)
    if candidate.gain is None:
        return Track(name, "reference", None, "", _mark(candidate))
    return Track(name, "", candidate.gain, bare_points(candidate.gain.value), _mark(candidate))


def _mark(candidate: Candidate) -> Mark:
    return "kept" if candidate.kept else "other"
