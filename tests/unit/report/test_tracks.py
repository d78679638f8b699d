import math
from xml.etree import ElementTree

import pytest

from enxerto.evaluation.results import Interval
from enxerto.report.charts.tracks import HEAD_PX, Mark, Scale, Track, signed, signed_points, span, track_panel

SCALE = Scale(((-1.0, "low"), (0.0, "0"), (1.0, "+1")), ("worse", "better"))


def drawn(interval: Interval | None, mark: Mark) -> ElementTree.Element:
    return ElementTree.fromstring(track_panel("k", "t", "s", [Track("name", "note", interval, "+0.5", mark)], SCALE))


def found(panel: ElementTree.Element, tag: str, class_: str) -> list[dict[str, str]]:
    return [each.attrib for each in panel.iter(tag) if each.get("class") == class_]


def test_a_figure_lies_on_the_scale_with_a_cap_at_each_end() -> None:
    panel = drawn(Interval(0.5, 0.0, 0.75), "kept")
    (dot,) = found(panel, "circle", "fill model")
    assert dot["cx"] == "75%"
    line, low, high = found(panel, "line", "line model")
    assert (line["x1"], line["x2"]) == ("50%", "87.5%")
    assert (low["x1"], high["x1"]) == ("50%", "87.5%")
    assert [text.text for text in panel.iter("text")] == [
        "t", "low", "0", "+1", "worse", "better", "name", "note", "+0.5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "tag", "class_", "line"),
    [
        ("kept", "circle", "fill model", "line model"),
        ("other", "circle", "hollow quiet", "line quiet"),
        ("helps", "polygon", "fill model", "line model"),
        ("hurts", "polygon", "fill wrong", "line wrong"),
    ],
)
def test_marks_differ_in_shape_and_not_only_in_color(mark: Mark, tag: str, class_: str, line: str) -> None:
    panel = drawn(Interval(0.5, 0.2, 0.7), mark)
    assert len(found(panel, tag, class_)) == 1
    assert len(found(panel, "line", line)) == 3


def test_triangles_point_to_what_they_say() -> None:
    tips = {}
    for mark in ("helps", "hurts"):
        (triangle,) = drawn(Interval(0.5, 0.2, 0.7), mark).iter("polygon")
        x_and_y = [tuple(map(float, corner.split(","))) for corner in triangle.get("points", "").split()]
        tips[mark] = next(y for x, y in x_and_y if x == 0)
    middle = HEAD_PX + 30
    assert tips["helps"] < middle < tips["hurts"]


@pytest.mark.parametrize(("value", "edge", "tip"), [(-7.0, "0%", "-8,"), (7.0, "100%", "8,")])
def test_what_lies_beyond_the_scale_is_an_arrow_at_its_edge(value: float, edge: str, tip: str) -> None:
    panel = drawn(Interval(value, value - 1, value + 1), "other")
    (arrow,) = panel.iter("polygon")
    assert arrow.get("points", "").startswith(tip)
    assert any(each.get("x") == edge and list(each) == [arrow] for each in panel.iter("svg"))
    assert len(found(panel, "line", "line quiet")) == 1, "no caps off the scale"


@pytest.mark.parametrize("interval", [None, Interval(math.nan, 0, 1), Interval(0, -math.inf, 1)])
def test_an_undefined_figure_leaves_its_track_empty(interval: Interval | None) -> None:
    panel = drawn(interval, "kept")
    assert not list(panel.iter("circle"))
    assert "nan" not in ElementTree.tostring(panel, "unicode")


def test_the_span_covers_what_is_defined() -> None:
    assert span([Interval(0, -1, 2), Interval(0, -3, 1), Interval(math.nan, -9, 9)]) == (-3, 2)
    assert span([Interval(math.nan, 0, 0)]) == (0, 0)


def test_ticks_carry_their_sign() -> None:
    assert [signed(value) for value in (-0.02, 0.0, 0.1)] == ["\u22120.02", "0", "+0.1"]
    assert signed_points(-0.07) == "\u22127"
