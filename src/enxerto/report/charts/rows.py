"""Charts with a row per class, which stay readable from two classes to hundreds: laid out in panels side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from enxerto.data.health import ClassCount
from enxerto.evaluation.results import ClassResult
from enxerto.report.charts.svg import Chart, dot, drawing, element, share, whisker
from enxerto.report.confused import ConfusedPair
from enxerto.report.wording import count, isolated, percent, quoted

ROW_PX = 22
AXIS_PX = 24
CHARACTER_SHARE = 1 / 38  # of the width of a panel on the narrowest screen
LEAST_PLOT = 0.4
MOST_CHARACTERS = 20
MOST_PAIRS = 24
MOST_EVEN_BARS = 12


@dataclass(frozen=True)
class Row:
    """A row: its label (already safe to show), its drawing on a scale from 0 to 1, and the figure to its right."""

    label: str
    marks: Markup
    value: str


@dataclass(frozen=True)
class Columns:
    """Shares of a panel's width that go to the labels and to the drawing; the rest is for the figures."""

    label: float
    plot: float


def class_counts(counts: Sequence[ClassCount]) -> Chart:
    """How many photos each class has; unreadable ones as an outlined piece at the bar's end.

    More than twelve equal bars say nothing that the takeaway doesn't, and are left out.
    """
    longest = max((entry.readable + entry.skipped for entry in counts), default=0) or 1
    rows = [Row(isolated(entry.name, MOST_CHARACTERS), _stack(entry, longest), _tally(entry)) for entry in counts]
    most, least = (pick(counts, key=lambda entry: entry.readable) for pick in (max, min))
    takeaway = f"Every class has {count(most.readable, 'readable photo')}."
    if most.readable != least.readable:
        takeaway = f"From {least.readable:,} ({quoted(least.name)}) to {most.readable:,} ({quoted(most.name)})."
    even = most.readable == least.readable and not any(entry.skipped for entry in counts)
    if any(entry.skipped for entry in counts):
        takeaway += " Outlined: files that could not be read."
    table = tuple((isolated(entry.name), f"{entry.readable:,}", f"{entry.skipped:,}") for entry in counts)
    drawn = [] if even and len(rows) > MOST_EVEN_BARS else rows
    return _chart("counts", "Photos per class", takeaway, drawn, ("class", "readable", "skipped"), table)


def class_scores(results: Sequence[ClassResult]) -> Chart:
    """F1 of every class with its interval, worst first. The data table is the page's per-class table."""
    rows = [Row(isolated(result.name, MOST_CHARACTERS), _score(result), percent(result.f1.value)) for result in results]
    worst, best = results[0], results[-1]
    takeaway = (
        f"From {percent(worst.f1.value)} ({quoted(worst.name)}) to {percent(best.f1.value)} ({quoted(best.name)}); "
        "lines are 95 % intervals."
    )
    return _chart("scores", "F1 per class, worst first", takeaway, rows, (), (), axis=True)


def pair_bars(pairs: Sequence[ConfusedPair]) -> Chart:
    """The most confused pairs of classes, as shares of the label's photos."""
    shown = pairs[:MOST_PAIRS]
    rows = [
        Row(
            f"{isolated(pair.label, 14)} → {isolated(pair.predicted, 14)}",
            element("rect", x="0%", y=5, width=share(pair.share), height=12, class_="fill wrong"),
            f"{pair.photos:,} · {100 * pair.share:.0f} %",
        )
        for pair in shown
    ]
    first = shown[0]
    takeaway = (
        f"Most often, {quoted(first.label)} is taken for {quoted(first.predicted)}: "
        f"{first.photos:,} times, {percent(first.share)} of its photos."
    )
    return _chart("pairs", "Most confused pairs, label → predicted", takeaway, rows, (), (), axis=True)


def panel_sizes(rows: int) -> tuple[int, ...]:
    """How many rows each panel holds: one panel up to 12 rows, two of equal height above."""
    each = rows if rows <= 12 else -(-rows // 2)
    return tuple(min(each, rows - start) for start in range(0, rows, each))


def columns_for(rows: Sequence[Row]) -> Columns:
    """Room for the longest label and figure on a narrow screen, with at least 40 % left for the drawing."""
    value = min(0.24, 0.03 + CHARACTER_SHARE * max(len(row.value) for row in rows))
    label = min(0.97 - LEAST_PLOT - value, max(0.14, 0.02 + CHARACTER_SHARE * max(len(row.label) - 2 for row in rows)))
    return Columns(round(label, 4), round(0.98 - label - value, 4))


def _stack(entry: ClassCount, longest: int) -> Markup:
    readable, skipped = entry.readable / longest, entry.skipped / longest
    bars = [element("rect", x="0%", y=5, width=share(readable), height=12, class_="fill model")]
    if skipped:
        bars.append(element("rect", x=share(readable), y=5, width=share(skipped), height=12, class_="hollow"))
    return Markup("").join(bars)


def _tally(entry: ClassCount) -> str:
    return f"{entry.readable:,} + {entry.skipped:,}" if entry.skipped else f"{entry.readable:,}"


def _score(result: ClassResult) -> Markup:
    line = element("line", x1="0%", x2="100%", y1=11, y2=11, class_="track")
    return line + whisker(result.f1.low, result.f1.high, 11, "line model") + dot(result.f1.value, 11, "fill model", 4.5)


def _chart(
    key: str,
    title: str,
    takeaway: str,
    rows: Sequence[Row],
    header: tuple[str, ...],
    table: tuple[tuple[str, ...], ...],
    *,
    axis: bool = False,
) -> Chart:
    if not rows:
        return Chart(key, title, takeaway, (), header, table)
    sizes, columns = panel_sizes(len(rows)), columns_for(rows)
    panels, start = [], 0
    for number, size in enumerate(sizes, start=1):
        part = f" ({number} of {len(sizes)})" if len(sizes) > 1 else ""
        panels.append(_panel(f"{key}-{number}", title + part, takeaway, rows[start : start + size], columns, axis=axis))
        start += size
    return Chart(key, title, takeaway, tuple(panels), header, table)


def _panel(key: str, title: str, takeaway: str, rows: Sequence[Row], columns: Columns, *, axis: bool) -> Markup:
    height = ROW_PX * len(rows) + (AXIS_PX if axis else 4)
    parts = [_grid(height, columns)] if axis else []
    parts += [_row(row, ROW_PX * index, columns) for index, row in enumerate(rows)]
    return drawing(key, title, takeaway, *parts, width="100%", height=height, class_="chart")


def _row(row: Row, top: float, columns: Columns) -> Markup:
    start, width = share(columns.label), share(columns.plot)
    name = element("text", row.label, x=0, y=15, class_="label")
    return Markup("").join(
        [
            element("svg", name, x="0%", y=top, width=share(columns.label - 0.02), height=ROW_PX),
            element("svg", row.marks, x=start, y=top, width=width, height=ROW_PX, overflow="visible"),
            element("text", row.value, x="100%", y=top + 15, text_anchor="end", class_="value"),
        ]
    )


def _grid(height: float, columns: Columns) -> Markup:
    marks = []
    for tick, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        marks.append(element("line", x1=share(tick), x2=share(tick), y1=0, y2=height - AXIS_PX + 4, class_="grid"))
        marks.append(
            element("text", f"{100 * tick:.0f} %", x=share(tick), y=height - 5, text_anchor=anchor, class_="tick")
        )
    return element("svg", *marks, x=share(columns.label), width=share(columns.plot), height=height, overflow="visible")
