"""Accuracy after ordinary mishaps: a small table of kinds and strengths, shaded by what is lost."""

from __future__ import annotations

from markupsafe import Markup

from enxerto.attack.robustness.results import Corruption, Corruptions
from enxerto.report.charts.confusion import step
from enxerto.report.charts.svg import Chart, drawing, element, share
from enxerto.report.robustness.words import interval
from enxerto.report.wording import percent, percent_interval, visible

STRENGTHS = (1, 2, 3, 4, 5)
ROW_PX, HEAD_PX, GAP_PX = 36, 40, 3
_LABEL = 0.24
_LEAST_LOSS = 0.005


def mishaps_chart(corruptions: Corruptions) -> Chart:
    """A cell for each kind and strength with its accuracy, in stronger color where more is lost; and a table."""
    kinds = list(dict.fromkeys(each.kind for each in corruptions.results))
    worst = min(corruptions.results, key=lambda each: each.accuracy.value)
    clean = corruptions.clean
    title = "Accuracy after ordinary mishaps, in percent"
    takeaway = (
        f"{percent(clean.value)} on the same {clean.of:,} photos as they are; the lowest is "
        f"{percent(worst.accuracy.value)} ({visible(worst.setting)}). The stronger the color, the more is lost."
    )
    rows = [_row(kind, corruptions, HEAD_PX + ROW_PX * index) for index, kind in enumerate(kinds)]
    panel = drawing("mishaps-1", title, takeaway, *_head(), *rows, width="100%", height=HEAD_PX + ROW_PX * len(kinds),
                    class_="chart mishaps")  # fmt: skip
    header = ("what was done", "strength", "accuracy", "95 % interval", "photos")
    return Chart("mishaps", title, takeaway, (panel,), header, tuple(map(_cells, corruptions.results)))


def _head() -> list[Markup]:
    marks = [element("text", "strength", x="0%", y=30, class_="tick")]
    for strength in STRENGTHS:
        words = {1: "1 slight", 5: "5 severe"}.get(strength, str(strength))
        marks.append(element("text", words, x=share(_middle(strength)), y=30, text_anchor="middle", class_="tick"))
    return marks


def _row(kind: str, corruptions: Corruptions, top: float) -> Markup:
    found = {each.strength: each for each in corruptions.results if each.kind == kind}
    marks = [element("text", visible(kind), x="0%", y=top + ROW_PX / 2 + 4, class_="label")]
    marks += [_cell(found.get(strength), corruptions.clean.value, strength, top) for strength in STRENGTHS]
    return Markup("").join(marks)


def _cell(found: Corruption | None, clean: float, strength: int, top: float) -> Markup:
    x, y = share(_middle(strength)), top + ROW_PX / 2 + 5
    if found is None:
        return element("text", "–", x=x, y=y, text_anchor="middle", class_="tick")
    lost = (clean - found.accuracy.value) / clean if clean else 0.0
    shade = f"step-{step(lost) if lost > _LEAST_LOSS else 0}"
    words = f"{found.setting}: {percent(found.accuracy.value)} ({percent_interval(interval(found.accuracy))})"
    box = element(
        "rect", element("title", visible(words)), x=share(_start(strength)), y=top, width=share(_width() - 0.008),
        height=ROW_PX - GAP_PX, rx=3, class_=f"cell wrong {shade}",
    )  # fmt: skip
    figure = element("text", f"{100 * found.accuracy.value:.0f}", x=x, y=y, text_anchor="middle", font_size=14,
                     class_=f"count {shade}")  # fmt: skip
    return Markup("").join([box, figure])


def _width() -> float:
    return (1 - _LABEL) / len(STRENGTHS)


def _start(strength: int) -> float:
    return _LABEL + _width() * (strength - 1)


def _middle(strength: int) -> float:
    return _start(strength) + _width() / 2 - 0.004


def _cells(each: Corruption) -> tuple[str, ...]:
    accuracy = each.accuracy
    return (
        visible(each.setting),
        str(each.strength),
        percent(accuracy.value),
        percent_interval(interval(accuracy)),
        f"{accuracy.of:,}",
    )
