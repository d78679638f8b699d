"""A plane with two axes and a legend, for charts of one quantity over another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from enxerto.report.charts.svg import drawing, element, share

HEIGHT_PX = 300
PLOT_PX = 206
TOP_PX = 44
MOST_LOSS = 3.0  # times the usual one
_LEFT, _WIDTH = 0.15, 0.82
_CHARACTER_PX = 7.2
_SAMPLE_PX = 22
_NICE = (1, 2, 5, 10, 20, 50)


@dataclass(frozen=True)
class Axis:
    """A scale from `low` to `high`; `ticks` are values with their words."""

    name: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value lies, from 0 at the start of the axis to 1 at its end."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Key:
    """An entry of the legend: how a kind of line or mark looks, by its class name, and what it is."""

    kind: Literal["line", "dot"]
    class_: str
    words: str


def nice_ticks(low: float, high: float, *, most: int = 5, finest: float = 0.0) -> tuple[float, ...]:
    """Round values with equal steps of at least `finest`, the first at or below `low`, the last at or above `high`."""
    span = max(high - low, finest, 1e-3 * max(abs(high), 1e-3))
    unit: float = 10.0 ** math.floor(math.log10(span / most))
    for step in (unit * factor for factor in _NICE):
        first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
        if first == last:
            first, last = (first - 1, last) if first > 0 else (first, last + 1)
        if step >= finest and last - first <= most:
            break
    return tuple(float(f"{index * step:.9g}") for index in range(first, last + 1))


def accuracy_axis(values: Sequence[float]) -> Axis:
    """Accuracies in percent; the axis starts where the values do."""
    ticks = nice_ticks(min(values), max(values), finest=0.01)
    return Axis("accuracy", ticks[0], ticks[-1], tuple((tick, f"{100 * tick:g} %") for tick in ticks))


def loss_axis(values: Sequence[float], usual: float) -> Axis:
    """Losses; the axis starts where the values do. A loss far above the usual one runs along its upper end."""
    ticks = nice_ticks(min(values), max(min(max(values), MOST_LOSS * usual), min(values)))
    return Axis("loss", ticks[0], ticks[-1], tuple((tick, f"{tick:g}") for tick in ticks))


def plot(
    key: str, title: str, takeaway: str, x: Axis, y: Axis, legend: Sequence[Key], marks: Sequence[Markup]
) -> Markup:
    """A drawing of marks whose places are shares of the plane between the axes."""
    plane = element("svg", *marks, x=share(_LEFT), y=TOP_PX, width=share(_WIDTH), height=PLOT_PX, overflow="visible")
    children = [_legend(legend), _grid(x, y), plane]
    return drawing(key, title, takeaway, *children, width="100%", height=HEIGHT_PX, class_="chart plane")


def point(x: float, y: float, class_: str, radius: float = 4) -> Markup:
    """A round mark at shares of the plane's width and, from below, height."""
    return element("circle", cx=share(x), cy=share(1 - y), r=radius, class_=class_)


def upright(x: float, low: float, high: float, class_: str) -> Markup:
    """A vertical line between two shares of the plane's height."""
    return element("line", x1=share(x), x2=share(x), y1=share(1 - low), y2=share(1 - high), class_=class_)


def note(words: str, x: float, y: float, *, below: bool = False) -> Markup:
    """Words above or below a place of the plane, on the side where there is room."""
    anchor = "end" if x > 0.7 else "start" if x < 0.3 else "middle"
    return element(
        "text", words, x=share(x), y=share(1 - y), dy=16 if below else -9, text_anchor=anchor, class_="tick strong"
    )


def _legend(entries: Sequence[Key]) -> Markup:
    marks, left = [], 0.0
    for entry in entries:
        if entry.kind == "line":
            marks.append(element("line", x1=left, x2=left + _SAMPLE_PX - 4, y1=10, y2=10, class_=entry.class_))
        else:
            marks.append(element("circle", cx=left + 8, cy=10, r=5, class_=entry.class_))
        marks.append(element("text", entry.words, x=left + _SAMPLE_PX, y=14, class_="tick"))
        left += _SAMPLE_PX + _CHARACTER_PX * len(entry.words) + 12
    return Markup("").join(marks)


def _grid(x: Axis, y: Axis) -> Markup:
    marks, bottom = [], TOP_PX + PLOT_PX
    for value, words in y.ticks:
        height = bottom - PLOT_PX * y.place(value)
        marks.append(element("line", x1=share(_LEFT), x2=share(_LEFT + _WIDTH), y1=height, y2=height, class_="grid"))
        marks.append(element("text", words, x=share(_LEFT - 0.02), y=height + 4, text_anchor="end", class_="tick"))
    for value, words in x.ticks:
        at = share(_LEFT + _WIDTH * x.place(value))
        marks.append(element("line", x1=at, x2=at, y1=bottom, y2=bottom + 5, class_="grid"))
        marks.append(element("text", words, x=at, y=bottom + 18, text_anchor="middle", class_="tick"))
    marks.append(element("text", y.name, x="0%", y=TOP_PX - 13, class_="tick"))
    marks.append(element("text", x.name, x=share(_LEFT + _WIDTH), y=bottom + 35, text_anchor="end", class_="tick"))
    return Markup("").join(marks)
