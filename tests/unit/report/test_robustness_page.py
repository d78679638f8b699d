from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from made_up_robustness import NAMES, card, contents, measured, nearest, nothing_measured
from page_reader import Reader

from enxerto.attack.robustness import curve
from enxerto.attack.robustness.records import NearestRecord
from enxerto.attack.robustness.results import Curve, Robustness
from enxerto.report.robustness.contents import RobustnessContents
from enxerto.report.robustness.curves import certified_chart, curves_chart, falls
from enxerto.report.robustness.mishaps import mishaps_chart
from enxerto.report.robustness.page import render_robustness, tiles
from enxerto.report.robustness.table import robustness_table
from enxerto.report.robustness.words import left_out_sentence, paper_words, robustness_sentence, size_words
from enxerto.report.text import plain

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
ONLY = {
    "curves": "Smallest changes that fool", "standards": "AutoAttack at standard radii",
    "corruptions": "Ordinary mishaps", "transfers": "Do the changes fool other networks?",
    "certified": "What is certain", "masking": "Signs of gradient masking",
}  # fmt: skip


def page(made: RobustnessContents) -> str:
    return render_robustness(made, dict.fromkeys(NAMES, WEBP))


def words_of(made: RobustnessContents) -> str:
    return Reader(page(made)).words.replace("\u2018", "'").replace("\u2019", "'")


def hostile() -> RobustnessContents:
    bad = "<script>\u202e{{7*7}}\x1b[31m"
    return replace(
        contents(), title="<h1>", source="<h2>", model=f"the model {bad}", notes=("<b>",), unreadable=((bad, "<p>"),),
        fragile=(replace(card(bad), label=bad, answer=bad),), command="<u>",
    )  # fmt: skip


