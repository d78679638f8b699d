"""Do the probabilities mean what they say? Accuracy against predicted probability, bin by bin."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from enxerto.evaluation.results import Evaluation, ReliabilityBin
from enxerto.report.charts.svg import Chart, drawing, element, share
from enxerto.report.wording import percent, percent_interval

HEIGHT_PX = 380
PLOT_PX = 270
COUNTS_PX = 44
_LEFT, _WIDTH = 0.11, 0.86
_TOP_PX = 12


def reliability_diagram(evaluation: Evaluation) -> Chart:
    """A dot per bin with its interval, the diagonal of perfect calibration, and the photos per bin below.

    Both axes start at the same probability: the largest multiple of 10 % below every dot.
    """
    bins = [entry for entry in evaluation.reliability if entry.photos]
    start = axis_start(bins)
    error = evaluation.calibration_error
    takeaway = (
        f"Predicted probability and accuracy differ by {percent(error.value)} on average "
        f"(95 % CI {percent_interval(error)}); dots on the dashed diagonal would be perfect."
    )
    if start:
        takeaway += f" Both axes start at {100 * start:.0f} %."
    children = [_axes(start), _plot(bins, start), _counts(bins, start)]
    panel = drawing("reliability", "Predicted probability against accuracy", takeaway, *children, width="100%",
                    height=HEIGHT_PX, class_="chart square")  # fmt: skip
    header = ("probability", "photos", "mean probability", "accuracy", "95 % interval")
    rows = tuple(
        (
            f"{percent(entry.low)} to {percent(entry.high)}",
            f"{entry.photos:,}",
            percent(entry.mean_probability),
            percent(entry.accuracy.value),
            percent_interval(entry.accuracy),
        )
        for entry in bins
    )
    return Chart("reliability", "Predicted probability against accuracy", takeaway, (panel,), header, rows)


def axis_start(bins: Sequence[ReliabilityBin]) -> float:
    """Where both axes begin: a multiple of 0.1 below every dot, at most 0.8."""
    lowest = min((min(entry.mean_probability, entry.accuracy.value) for entry in bins), default=0.0)
    return min(math.floor(10 * lowest) / 10, 0.8)


def ticks(start: float) -> tuple[float, ...]:
    """Round probabilities along an axis from `start` to 1, five at most beside the first."""
    step = 0.05 if start > 0.75 else 0.1 if start > 0.45 else 0.2
    return tuple(round(1 - step * index, 2) for index in range(int((1 - start) / step + 1e-9), -1, -1))


def _place(value: float, start: float) -> float:
    return (value - start) / (1 - start)


def _axes(start: float) -> Markup:
    marks = []
    for tick in ticks(start):
        at, words = _place(tick, start), f"{100 * tick:.0f} %"
        y = _TOP_PX + PLOT_PX * (1 - at)
        x = share(_LEFT + _WIDTH * at)
        marks.append(element("line", x1=share(_LEFT), x2=share(_LEFT + _WIDTH), y1=y, y2=y, class_="grid"))
        marks.append(element("line", x1=x, x2=x, y1=_TOP_PX, y2=_TOP_PX + PLOT_PX, class_="grid"))
        marks.append(element("text", words, x=share(_LEFT - 0.012), y=y + 4, text_anchor="end", class_="tick"))
        marks.append(element("text", words, x=x, y=_TOP_PX + PLOT_PX + 18, text_anchor="middle", class_="tick"))
    base = _TOP_PX + PLOT_PX + 34
    marks.append(element("text", "accuracy", x=share(_LEFT + 0.012), y=_TOP_PX + 14, class_="tick"))
    marks.append(element("text", "photos at each predicted probability", x=share(_LEFT), y=base + COUNTS_PX + 16,
                         class_="tick"))  # fmt: skip
    return Markup("").join(marks)


def _plot(bins: Sequence[ReliabilityBin], start: float) -> Markup:
    ideal = element("line", x1="0%", y1="100%", x2="100%", y2="0%", class_="ideal")
    most = max((entry.photos for entry in bins), default=1)
    dots = []
    for entry in bins:
        x = share(_place(entry.mean_probability, start))
        low, high = (share(1 - _place(value, start)) for value in (entry.accuracy.low, entry.accuracy.high))
        y = share(1 - _place(entry.accuracy.value, start))
        dots.append(element("line", x1=x, x2=x, y1=low, y2=high, class_="line model thin"))
        dots.append(element("circle", cx=x, cy=y, r=3.5 + 4.5 * math.sqrt(entry.photos / most), class_="fill model"))
    return element("svg", ideal, *dots, x=share(_LEFT), y=_TOP_PX, width=share(_WIDTH), height=PLOT_PX,
                   overflow="visible")  # fmt: skip


def _counts(bins: Sequence[ReliabilityBin], start: float) -> Markup:
    """Bars of photos per bin; a bar's area says nothing here, its height does, so that narrow bins stay visible."""
    top = _TOP_PX + PLOT_PX + 30
    most = max((entry.photos for entry in bins), default=1)
    marks, last = [], -1.0
    for entry in bins:
        at = _place(entry.mean_probability, start)
        height = max(30 * entry.photos / most, 1.5)
        x, y = share(at), COUNTS_PX - height
        marks.append(element("line", x1=x, x2=x, y1=y, y2=COUNTS_PX, class_="line model stem"))
        if at - last > 0.075:
            words = f"{entry.photos:,}"
            marks.append(element("text", words, x=x, y=y - 4, text_anchor="middle", class_="tick"))
            last = at
    return element("svg", *marks, x=share(_LEFT), y=top, width=share(_WIDTH), height=COUNTS_PX, overflow="visible")
