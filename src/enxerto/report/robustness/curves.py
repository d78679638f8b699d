"""Accuracy against the size of changes: of the attacked classifier by norm, and what is certified."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from enxerto.attack.robustness.results import Certified, Curve, CurvePoint, Standard
from enxerto.evaluation.intervals import wilson
from enxerto.evaluation.results import Interval
from enxerto.report.charts.plot import Axis, Key, nice_ticks, note, plot, point, upright
from enxerto.report.charts.svg import Chart, band, path
from enxerto.report.robustness.words import GREYS, SIZES, amount, interval, radius_words
from enxerto.report.wording import count, percent, percent_interval

_REACH = 4
"""Times the median change that an axis reaches at most; a few stubborn photos don't flatten the rest."""
_SHARES = Axis("accuracy", 0, 1, tuple((tick / 4, f"{25 * tick} %") for tick in range(5)))


def curves_chart(curves: Sequence[Curve], standards: Sequence[Standard]) -> Chart:
    """A panel a norm: the share of photos that no change up to a size was found for."""
    title = "Accuracy against the size of the change"
    takeaway = (
        "The share of photos that are still right when each is changed as badly as the search could, up to that size; "
        "shaded: 95 % intervals."
    )
    panels = tuple(_panel(curve, [each for each in standards if each.norm == curve.norm]) for curve in curves)
    header = ("changes up to", "accuracy", "95 % interval", "photos")
    rows = tuple(_row(curve.norm, place) for curve in curves for place in curve.points)
    return Chart("curves", title, takeaway, panels, header, rows)


def certified_chart(certified: Certified) -> Chart:
    """The share of photos whose answer is right, and provably stays so up to a length of the change."""
    title = "Certified accuracy against the length of the change"
    takeaway = (
        f"A lower bound that no attack can undercut, of the model asked {certified.draws:,} times under noise with a "
        f"standard deviation of {amount(GREYS * certified.sigma)} grey levels; shaded: 95 % intervals."
    )
    places = _lower_stairs(certified.points)
    x = _axis(SIZES["l2"], places[-1][0] or 1.0)
    legend = [Key("line", "line control", f"certified, {count(certified.photos, 'photo')}")]
    marks = _stairs(places, x, "line control")
    panel = plot("certified-1", title, takeaway, x, _SHARES, legend, marks)
    header = ("changes up to", "accuracy", "95 % interval", "photos")
    return Chart("certified", title, takeaway, (panel,), header, tuple(_row("l2", each) for each in certified.points))


def _lower_stairs(points: Sequence[CurvePoint]) -> list[tuple[float, Interval]]:
    """Between two radii what holds at the larger one, so that nothing is promised there; as far as anything holds."""
    shown = points[: sum(each.accuracy.count > 0 for each in points) + 1]
    ends = [*shown[1:], shown[-1]]
    return [(start.grey, interval(end.accuracy)) for start, end in zip(shown, ends, strict=True)]


def falls(curve: Curve) -> list[tuple[float, Interval]]:
    """Where the curve falls, in grey levels, and what it falls to; it begins at 0."""
    factor = 1 if curve.norm == "l0" else GREYS
    places: list[tuple[float, Interval]] = []
    for number, distance in enumerate(curve.distances, 1):
        left = wilson(1 - number / curve.photos, curve.photos)
        if places and places[-1][0] == distance * factor:
            places.pop()
        places.append((distance * factor, left))
    if not places or places[0][0] > 0:
        places.insert(0, (0.0, wilson(1.0, curve.photos)))
    return places


def _panel(curve: Curve, standards: Sequence[Standard]) -> Markup:
    places = falls(curve)
    x = _axis(SIZES[curve.norm], _reach(curve, places[-1][0]))
    inside = [each for each in standards if each.grey <= x.high]
    legend = [Key("line", "line model", f"{curve.norm}, {count(curve.photos, 'photo')}")]
    legend += [Key("dot", "fill wrong", "AutoAttack")] if inside else []
    marks = _stairs(places, x, "line model")
    if curve.median_grey is not None and curve.median_grey <= x.high:
        at = x.place(curve.median_grey)
        marks += [upright(at, 0, 1, "ideal"), note(f"median {amount(curve.median_grey)}", at, 1.0)]
    for each in inside:
        at = x.place(each.grey)
        marks.append(upright(at, each.accuracy.low, each.accuracy.high, "line wrong thin"))
        marks.append(point(at, each.accuracy.value, "fill wrong", 4.5))
    takeaway = f"{SIZES[curve.norm]}: {percent(curve.clean.value)} without any change"
    if curve.median_grey is not None:
        takeaway += f", half of the right photos fooled at {amount(curve.median_grey)}"
    return plot(f"curve-{curve.norm}", f"Accuracy in {curve.norm}", f"{takeaway}.", x, _SHARES, legend, marks)


def _stairs(places: Sequence[tuple[float, Interval]], x: Axis, class_: str) -> list[Markup]:
    """A line that falls in steps, with the band of its intervals, as far as the axis reaches."""
    corners: list[tuple[float, Interval]] = []
    for size, figure in places:
        if size > x.high:
            break
        if corners:
            corners.append((x.place(size), corners[-1][1]))
        corners.append((x.place(size), figure))
    corners.append((1.0, corners[-1][1]))
    upper = [(at, figure.high) for at, figure in corners]
    lower = [(at, figure.low) for at, figure in corners]
    return [band(upper, lower, "band"), path([(at, figure.value) for at, figure in corners], class_)]


def _reach(curve: Curve, largest: float) -> float:
    if curve.median_grey:
        return min(largest, _REACH * curve.median_grey)
    return largest or 1.0


def _axis(name: str, reach: float) -> Axis:
    ticks = nice_ticks(0, reach)
    return Axis(name, 0, ticks[-1], tuple((tick, f"{tick:,g}") for tick in ticks))


def _row(norm: str, place: CurvePoint) -> tuple[str, ...]:
    share = place.accuracy
    return (
        radius_words(norm, place.grey),
        percent(share.value),
        percent_interval(interval(share)),
        f"{share.of:,}",
    )