@pytest.mark.parametrize("made", [contents(), nothing_measured(), hostile()])
def test_the_page_is_one_well_formed_file_that_loads_nothing(made: RobustnessContents) -> None:
    text = page(made)
    reader = Reader(text)
    assert reader.open == []
    assert reader.tags["script"] == reader.tags["b"] == reader.tags["u"] == 0
    assert all(value.startswith("#") or value == "data:," for value in reader.values["href"])
    assert all(value.startswith("data:image/webp;base64,") for value in reader.values.get("src", ()))
    assert len(reader.values["id"]) == len(set(reader.values["id"]))
    assert len(reader.values.get("alt", ())) == reader.tags["img"]
    assert {value[1:] for value in reader.values["href"] if value.startswith("#")} <= set(reader.values["id"])
    assert not re.search(r"https?://|@import|url\(|[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert page(made) == text


def test_the_page_says_what_was_found_and_what_it_rests_on() -> None:
    words = words_of(contents())
    for said in (
        "The model pets is right on 90.0 % of 60 photos; of 54 right photos attacked, half can be fooled with no value "
        "changed by more than 0.28 grey levels.",
        "One sign says that attacks may have failed for want of gradients",
        "At 6.67 % of 60 photos the gradient of the cross-entropy is zero or no number: the logits are so large",
        "As 5 minutes were allowed, on some of the photos only: AutoAttack in linf. More minutes with --resume go on",
        "One photo was left out",
        "l2 0.510.0 % 2.8–30.1 %206 to clean, 12 to minimal",
        "the model itself98.0 % 89.5–99.6 %5083.3 % 72.0–90.7 %",
        "For 12 of 60 photos no answer is frequent enough to be certified",
        "broken.jpg this is no picture (unknown-format)",
        "smallest changes in linf60602 min 0 s",
        "linfnone found",
    ):
        assert said in words


def test_what_was_not_measured_is_not_on_the_page() -> None:
    words = words_of(nothing_measured())
    assert "The model pets is right on 90.0 % of 60 photos; how easily it is fooled was not measured." in words
    assert "As 5 minutes were allowed, not measured: signs of gradient masking" in words
    assert not any(heading in words for heading in ONLY.values())
    assert "The most fragile" not in words


@pytest.mark.parametrize("part", ONLY)
def test_each_part_stands_alone(part: str) -> None:
    whole = measured()
    made = replace(contents(), measured=replace(Robustness(), **{part: getattr(whole, part)}), leading="", fragile=())
    words = words_of(made)
    assert [heading for heading in ONLY.values() if heading in words] == [ONLY[part]]
    assert robustness_table(made).endswith("\n")


def test_the_first_sentence_is_about_the_strongest_that_was_measured() -> None:
    whole = contents()
    standards = replace(whole, leading="", measured=replace(whole.measured, curves=()))
    assert "within 4\u00a0grey levels (linf) of each photo, 10.0\u00a0% of 20\u00a0photos stay" in robustness_sentence(
        standards
    )
    mishaps = replace(standards, measured=Robustness(corruptions=whole.measured.corruptions))
    assert re.search(r"under blur, noise and other mishaps it is right on \d", robustness_sentence(mishaps))


@pytest.mark.parametrize(
    ("distances", "said"),
    [
        (
            [0.01],
            "the one right photo that was attacked can be fooled with no value changed by more than 2.55 grey levels",
        ),
        ([0.01, None, None], "more than half of 3 right photos withstood every change that was tried"),
        ([0.0], "none of the photos attacked was right to begin with"),
    ],
)
def test_few_photos_and_stubborn_ones_are_called_so(distances: list[float | None], said: str) -> None:
    records = [NearestRecord(str(row), "linf", 0, size, 1, False) for row, size in enumerate(distances)]
    made = replace(contents(), measured=Robustness(curves=(curve.summary(records, "linf"),)))
    assert said in plain(robustness_sentence(made))
    assert page(made)


def test_the_curve_falls_where_photos_do_and_ends_with_those_that_nothing_was_found_for() -> None:
    made: Curve = curve.summary(nearest("linf"), "linf")
    places = falls(made)
    assert places[0][0] == 0
    assert places[0][1].value == pytest.approx(made.clean.value)
    assert places[-1][1].value == pytest.approx(1 / 60)
    for (size, figure), (later, lower) in pairwise(places):
        assert size < later
        assert figure.value > lower.value
    assert all(figure.low <= figure.value <= figure.high for _, figure in places)
    for point in made.points:
        value = next(figure.value for size, figure in reversed(places) if size <= point.grey)
        assert value == pytest.approx(point.accuracy.value)


def test_every_chart_has_the_table_of_its_figures() -> None:
    whole = measured()
    assert whole.corruptions is not None
    assert whole.certified is not None
    drawn = curves_chart(whole.curves, whole.standards)
    assert len(drawn.panels) == 4
    assert len(drawn.rows) == sum(len(each.points) for each in whole.curves)
    assert [panel.count("AutoAttack") for panel in drawn.panels] == [0, 1, 0, 0]
    mishaps = mishaps_chart(whole.corruptions)
    assert len(mishaps.rows) == mishaps.panels[0].count("<rect") == 30
    certified = certified_chart(whole.certified)
    assert len(certified.rows) == len(whole.certified.points)


def test_a_cell_that_was_not_measured_is_a_dash() -> None:
    found = measured().corruptions
    assert found is not None
    some = replace(found, results=tuple(each for each in found.results if (each.kind, each.strength) != ("jpeg", 2)))
    assert mishaps_chart(some).panels[0].count("<rect") == 29
    assert ">–</text>" in mishaps_chart(some).panels[0]


def test_many_parts_that_lack_photos_are_counted() -> None:
    made = contents()
    cut = replace(
        made, sections=tuple(replace(made.sections[2], title=f"part {i}") for i in range(5)), interrupted=True
    )
    assert left_out_sentence(cut).startswith(
        "As it was ended early, on some of the photos only: 5 of 5 parts, as listed"
    )
    assert left_out_sentence(replace(made, sections=made.sections[:2])) == ""


def test_sizes_are_said_with_their_units() -> None:
    assert size_words("linf", 0.277) == "0.28\u00a0grey levels"
    assert size_words("l0", 1) == "1\u00a0pixel"
    assert size_words("l1", 2511.7) == "2,512\u00a0grey levels"
    assert size_words("l2", 12.34) == "12.3\u00a0grey levels"
    assert size_words("linf", 0.004) == "<\u00a00.01\u00a0grey levels"
    assert size_words("l2", None) == "none found"
    assert (paper_words("linf", 8 / 255), paper_words("l2", 3.0)) == ("linf 8/255", "l2 3")


def test_tiles_are_those_of_what_was_measured() -> None:
    assert [tile.name for tile in tiles(contents())] == [
        "Right as they are", "Change that fools", "Right under AutoAttack", "Right after mishaps"
    ]  # fmt: skip
    assert [tile.name for tile in tiles(nothing_measured())] == ["Right as they are"]


def test_the_table_has_every_figure_and_obeys_no_escape() -> None:
    text = robustness_table(contents(), 80)
    assert "median smallest change, linf" in text
    assert "right under AutoAttack, 4 grey levels (linf)" in text
    assert "changed files fool efficientnet_lite1" in text
    assert "right and certified at all" in text
    assert "\x1b" not in robustness_table(hostile())
