import re
from dataclasses import replace
from xml.etree import ElementTree

import made_up_reports as made_up
import pytest

from enxerto.data.health import ClassCount
from enxerto.evaluation.results import Evaluation, Interval
from enxerto.report import charts
from enxerto.report.charts.confusion import step
from enxerto.report.charts.reliability import axis_start, ticks
from enxerto.report.charts.rows import MOST_CHARACTERS, panel_sizes
from enxerto.report.charts.svg import element, share
from enxerto.report.confused import confused_pairs
from enxerto.report.findings import worst_first


def parsed(chart: charts.Chart) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(panel) for panel in chart.panels]


def marks(chart: charts.Chart, tag: str, class_: str) -> list[dict[str, str]]:
    return [e.attrib for panel in parsed(chart) for e in panel.iter(tag) if e.get("class") == class_]


def number(percentage: str) -> float:
    return float(percentage.rstrip("%")) / 100


def every_chart(evaluation: Evaluation) -> list[charts.Chart]:
    contents = made_up.dirty()
    assert contents.control is not None
    return [
        charts.accuracy_gauge(evaluation, contents.control),
        charts.control_gauge(contents.control),
        charts.class_counts(contents.health.class_counts),
        charts.class_scores(worst_first(evaluation.per_class)),
        charts.confusion_heatmap(evaluation),
        charts.pair_bars(confused_pairs(evaluation)),
        charts.reliability_diagram(evaluation),
    ]


@pytest.mark.parametrize("shape", ["dirty", "37-classes", "hostile", "tiny"])
def test_every_panel_is_an_image_with_a_name_and_a_description(shape: str) -> None:
    ids = []
    for chart in every_chart(made_up.SHAPES[shape]().evaluation):
        for panel in parsed(chart):
            assert panel.get("role") == "img"
            named = [panel.find(f"*[@id='{key}']") for key in panel.get("aria-labelledby", "").split()]
            assert [e.tag for e in named if e is not None and e.text] == ["title", "desc"]
            ids += [e.get("id") for e in panel.iter() if e.get("id")]
    assert len(ids) == len(set(ids))


def test_elements_escape_text_and_attributes() -> None:
    assert element("text", '<a> & "b"', class_="x<y") == '<text class="x&lt;y">&lt;a&gt; &amp; &#34;b&#34;</text>'
    assert element("line", x1=1 / 3, aria_label="a") == '<line x1="0.33" aria-label="a"/>'


def test_shares_stay_within_the_drawing() -> None:
    assert [share(value) for value in (-0.1, 0.97812, 1.2)] == ["0%", "97.81%", "100%"]


def test_the_gauge_places_accuracies_and_their_intervals() -> None:
    contents = made_up.two_classes()
    assert contents.control is not None
    chart = charts.accuracy_gauge(contents.evaluation, contents.control)
    accuracy, random = contents.evaluation.accuracy, contents.control.random
    (model,) = marks(chart, "circle", "fill model")
    assert number(model["cx"]) == pytest.approx(accuracy.value, abs=1e-4)
    whisker = marks(chart, "line", "line model")[0]
    assert number(whisker["x1"]) == pytest.approx(accuracy.low, abs=1e-4)
    assert number(whisker["x2"]) == pytest.approx(accuracy.high, abs=1e-4)
    control = marks(chart, "line", "line control")[0]
    assert number(control["x2"]) - number(control["x1"]) == pytest.approx(random.high - random.low, abs=2e-4)
    (majority,) = marks(chart, "line", "line majority thick")
    assert majority["x1"] == majority["x2"] == "50%"
    assert len(charts.accuracy_gauge(contents.evaluation, None).rows) == 2
    assert chart.rows[1][0] == "Random weights"
    fewer = charts.accuracy_gauge(contents.evaluation, replace(contents.control, photos=200))
    assert fewer.rows[1][0] == "Random weights on 200\u00a0photos"


def test_bars_are_as_long_as_the_counts_and_skipped_files_are_outlined() -> None:
    chart = charts.class_counts([ClassCount("a", 30, 10), ClassCount("b", 10, 0)])
    assert [bar["width"] for bar in marks(chart, "rect", "fill model")] == ["75%", "25%"]
    (skipped,) = marks(chart, "rect", "hollow")
    assert (skipped["x"], skipped["width"]) == ("75%", "25%")
    assert chart.rows == (("\u2068a\u2069", "30", "10"), ("\u2068b\u2069", "10", "0"))


def test_many_equal_bars_are_left_out() -> None:
    even = [ClassCount(f"class {i}", 10, 0) for i in range(13)]
    assert charts.class_counts(even).panels == ()
    assert len(charts.class_counts([*even[1:], ClassCount("z", 9, 1)]).panels) == 2


def test_scores_show_every_class_with_its_interval() -> None:
    results = worst_first(made_up.many_classes(120).evaluation.per_class)
    chart = charts.class_scores(results)
    dots = marks(chart, "circle", "fill model")
    assert [number(d["cx"]) for d in dots] == pytest.approx([r.f1.value for r in results], abs=1e-4)
    lows = [number(line["x1"]) for line in marks(chart, "line", "line model") if line["x1"] != line["x2"]]
    assert lows == pytest.approx([r.f1.low for r in results], abs=1e-4)


