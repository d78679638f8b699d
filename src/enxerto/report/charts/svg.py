"""Inline SVG, written by hand: elements, shares as percentages, and the chart that the page shows.

Charts have no view box: x positions are percentages of the width, so that a chart narrows with the page while its text
keeps its size. Colours come from the page's style sheet by class name.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup, escape

Cells = tuple[str, ...]


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


def _value(value: str | float) -> str:
    return str(escape(value)) if isinstance(value, str) else f"{round(value, 2):g}"
