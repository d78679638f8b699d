"""Figures with intervals, a track each: its name above, its figure at the end; one scale below them all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from enxerto.evaluation.results import Interval
from enxerto.report.charts.svg import dot, drawing, element, share
from enxerto.report.wording import MINUS

TRACK_PX = 42
HEAD_PX = 24
AXIS_PX = 54
Mark = Literal["kept", "other", "helps", "hurts"]
_WIDTH, _START = 0.76, 0.02
_LINES: dict[Mark, str] = {"kept": "line model", "other": "line quiet", "helps": "line model", "hurts": "line wrong"}


@dataclass(frozen=True)
class Track:
    """One figure.

    Attributes:
        name: above the track, to the left (already safe to show).
        note: above the track, to the right.
        interval: to draw; `None` leaves the track empty.
        value: the figure in words, at the track's end.
        mark: `kept` and `other` are a full and a hollow dot, `helps` and `hurts` triangles up and down.
    """

    name: str
    note: str
    interval: Interval | None
    value: str
    mark: Mark


@dataclass(frozen=True)
class Scale:
    """From the first to the last tick; `ends` says what lies to the left and to the right of zero, if anything."""

    ticks: tuple[tuple[float, str], ...]
    ends: tuple[str, str] = ("", "")

    def place(self, value: float) -> float:
        """Where a value lies, from 0 to 1; values off the scale lie beyond."""
        low, high = self.ticks[0][0], self.ticks[-1][0]
        return (value - low) / (high - low)


def track_panel(key: str, title: str, takeaway: str, tracks: Sequence[Track], scale: Scale) -> Markup:
    """A drawing with a track for each figure; what lies beyond the scale is an arrow at its edge."""
    height = HEAD_PX + TRACK_PX * len(tracks) + AXIS_PX
    rows = [_track(track, scale, HEAD_PX + TRACK_PX * index) for index, track in enumerate(tracks)]
    head = element("text", title, x="0%", y=14, class_="tick strong")
    plane = element("svg", *_axis(scale, height), x=share(_START), width=share(_WIDTH), height=height,
                    overflow="visible")  # fmt: skip
    return drawing(key, title, takeaway, head, plane, *rows, width="100%", height=height, class_="chart")


def signed(value: float) -> str:
    """A tick of a difference, e.g. "+0.1", "0"."""
    return f"{value:+g}".replace("-", MINUS) if value else "0"


def signed_points(value: float) -> str:
    """A tick of a difference of shares in points, e.g. "+2", "0"."""
    return signed(100 * value)


def span(intervals: Iterable[Interval]) -> tuple[float, float]:
    """The lowest and the highest limit of all that are defined; 0 and 0 where none is."""
    defined = [interval for interval in intervals if is_defined(interval)]
    return min((each.low for each in defined), default=0.0), max((each.high for each in defined), default=0.0)


def is_defined(interval: Interval) -> bool:
    """All of the figure and its limits are finite."""
    return all(math.isfinite(value) for value in (interval.value, interval.low, interval.high))


def _track(track: Track, scale: Scale, top: float) -> Markup:
    middle = top + 30
    parts = [
        element("text", track.name, x="0%", y=top + 18, class_="label halo"),
        element("text", track.note, x="100%", y=top + 18, text_anchor="end", class_="tick"),
        element("text", track.value, x="100%", y=middle + 5, text_anchor="end", class_="value"),
    ]
    marks = [element("line", x1="0%", x2="100%", y1=middle, y2=middle, class_="track")]
    if track.interval is not None and is_defined(track.interval):
        marks += [_interval(track.interval, scale, middle, _LINES[track.mark]), _figure(track, scale, middle)]
    plane = element("svg", *marks, x=share(_START), width=share(_WIDTH), overflow="visible")
    return Markup("").join([*parts, plane])


def _interval(interval: Interval, scale: Scale, y: float, class_: str) -> Markup:
    """A line with a cap at each end that lies on the scale."""
    ends = [scale.place(interval.low), scale.place(interval.high)]
    caps = [
        element("line", x1=share(end), x2=share(end), y1=y - 4, y2=y + 4, class_=class_)
        for end in ends
        if 0 <= end <= 1
    ]
    line = element("line", x1=share(ends[0]), x2=share(ends[1]), y1=y, y2=y, class_=class_)
    return Markup("").join([line, *caps])


def _figure(track: Track, scale: Scale, y: float) -> Markup:
    assert track.interval is not None
    at = scale.place(track.interval.value)
    if not 0 <= at <= 1:
        tip = 8 if at > 1 else -8
        return _shape(at, [(tip, y), (0, y - 6), (0, y + 6)], "fill wrong" if track.mark == "hurts" else "fill model")
    if track.mark == "helps":
        return _shape(at, [(0, y - 8), (-7, y + 5), (7, y + 5)], "fill model")
    if track.mark == "hurts":
        return _shape(at, [(0, y + 8), (-7, y - 5), (7, y - 5)], "fill wrong")
    return dot(at, y, "fill model" if track.mark == "kept" else "hollow quiet", 6 if track.mark == "kept" else 5)


def _shape(at: float, corners: Sequence[tuple[float, float]], class_: str) -> Markup:
    points = " ".join(f"{x:g},{y:g}" for x, y in corners)
    return element("svg", element("polygon", points=points, class_=class_), x=share(at), overflow="visible")


def _axis(scale: Scale, height: float) -> list[Markup]:
    marks = []
    for value, words in scale.ticks:
        at = scale.place(value)
        class_ = "zero" if value == 0 and any(scale.ends) else "grid"
        marks.append(
            element("line", x1=share(at), x2=share(at), y1=HEAD_PX + 22, y2=height - AXIS_PX + 6, class_=class_)
        )
        marks.append(element("text", words, x=share(at), y=height - 32, text_anchor="middle", class_="tick"))
    left, right = scale.ends
    marks.append(element("text", left, x="0%", y=height - 16, class_="tick"))
    marks.append(element("text", right, x="100%", y=height - 16, text_anchor="end", class_="tick"))
    return marks
