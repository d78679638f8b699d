"""Accuracies with their intervals on one scale from 0 to 100 %."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from enxerto.evaluation.results import Control, Evaluation, Interval, Scratch
from enxerto.report.charts.svg import Chart, dot, drawing, element, share, whisker
from enxerto.report.transfer import scratch_sentence
from enxerto.report.wording import EN_DASH, count, percent, percent_interval, points, points_interval, quoted

ROW_PX = 54
AXIS_PX = 26
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Level:
    """One accuracy on the gauge; `interval` is `None` for a figure that has none."""

    name: str
    value: float
    interval: Interval | None
    mark: Literal["model", "control", "majority"]


def accuracy_gauge(evaluation: Evaluation, control: Control | None) -> Chart:
    """The model's accuracy against always giving the same answer and, where it was run, random weights."""
    levels = [Level("This classifier", evaluation.accuracy.value, evaluation.accuracy, "model")]
    if control is not None:
        on = "" if control.photos == evaluation.photos else f" on {count(control.photos, 'photo')}"
        levels.append(Level(f"Random weights{on}", control.random.value, control.random, "control"))
    always = f"Always {quoted(evaluation.majority_class, 18)}"
    levels.append(Level(always, evaluation.majority, None, "majority"))
    gap = points(evaluation.accuracy.value - evaluation.majority)
    answer = quoted(evaluation.majority_class)
    takeaway = f"{percent(evaluation.accuracy.value)} right, {gap} against always answering {answer}."
    return _gauge("gauge", "Accuracy against the baselines", takeaway, levels)


def scratch_gauge(scratch: Scratch) -> Chart:
    """A head on pretrained features against a small network trained from scratch."""
    levels = [
        Level("Pretrained features", scratch.pretrained.value, scratch.pretrained, "model"),
        Level("Trained from scratch", scratch.scratch.value, scratch.scratch, "control"),
    ]
    return _gauge("scratch", "Transfer against learning from scratch", scratch_sentence(scratch), levels)


def control_gauge(control: Control) -> Chart:
    """Pretrained against random weights, cross-validated on the same photos."""
    levels = [
        Level("Pretrained weights", control.pretrained.value, control.pretrained, "model"),
        Level("Random weights", control.random.value, control.random, "control"),
    ]
    takeaway = (
        f"Pretrained weights change accuracy by {points(control.lift.value)} (95 % CI {points_interval(control.lift)})."
    )
    return _gauge("control", "Pretrained against random weights", takeaway, levels)


def _gauge(key: str, title: str, takeaway: str, levels: Sequence[Level]) -> Chart:
    height = ROW_PX * len(levels) + AXIS_PX
    rows = [_row(level, ROW_PX * index) for index, level in enumerate(levels)]
    scale = element("svg", *_axis(height), *rows, x="2%", width="96%", height=height, overflow="visible")
    table = tuple(
        (level.name, percent(level.value), percent_interval(level.interval) if level.interval else EN_DASH)
        for level in levels
    )
    panel = drawing(key, title, takeaway, scale, width="100%", height=height, class_="chart")
    return Chart(key, title, takeaway, (panel,), ("", "accuracy", "95 % interval"), table)


def _row(level: Level, top: float) -> Markup:
    middle = top + 36
    words = f"{level.name}: {percent(level.value)}"
    parts = [
        element("text", words, x=0, y=top + 20, class_="label"),
        element("line", x1="0%", x2="100%", y1=middle, y2=middle, class_="track"),
    ]
    if level.interval is not None:
        parts.append(whisker(level.interval.low, level.interval.high, middle, f"line {level.mark}"))
    parts.append(_mark(level, middle))
    return Markup("").join(parts)


def _mark(level: Level, middle: float) -> Markup:
    if level.mark == "model":
        return dot(level.value, middle, "fill model", 7)
    if level.mark == "control":
        square = element("rect", x=-6, y=middle - 6, width=12, height=12, class_="fill control")
        return element("svg", square, x=share(level.value), overflow="visible")
    x = share(level.value)
    return element("line", x1=x, x2=x, y1=middle - 9, y2=middle + 9, class_="line majority thick")


def _axis(height: float) -> list[Markup]:
    marks = []
    for tick in TICKS:
        anchor = "start" if tick == 0 else "end" if tick == 1 else "middle"
        marks.append(element("line", x1=share(tick), x2=share(tick), y1=26, y2=height - AXIS_PX + 4, class_="grid"))
        words = f"{100 * tick:.0f} %"
        marks.append(element("text", words, x=share(tick), y=height - 6, text_anchor=anchor, class_="tick"))
    return marks
