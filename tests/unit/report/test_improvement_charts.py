"""Charts of the ways compared, of fine-tuning, of the learning curve, of the rate finder and of the tricks."""

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import made_up_reports as made_up
import pytest

from enxerto.evaluation.results import Interval, LearningCurve
from enxerto.report import charts
from enxerto.report.contents import TuningCard
from enxerto.tuning.history import FitHistory


def parsed(chart: charts.Chart) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(panel) for panel in chart.panels]


def found(panel: ElementTree.Element, tag: str, class_: str) -> list[ElementTree.Element]:
    return [each for each in panel.iter(tag) if each.get("class") == class_]


def texts(panel: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in panel.iter("text")]


def history(tuning: TuningCard) -> charts.Chart:
    chart = charts.history_chart(tuning)
    assert chart is not None
    return chart


def rates(suggested: float | None = 1e-3, low: float = -5, high: float = -1) -> charts.Chart:
    exponents = [low + (high - low) * step / 40 for step in range(41)]
    chart = charts.learning_rate_chart([10**e for e in exponents], [1 + (e + 3) ** 2 for e in exponents], suggested)
    assert chart is not None
    return chart


def every_chart() -> list[charts.Chart]:
    return [
        charts.ways_chart(made_up.ways()),
        history(made_up.tuning()),
        charts.growth_chart(made_up.curve()),
        rates(),
        charts.effects_chart(made_up.tricks().effects),
    ]


def test_every_panel_is_an_image_with_a_name_and_a_description() -> None:
    ids = []
    for chart in every_chart():
        for panel in parsed(chart):
            assert panel.get("role") == "img"
            named = [panel.find(f"*[@id='{key}']") for key in panel.get("aria-labelledby", "").split()]
            assert [e.tag for e in named if e is not None and e.text] == ["title", "desc"]
            ids += [e.get("id") for e in panel.iter() if e.get("id")]
    assert len(ids) == len(set(ids))


def test_drawings_name_no_color_but_those_of_the_style_sheet() -> None:
    for chart in every_chart():
        for panel in chart.panels:
            assert not re.search(r"#[0-9a-f]{3,6}\b|\bfill=|\bstroke=|\bstyle=|nan|inf%", panel)


def test_tables_are_rectangular() -> None:
    for chart in every_chart():
        assert {len(row) for row in chart.rows} <= {len(chart.header)}


def test_ways_show_accuracy_and_gain_and_which_was_kept() -> None:
    accuracy, gain = parsed(charts.ways_chart(made_up.ways()))
    assert len(found(accuracy, "circle", "hollow quiet")) == 2
    assert len(found(accuracy, "circle", "fill model")) == 1
    assert texts(accuracy)[-3:] == ["\u2068fine-tuning\u2069", "kept", "93.1\u00a0%"]
    assert len(found(gain, "circle", "hollow quiet")) == 1, "the probe has no gain over itself"
    assert len(found(gain, "line", "zero")) == 1
    assert "reference" in texts(gain)
    assert texts(gain)[-1] == "+2.3"


def test_a_probe_alone_has_no_panel_of_gains() -> None:
    probe = replace(made_up.ways()[0], kept=True)
    chart = charts.ways_chart([replace(probe, accuracy=Interval(0.4, 0.0, 0.8))])
    assert len(chart.panels) == 1
    assert "starts at" not in chart.takeaway


def test_the_final_fit_is_drawn_large_and_the_folds_thin() -> None:
    loss, accuracy = parsed(history(made_up.tuning(folds=3)))
    for panel in (loss, accuracy):
        assert len(found(panel, "polyline", "path line fold")) == 3
        assert len(found(panel, "polyline", "path line model")) == 1
        assert len(found(panel, "polyline", "path line wrong dotted")) == 1
        assert len(found(panel, "circle", "fill model")) == 9
        assert len(found(panel, "circle", "ring")) == 1
    assert len(found(loss, "polyline", "path line control dashed")) == 1
    assert not found(accuracy, "polyline", "path line control dashed")


def test_the_kept_epoch_is_marked_at_its_place() -> None:
    fit = made_up.fit("final", 8)
    (loss, _) = parsed(history(replace(made_up.tuning(), fits=(fit,))))
    (ring,) = found(loss, "circle", "ring")
    assert ring.get("cx") == f"{100 * fit.best / 8:g}%"
    assert f"kept: epoch {fit.best}" in texts(loss)
    (line,) = found(loss, "line", "ideal")
    assert line.get("x1") == line.get("x2") == ring.get("cx")


def test_a_fit_without_an_average_has_none_in_its_legend() -> None:
    chart = history(replace(made_up.tuning(), fits=(made_up.fit("final", averaged=False),)))
    for panel in parsed(chart):
        assert "average" not in texts(panel)
        assert not found(panel, "polyline", "path line wrong dotted")
    assert "Thin" not in chart.takeaway
    assert chart.rows[0][4:6] == ("", "")


def test_losses_that_are_no_numbers_are_left_out() -> None:
    fit = made_up.fit("final", 4)
    broken = replace(fit.epochs[4], training_loss=math.nan, loss=math.nan, averaged_loss=math.inf)
    fit = FitHistory("final", (*fit.epochs[:4], broken), 3, False, "the loss became NaN at step 9")
    (loss, _) = parsed(history(replace(made_up.tuning(), fits=(fit,))))
    (line,) = found(loss, "polyline", "path line model")
    assert len(line.get("points", "").split()) == 4
    worst = replace(fit, epochs=(replace(fit.epochs[0], loss=math.nan, averaged_loss=None),), best=0)
    assert charts.history_chart(replace(made_up.tuning(), fits=(worst,))) is None
    accurate = replace(fit, epochs=(replace(fit.epochs[0], accuracy=math.nan, averaged_accuracy=None),), best=0)
    (_, accuracy) = parsed(history(replace(made_up.tuning(), fits=(accurate,))))
    assert not found(accuracy, "circle", "ring")


