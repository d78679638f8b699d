"""How an image climbed: its objective, and the probability of its class, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from markupsafe import Markup

from enxerto.report.charts.plot import Axis, Key, nice_ticks, plot, point
from enxerto.report.charts.svg import Chart, path
from enxerto.report.wording import number, percent
from enxerto.visualize.ideal.image import Step

MOST_POINTS = 160
MOST_ROWS = 12
Item = TypeVar("Item")
OBJECTIVE, PROBABILITY = "line model", "line control"


def ascent_chart(key: str, steps: Sequence[Step], stopped: str) -> Chart | None:
    """The objective over the steps, and where there is a class, its probability; `None` before the second step.

    Args:
        key: unique on the page.
        steps: measured ones, the start first.
        stopped: why it ended, in words.
    """
    values = [(step.number, step.value) for step in steps if math.isfinite(step.value)]
    if len(values) < 2:
        return None
    title = "The ascent, step by step"
    takeaway = f"From {number(values[0][1])} to {number(values[-1][1])} in {values[-1][0]} steps: {stopped}."
    x = _step_axis(values[-1][0])
    ticks = nice_ticks(min(value for _, value in values), max(value for _, value in values))
    y = Axis("objective", ticks[0], ticks[-1], tuple((tick, f"{tick:g}") for tick in ticks))
    panels = [_panel(f"{key}-1", f"{title}: objective", takeaway, x, y, values, OBJECTIVE, "on the image as saved")]
    sure = [(step.number, step.probability) for step in steps if step.probability is not None]
    if len(sure) > 1:
        share = Axis("probability", 0, 1, tuple((tick / 4, f"{25 * tick} %") for tick in range(5)))
        words = "of the class, likewise"
        panels.append(_panel(f"{key}-2", f"{title}: probability", takeaway, x, share, sure, PROBABILITY, words))
    header = ("step", "objective", "probability")
    return Chart(key, title, takeaway, tuple(panels), header, tuple(map(_row, _thinned(steps, MOST_ROWS))))


def _panel(
    key: str, title: str, takeaway: str, x: Axis, y: Axis, points: Sequence[tuple[int, float]], class_: str, words: str
) -> Markup:
    places = [(x.place(at), y.place(value)) for at, value in _thinned(points, MOST_POINTS)]
    marks = [path(places, class_), point(*places[-1], f"fill {class_.removeprefix('line ')}", 4)]
    return plot(key, title, takeaway, x, y, [Key("line", class_, words)], marks)


def _step_axis(last: int) -> Axis:
    ticks = [tick for tick in nice_ticks(0, last, finest=1) if tick <= last]
    return Axis("step", 0, last, tuple((tick, f"{tick:g}") for tick in ticks))


def _thinned(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of them, evenly, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def _row(step: Step) -> tuple[str, ...]:
    return str(step.number), number(step.value), "" if step.probability is None else percent(step.probability)
