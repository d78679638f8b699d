"""Inline SVG, written by hand: elements, shares as percentages, and the chart that the page shows.

Charts have no view box: x positions are percentages of the width, so that a chart narrows with the page while its text
keeps its size. Only a line through several points, which can't have percentages, has a box of its own that is stretched
over the plot. Colours come from the page's style sheet by class name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Cells = tuple[str, ...]
_BOX = 1000


@dataclass(frozen=True)
class Chart:
    """A chart with what stands beside it.

    Attributes:
        key: unique on the page; prefix of the ids.
        title: what it shows.
        takeaway: what to see in it, in a sentence.
        panels: its drawings, `<svg role="img">` each; more than one where a long chart is laid out side by side.
        header: of its data table.
        rows: of its data table; empty where the page has the same table next to it.
        scrolls: drawn at a fixed size that may be wider than a small screen.
    """

    key: str
    title: str
    takeaway: str
    panels: tuple[Markup, ...]
    header: Cells
    rows: tuple[Cells, ...]
    scrolls: bool = False


def element(name: str, *children: str, **attributes: str | float) -> Markup:
    """An SVG element; `_` in attribute names stands for `-`, a trailing `_` is dropped, all text is escaped."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    inner = Markup("").join(children)
    return Markup(f"<{name}{written}>{inner}</{name}>" if children else f"<{name}{written}/>")


def drawing(key: str, title: str, takeaway: str, *children: str, **attributes: str | float) -> Markup:
    """A whole `<svg>` that a screen reader announces as one image with its title and takeaway."""
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", takeaway, id=f"{key}-desc"),
        *children,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        **attributes,
    )


def share(value: float) -> str:
    """A share of the width or height, e.g. "97.8%"; clipped to [0, 1]."""
    return f"{round(100 * min(max(value, 0.0), 1.0), 2):g}%"


def dot(x: float, y: float, class_: str, radius: float = 5) -> Markup:
    """A round mark at a share of the width and a height in px."""
    return element("circle", cx=share(x), cy=y, r=radius, class_=class_)


def whisker(low: float, high: float, y: float, class_: str) -> Markup:
    """A horizontal interval with end caps."""
    ends = [element("line", x1=share(x), x2=share(x), y1=y - 4, y2=y + 4, class_=class_) for x in (low, high)]
    return Markup("").join([element("line", x1=share(low), x2=share(high), y1=y, y2=y, class_=class_), *ends])


def path(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A line through points, shares of the width from the left and of the height from the bottom."""
    return _stretched(element("polyline", points=_corners(points), class_=f"path {class_}"))


def band(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]], class_: str) -> Markup:
    """The area between two lines, given as for `path`, both from left to right."""
    return _stretched(element("polygon", points=_corners([*upper, *reversed(lower)]), class_=class_))


def _stretched(shape: Markup) -> Markup:
    return element("svg", shape, viewBox=f"0 0 {_BOX} {_BOX}", preserveAspectRatio="none", width="100%", height="100%",
                   overflow="visible")  # fmt: skip


def _corners(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_BOX * min(max(x, 0.0), 1.0):.1f},{_BOX * (1 - min(max(y, 0.0), 1.0)):.1f}" for x, y in points)


def _value(value: str | float) -> str:
    return str(escape(value)) if isinstance(value, str) else f"{round(value, 2):g}"