@pytest.mark.parametrize(("rows", "sizes"), [(1, (1,)), (12, (12,)), (13, (7, 6)), (37, (19, 18)), (120, (60, 60))])
def test_long_charts_are_laid_out_side_by_side(rows: int, sizes: tuple[int, ...]) -> None:
    assert panel_sizes(rows) == sizes


def test_labels_are_shortened() -> None:
    (panel,) = parsed(charts.class_counts([ClassCount("x" * 255, 3, 0)]))
    labels = [e.text or "" for e in panel.iter("text") if e.get("class") == "label"]
    assert max(len(label.strip("\u2068\u2069")) for label in labels) == MOST_CHARACTERS


def test_the_heatmap_has_a_cell_per_confused_pair_and_class() -> None:
    evaluation = made_up.many_classes().evaluation
    chart = charts.confusion_heatmap(evaluation)
    (panel,) = parsed(chart)
    size = len(evaluation.classes)
    cells = [e for e in panel.iter("rect") if (e.get("class") or "").startswith("cell")]
    assert len(cells) == len(confused_pairs(evaluation)) + size
    shown = [int(e.text or "0") for e in panel.iter("text") if (e.get("class") or "").startswith("count")]
    assert sum(shown) == evaluation.photos
    assert float(panel.get("width", "0")) < 890, "wider than the page's column"
    assert chart.rows[0][1:] == tuple(str(count) for count in evaluation.confusion[0])


def test_a_cell_lies_in_its_row_and_column() -> None:
    evaluation = replace(made_up.dirty().evaluation, confusion=((40, 0, 0), (0, 0, 40), (0, 0, 40)))
    (panel,) = parsed(charts.confusion_heatmap(evaluation))
    wrong = [e for e in panel.iter("rect") if "wrong" in (e.get("class") or "")]
    right = [e for e in panel.iter("rect") if "right" in (e.get("class") or "")]
    assert [e.get("class") for e in wrong] == ["cell wrong step-5"]
    assert [e.get("class") for e in right] == ["cell right step-5", "cell right step-0", "cell right step-5"]
    assert (wrong[0].get("y"), wrong[0].get("x")) == (right[1].get("y"), right[2].get("x"))


def test_numbers_that_do_not_fit_are_left_out() -> None:
    evaluation = made_up.many_classes().evaluation
    large = tuple(tuple(count * 10_000 for count in row) for row in evaluation.confusion)
    (panel,) = parsed(charts.confusion_heatmap(replace(evaluation, confusion=large)))
    assert not [e for e in panel.iter("text") if (e.get("class") or "").startswith("count")]


@pytest.mark.parametrize(("value", "shade"), [(0.01, 1), (0.1, 1), (0.11, 2), (0.5, 3), (0.75, 4), (1.0, 5)])
def test_shades(value: float, shade: int) -> None:
    assert step(value) == shade


def test_pairs_are_as_long_as_their_share() -> None:
    pairs = confused_pairs(made_up.many_classes().evaluation)
    bars = marks(charts.pair_bars(pairs), "rect", "fill wrong")
    assert [number(bar["width"]) for bar in bars] == pytest.approx([pair.share for pair in pairs[:24]], abs=1e-4)


def test_calibration_dots_lie_at_probability_and_accuracy() -> None:
    evaluation = made_up.two_classes().evaluation
    start = axis_start(evaluation.reliability)
    dots = marks(charts.reliability_diagram(evaluation), "circle", "fill model")
    assert len(dots) == len(evaluation.reliability)
    for dot, entry in zip(dots, evaluation.reliability, strict=True):
        assert start + (1 - start) * number(dot["cx"]) == pytest.approx(entry.mean_probability, abs=1e-4)
        assert start + (1 - start) * (1 - number(dot["cy"])) == pytest.approx(entry.accuracy.value, abs=1e-4)


def test_calibration_axes_start_below_every_dot_at_a_round_figure() -> None:
    (entry, *_) = made_up.two_classes().evaluation.reliability
    low = replace(entry, mean_probability=0.57, accuracy=Interval(0.61, 0.5, 0.7))
    assert axis_start([low]) == 0.5
    assert axis_start([replace(entry, mean_probability=0.99, accuracy=Interval(0.99, 0.9, 1.0))]) == 0.8
    assert ticks(0.0) == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    assert ticks(0.5) == (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert ticks(0.8) == (0.8, 0.85, 0.9, 0.95, 1.0)


def test_counts_stand_at_the_bins_as_far_as_there_is_room() -> None:
    evaluation = made_up.tiny().evaluation
    bins = tuple(replace(evaluation.reliability[0], mean_probability=p, photos=7) for p in (0.6, 0.61, 0.9))
    (panel,) = parsed(charts.reliability_diagram(replace(evaluation, reliability=bins)))
    assert [e.text for e in panel.iter("text")].count("7") == 2
    assert len([e for e in panel.iter("line") if e.get("class") == "line model stem"]) == 3


def test_drawings_name_no_color_but_those_of_the_style_sheet() -> None:
    for chart in every_chart(made_up.many_classes().evaluation):
        for panel in chart.panels:
            assert not re.search(r"#[0-9a-f]{3,6}\b|\bfill=|\bstroke=|\bstyle=", panel)
