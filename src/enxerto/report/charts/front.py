"""Accuracy against milliseconds a photo, and the front: those than which no other is both better and faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from enxerto.evaluation.results import Interval
from enxerto.report.charts.plot import Axis, Key, accuracy_axis, note, plot, point, upright
from enxerto.report.charts.svg import Chart, path

_ROUND = (1, 2, 5)


@dataclass(frozen=True)
class Place:
    """One backbone on the plane."""

    name: str
    milliseconds: float
    accuracy: Interval
    random: bool


def front(places: Sequence[Place]) -> tuple[Place, ...]:
    """Those than which no other is faster and at least as accurate, the fastest first."""
    kept: list[Place] = []
    for place in sorted(places, key=lambda each: (each.milliseconds, -each.accuracy.value)):
        if not kept or place.accuracy.value > kept[-1].accuracy.value:
            kept.append(place)
    return tuple(kept)


def front_chart(places: Sequence[Place], takeaway: str) -> Chart:
    """A dot a backbone with its interval, and a stepped line through the front; random weights are hollow."""
    x = _milliseconds_axis([each.milliseconds for each in places])
    y = accuracy_axis([limit for each in places for limit in (each.accuracy.low, each.accuracy.high)])
    real = [each for each in places if not each.random]
    legend = [Key("dot", "fill model", "backbone"), Key("line", "line model", "front")]
    if len(real) < len(places):
        legend.append(Key("dot", "hollow", "random weights"))
    on_front = front(real)
    marks: list[Markup] = [path(_steps(on_front, x, y), "line model")] if len(on_front) > 1 else []
    for turn, each in enumerate(sorted(places, key=lambda each: each.milliseconds)):
        at, height = x.place(each.milliseconds), y.place(each.accuracy.value)
        low, high = y.place(each.accuracy.low), y.place(each.accuracy.high)
        marks += [
            upright(at, low, high, "line model thin"),
            point(at, height, "hollow" if each.random else "fill model", 4.5),
            note(each.name, at, low, below=True) if turn % 2 else note(each.name, at, high),
        ]
    title = "Accuracy against speed"
    panel = plot("front", title, takeaway, x, y, legend, marks)
    return Chart("front", title, takeaway, (panel,), (), ())


def _steps(places: Sequence[Place], x: Axis, y: Axis) -> list[tuple[float, float]]:
    """What the best of each speed or faster reaches."""
    corners: list[tuple[float, float]] = []
    for each in places:
        at, height = x.place(each.milliseconds), y.place(each.accuracy.value)
        corners += [(at, corners[-1][1])] if corners else []
        corners.append((at, height))
    return corners


def _milliseconds_axis(values: Sequence[float]) -> Axis:
    """Logarithmic, from a round value below the fastest to one above the slowest."""
    ladder = [step * 10.0**power for power in range(-3, 6) for step in _ROUND]
    low = max((each for each in ladder if each < min(values)), default=ladder[0])
    high = min((each for each in ladder if each > max(values)), default=ladder[-1])
    ticks = tuple((each, f"{each:g}") for each in ladder if low <= each <= high)
    return Axis("milliseconds a photo", low, high, ticks if len(ticks) < 8 else ticks[::2], True)
