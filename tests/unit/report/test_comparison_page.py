"""The page of a comparison, its chart and its table."""

from __future__ import annotations

from dataclasses import replace

from enxerto.evaluation.results import Interval
from enxerto.report.charts.front import Place, front
from enxerto.report.comparison.contents import ComparedBackbone, ComparisonContents, Found, Speed, Wishes
from enxerto.report.comparison.page import render_comparison
from enxerto.report.comparison.table import comparison_table
from enxerto.report.record import comparison_from_json, comparison_to_json
from enxerto.report.text import plain

SPEED = Speed(20.0, 19.0, 22.0, 30, None, 5.0, "2026-01-31T12:00:00+00:00")


def _entry(name: str, accuracy: float, behind: float | None, ms: float, *, worse: bool = False) -> ComparedBackbone:
    interval = Interval(accuracy, accuracy - 0.02, accuracy + 0.01)
    gap = None if behind is None else Interval(behind, behind - 0.02, behind + 0.02)
    return ComparedBackbone(
        name, False, "package", "mit", 5_000_000, 224, 20_000_000, "openvino fp32", 120, 0.2, interval,
        replace(SPEED, milliseconds=ms), Found(interval, Interval(0.1, 0.05, 0.2), gap, worse), "", 600.0,
    )  # fmt: skip


def _contents() -> ComparisonContents:
    skipped = replace(_entry("random:vgg16", 0.5, None, 400.0), random=True, found=None, skipped="lite is better",
                      tuning_seconds=None)  # fmt: skip
    return ComparisonContents(
        title="photos", source="photos", command="enxerto compare photos", created="2026-01-31T12:00:00+00:00",
        machine="a processor", processors=2, protocol="5-fold cross-validation", classes=2, evaluated=400,
        readable=400, listed=401, unreadable=("a<b>.jpg",),
        entries=(_entry("large", 0.97, None, 50.0), _entry("lite", 0.96, -0.01, 20.0),
                 _entry("<b>tiny</b>", 0.8, -0.17, 5.0, worse=True), skipped),
        left_out=(("vgg19", "no weights here"),), wishes=Wishes("large", "lite", "lite"), tuning="an estimate",
        minutes=10.0, seconds=(("sample", 1.0),), versions=(("python", "3.11"),), seed=0,
    )  # fmt: skip


def test_the_front_has_those_than_which_no_other_is_faster_and_as_good() -> None:
    def at(name: str, ms: float, accuracy: float) -> Place:
        return Place(name, ms, Interval(accuracy, accuracy, accuracy), random=False)

    places = [at("a", 10, 0.9), at("slower, no better", 20, 0.9), at("b", 30, 0.95), at("worse", 40, 0.7)]
    assert [each.name for each in front(places)] == ["a", "b"]


def test_the_page_names_the_choice_and_everyone_who_was_not_measured() -> None:
    html = render_comparison(_contents())
    assert "2.5 times as fast and not worse beyond noise" in html
    assert "no head was solved; lite is better" in html
    assert "left out; no weights here" in html
    assert "random weights" in html
    assert "<b>tiny" not in html
    assert "a<b>.jpg" not in html
    assert "not told" in html


def test_the_table_has_the_three_wishes_and_a_row_each() -> None:
    table = comparison_table(_contents(), columns=200)
    assert "fastest   lite" in table
    assert "not solved" in table
    assert "1 photo could not be read" in table


def test_speeds_that_other_programs_disturbed_are_told() -> None:
    contents = _contents()
    assert "kept the processors busy" not in comparison_table(contents) + render_comparison(contents)
    first = replace(contents.entries[0], speed=replace(SPEED, disturbed=True))
    disturbed = replace(contents, entries=(first, *contents.entries[1:]))
    for shown in (comparison_table(disturbed, columns=300), render_comparison(disturbed)):
        assert "Other programs kept the processors busy while large ran" in plain(shown)


def test_nothing_is_to_be_taken_where_only_stand_ins_took_part() -> None:
    contents = _contents()
    alone = replace(contents.entries[0], name="random:large", random=True)
    table = comparison_table(replace(contents, entries=(alone,), wishes=None), columns=200)
    assert "nothing to take" in table
    assert "best      " not in table


def test_the_record_can_be_read_back() -> None:
    assert comparison_from_json(comparison_to_json(_contents())) == _contents()
