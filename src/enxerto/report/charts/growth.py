"""How accuracy grows with the photos of each class, and where it goes with twice as many."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from enxerto.evaluation.results import LearningCurve
from enxerto.report.charts.plot import Axis, Key, accuracy_axis, note, plot, point, upright
from enxerto.report.charts.svg import Chart, band, path
from enxerto.report.improvement import forecast_sentence
from enxerto.report.wording import percent, percent_interval, roughly, roughly_interval

_NARROWEST = 0.08


def growth_chart(curve: LearningCurve) -> Chart:
    """A dot for each number of photos with the band of its intervals; the forecast is hollow and dashed."""
    counts = [entry.per_class for entry in curve.points]
    reached = 2 * counts[-1]
    x = Axis("photos of each class to learn from", counts[0], reached, _count_ticks([*counts, reached]), True)
    figures = [entry.accuracy for entry in curve.points] + ([curve.doubled] if curve.doubled else [])
    y = accuracy_axis([limit for figure in figures for limit in (figure.low, figure.high)])
    legend = [Key("dot", "fill model", "measured")]
    marks = _measured(curve, x, y)
    if curve.doubled:
        legend.append(Key("dot", "hollow", "expected"))
        marks += _expected(curve, x, y)
    title, takeaway = "Accuracy against photos per class", forecast_sentence(curve)
    panel = plot("growth", title, takeaway, x, y, legend, marks)
    header = ("photos of each class", "accuracy", "95 % interval")
    rows = [(f"{e.per_class:,}", percent(e.accuracy.value), percent_interval(e.accuracy)) for e in curve.points]
    if curve.doubled:
        rows.append((f"{reached:,}, expected", roughly(curve.doubled.value), roughly_interval(curve.doubled)))
    return Chart("growth", title, takeaway, (panel,), header, tuple(rows))


def _measured(curve: LearningCurve, x: Axis, y: Axis) -> list[Markup]:
    places = [(x.place(entry.per_class), entry.accuracy) for entry in curve.points]
    upper = [(at, y.place(figure.high)) for at, figure in places]
    middle = [(at, y.place(figure.value)) for at, figure in places]
    lower = [(at, y.place(figure.low)) for at, figure in places]
    marks = [band(upper, lower, "band"), path(middle, "line model")]
    marks += [upright(at, y.place(figure.low), y.place(figure.high), "line model thin") for at, figure in places]
    marks += [point(at, height, "fill model", 4.5) for at, height in middle]
    return [*marks, note(percent(places[-1][1].value), *upper[-1])] if not curve.doubled else marks


def _expected(curve: LearningCurve, x: Axis, y: Axis) -> list[Markup]:
    assert curve.doubled is not None
    last, figure = curve.points[-1], curve.doubled
    start = (x.place(last.per_class), y.place(last.accuracy.value))
    end = (1.0, y.place(figure.value))
    low, high = y.place(figure.low), y.place(figure.high)
    return [
        path([start, end], "line model dashed"),
        upright(1.0, low, high, "line model thin dashed"),
        point(*end, "hollow", 5.5),
        note(f"about {roughly(figure.value)}", 1.0, high),
    ]


def _count_ticks(counts: Sequence[int]) -> tuple[tuple[float, str], ...]:
    """The counts themselves, the largest first, as far as there is room between them."""
    axis = Axis("", counts[0], counts[-1], (), True)
    kept: list[int] = []
    for value in reversed(counts):
        if not kept or axis.place(kept[-1]) - axis.place(value) > _NARROWEST:
            kept.append(value)
    return tuple((value, f"{value:,}") for value in reversed(kept))
