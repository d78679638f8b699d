"""The learning-rate finder: training loss while the learning rate rises step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence

from enxerto.report.charts.plot import Axis, Key, loss_axis, note, plot, point, upright
from enxerto.report.charts.svg import Chart, path

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_FEW_DECADES = 1.5


def learning_rate_chart(rates: Sequence[float], losses: Sequence[float], suggested: float | None) -> Chart | None:
    """Smoothed loss over the learning rate, on a logarithmic axis; the rate that was taken is marked.

    Steps whose loss is not finite are left out; where fewer than two are left, there is no chart.
    """
    steps = [step for step in zip(rates, losses, strict=True) if math.isfinite(step[1])]
    if len(steps) < 2 or steps[0][0] >= steps[-1][0]:
        return None
    title, takeaway = "Learning-rate finder", _takeaway(suggested)
    low, high = steps[0][0], steps[-1][0]
    x = Axis("learning rate", low, high, _rate_ticks(low, high), True)
    y = loss_axis([loss for _, loss in steps], usual=steps[0][1])
    marks = [path([(x.place(rate), y.place(loss)) for rate, loss in steps], "line model")]
    if suggested is not None and low <= suggested <= high:
        at = x.place(suggested)
        nearest = min(steps, key=lambda step: abs(math.log(step[0] / suggested)))
        marks += [upright(at, 0, 1, "ideal"), note(f"taken: {suggested:.2g}", at, 1.0)]
        marks.append(point(at, y.place(nearest[1]), "ring", 7))
    panel = plot("rates", title, takeaway, x, y, [Key("line", "line model", "training loss, smoothed")], marks)
    rows = tuple((f"{rate:.2g}", f"{loss:.3f}") for rate, loss in steps)
    return Chart("rates", title, takeaway, (panel,), ("learning rate", "training loss, smoothed"), rows)


def _takeaway(suggested: float | None) -> str:
    if suggested is None:
        return "The loss falls nowhere clearly: no learning rate could be told from it."
    return f"Taken: {suggested:.2g}. Where the loss rises again, the steps have become too large."


def _rate_ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Powers of ten; where there are hardly any between both ends, 2 and 5 times them, too."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    if math.log10(high / low) < _FEW_DECADES:
        values = [float(f"{step}e{power}") for power in powers for step in (1, 2, 5)]
        ticks = [(value, f"{value:g}") for value in values]
    else:
        ticks = [(float(f"1e{power}"), f"10{str(power).translate(_SUPERSCRIPTS)}") for power in powers]
    return tuple((value, words) for value, words in ticks if 0.999 * low <= value <= 1.001 * high)