def test_many_epochs_have_no_dots_and_few_ticks() -> None:
    (loss, _) = parsed(history(replace(made_up.tuning(), fits=(made_up.fit("final", 60),))))
    assert not found(loss, "circle", "fill model")
    assert [each for each in texts(loss) if each.isdigit() and int(each) >= 10] == [
        "10", "20", "30", "40", "50", "60",
    ]  # fmt: skip


def test_a_curve_has_a_dot_for_each_point_and_a_hollow_forecast() -> None:
    curve = made_up.curve()
    (panel,) = parsed(charts.growth_chart(curve))
    assert len(found(panel, "circle", "fill model")) == len(curve.points) + 1, "and one in the legend"
    forecast = found(panel, "circle", "hollow")[-1]
    assert forecast.get("cx") == "100%"
    (dashed,) = found(panel, "polyline", "path line model dashed")
    assert dashed.get("points", "").split()[1].startswith("1000.0,")
    assert "about 89\u00a0%" in texts(panel)
    (band,) = found(panel, "polygon", "band")
    assert len(band.get("points", "").split()) == 2 * len(curve.points)
    chart = charts.growth_chart(curve)
    assert chart.rows[-1] == ("56, expected", "89\u00a0%", "87 to 91\u00a0%")
    assert len(chart.rows) == len(curve.points) + 1


def test_a_curve_without_forecast_says_so_and_draws_none() -> None:
    curve = made_up.curve(doubled=False)
    chart = charts.growth_chart(curve)
    (panel,) = parsed(chart)
    assert not found(panel, "circle", "hollow")
    assert "can't be said" in chart.takeaway
    assert "87.7\u00a0%" in texts(panel)
    assert len(chart.rows) == len(curve.points)


def test_one_point_is_a_curve_already() -> None:
    (panel,) = parsed(charts.growth_chart(LearningCurve(made_up.curve().points[:1], None, 20)))
    (dot,) = found(panel, "circle", "fill model")[1:]
    assert dot.get("cx") == "0%"


def test_counts_on_the_axis_keep_a_distance() -> None:
    (panel,) = parsed(charts.growth_chart(made_up.curve()))
    assert [each for each in texts(panel) if each.isdigit()] == ["1", "2", "4", "8", "16", "28", "56"]


def test_the_rate_taken_is_marked_on_the_curve() -> None:
    (panel,) = parsed(rates(1e-3))
    (ring,) = found(panel, "circle", "ring")
    assert ring.get("cx") == "50%"
    assert "taken: 0.001" in texts(panel)
    assert {"10⁻⁵", "10⁻³", "10⁻¹"} <= set(texts(panel))


@pytest.mark.parametrize("suggested", [None, 0.5])
def test_no_rate_or_one_off_the_axis_is_not_marked(suggested: float | None) -> None:
    chart = rates(suggested)
    assert not found(parsed(chart)[0], "circle", "ring")
    assert ("no learning rate" in chart.takeaway) == (suggested is None)


def test_a_narrow_range_of_rates_has_ticks_within_a_power_of_ten() -> None:
    (panel,) = parsed(rates(low=-3, high=-2))
    assert {"0.001", "0.002", "0.005", "0.01"} <= set(texts(panel))


def test_a_finder_needs_two_finite_losses_at_different_rates() -> None:
    assert charts.learning_rate_chart([1e-3, 1e-2, 1e-1], [0.5, math.nan, math.inf], 1e-3) is None
    assert charts.learning_rate_chart([1e-3, 1e-3], [0.5, 0.4], 1e-3) is None
    assert charts.learning_rate_chart([], [], None) is None


def test_tricks_are_rows_best_first_with_marks_for_what_is_shown() -> None:
    effects = made_up.tricks().effects
    chart = charts.effects_chart(effects)
    accuracy, loss = parsed(chart)
    assert [row[0].strip("\u2068\u2069") for row in chart.rows][:2] == ["mixup=0.2", "runs=3"]
    assert chart.rows[-1][0].strip("\u2068\u2069") == "scaling=raw"
    assert [words for words in texts(accuracy) if words in {"helps", "hurts", "not shown"}] == [
        row[4] for row in chart.rows
    ]
    assert len(found(accuracy, "circle", "hollow quiet")) == [row[4] for row in chart.rows].count("not shown")
    assert "2.96× time" in texts(loss)
    assert texts(loss)[-1] == "+2.400"


def test_one_disaster_does_not_flatten_the_other_effects() -> None:
    (accuracy, _) = parsed(charts.effects_chart(made_up.tricks().effects))
    ticks = [words for words in texts(accuracy) if re.fullmatch(r"[+\u2212]\d+", words)]
    assert ticks == ["\u221210", "\u22125", "+5"]


def test_undefined_effects_come_last_and_empty() -> None:
    first, *_ = made_up.tricks().effects
    nan = Interval(math.nan, math.nan, math.nan)
    chart = charts.effects_chart([replace(first, setting="broken", accuracy=nan, log_loss=nan), first])
    assert chart.rows[-1][0] == "\u2068broken\u2069"
    assert not re.search("nan", "".join(chart.panels))
    alone = charts.effects_chart([replace(first, accuracy=nan, log_loss=nan)])
    assert len(alone.panels) == 2
