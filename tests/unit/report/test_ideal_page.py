from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from made_up_ideal import JUDGE, MAKER, SIBLING, card, ideal
from page_reader import Reader

from enxerto.errors import IntegrityError
from enxerto.report import IdealContents, Pictures, ideal_from_json, ideal_table, ideal_to_json, render_ideal
from enxerto.report.charts import ascent_chart
from enxerto.report.ideal.page import MOST_CARDS
from enxerto.report.ideal.words import ideal_sentence, ideal_verdict, ordinal, tallies
from enxerto.visualize.ideal.image import Step

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "


def page(contents: IdealContents, sheet: bytes = WEBP) -> str:
    return render_ideal(contents, {each.name: Pictures(WEBP, (WEBP,) * 3) for each in contents.images}, sheet)


def plain(text: str) -> str:
    return re.sub("[\u2068\u2069]", "", text).replace("\u00a0", " ").replace("\u2018", "'").replace("\u2019", "'")


def hostile() -> IdealContents:
    name = "<script>\u202e{{7*7}}\x1b[31m"
    bad = card({JUDGE: 1, MAKER: 1}, target=name, variation="<b>")
    bad = replace(bad, name="x", file="<i>.png", film="<u>.webp", stopped="<s>")
    return replace(
        ideal(bad), title="<h1>", source="<h2>", missing=(("<a>", "<p>"),), counted=(("<a>", name, ("<b>",)),),
        stoppers=("<a>",), notes=("<b>",), start="<img>", unfinished=2,
    )  # fmt: skip


@pytest.mark.parametrize(
    "contents", [ideal(), hostile(), ideal(replace(card({}), steps=(Step(0, 0.0, None),), film=""))]
)
def test_the_page_is_one_well_formed_file_that_loads_nothing(contents: IdealContents) -> None:
    text = page(contents)
    reader = Reader(text)
    assert reader.open == []
    assert reader.tags["script"] == reader.tags["b"] == reader.tags["i"] == reader.tags["u"] == reader.tags["s"] == 0
    assert all(value.startswith("#") or value == "data:," for value in reader.values["href"])
    assert all(value.startswith("data:image/webp;base64,") for value in reader.values["src"])
    assert len(reader.values["src"]) == 4 * len(contents.images) + 1
    assert len(reader.values["id"]) == len(set(reader.values["id"]))
    assert {value[1:] for value in reader.values["href"] if value.startswith("#")} <= set(reader.values["id"])
    assert len(reader.values.get("alt", ())) == reader.tags["img"]
    assert "style" not in reader.values
    assert not re.search(r"https?://|@import|url\(|[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert page(contents) == text


def test_everything_that_was_found_is_said() -> None:
    contents = replace(
        ideal(), missing=(("vgg16", "the weights are not here"),), counted=((JUDGE, "cats", ("tabby", "tiger cat")),),
        stoppers=(SIBLING,), notes=("A note.",), unfinished=1,
    )  # fmt: skip
    words = Reader(page(contents)).words
    for part in (
        "Of 3 images, read back from their files, squeezenet1_1 puts the class first in 1 (33.3 %) and among its five "
        "best in 2. efficientnet_lite0, which made them, recognizes 3 of 3.",
        "vgg16 wasn't asked: the weights are not here",
        "efficientnet_lite2 decided when to stop, and no longer judges these images independently.",
        "efficientnet_lite2decided when to stop223",
        "1 image that was asked for is missing",
        "counted as cats were tabby, tiger cat.",
        "A note.",
        "Geirhos",
        "All of them",
        "zebra-1.png · film: zebra-1.webp",
        "224 × 224 pixels, made by efficientnet_lite0 in 3.25 s; all 64 steps done.",
        "3rd, 13.3 %barrel 45.0 %",
        contents.command,
        contents.backbones[0].sha256,
        "startnoise",
    ):
        assert part in words, part
    assert words.count("JPEG 75") == 3


def test_many_images_are_left_to_the_sheet() -> None:
    many = [replace(card({JUDGE: 1, MAKER: 1}, seed), name=f"z{seed}") for seed in range(MOST_CARDS + 2)]
    reader = Reader(page(ideal(*many)))
    assert "2 more images lie beside this page" in reader.words
    assert reader.tags["article"] == MOST_CARDS
    assert "more image" not in Reader(page(ideal())).words


def test_where_nothing_is_known_nothing_is_said() -> None:
    words = Reader(page(replace(ideal(replace(card({}), film="")), sheet=""), sheet=b"")).words
    assert "All of them" not in words
    assert "film:" not in words
    assert "the file seen" not in words
    assert "nothing to recognize" in words


@pytest.mark.parametrize(
    ("ranks", "stoppers", "level", "sentences"),
    [
        ({JUDGE: 1, MAKER: 1}, (), "go", "sees it too: its first answer, 83.4 %, and in 2 of 2 crops and JPEGs."),
        ({JUDGE: 1, MAKER: 1}, (), "go", "squeezenet1_1, which had no part in it, sees"),
        ({JUDGE: 5, MAKER: 1}, (), "care", "has it among its five best (5th, 8.0 %), after 'barrel' (45.0 %)."),
        ({JUDGE: 6, SIBLING: 1, MAKER: 1}, (), "care", "and has it 6th. efficientnet_lite2, a sibling, sees it too"),
        ({JUDGE: 6, SIBLING: 2, MAKER: 1}, (), "no-go", "Only the network itself puts 'zebra' first. squeezenet1_1"),
        ({SIBLING: 1, MAKER: 1}, (SIBLING,), "open", "Nobody independent could be asked."),
        ({JUDGE: 0, MAKER: 1}, (), "open", "squeezenet1_1 has no such class; it sees 'barrel' (45.0 %)."),
        ({JUDGE: 9, MAKER: 2}, (), "no-go", "Not even efficientnet_lite0, which made it, puts 'zebra' first in the"),
        ({JUDGE: 1, MAKER: 2}, (), "go", "Not even efficientnet_lite0"),
    ],
)  # fmt: skip
def test_the_verdict_rests_on_who_had_no_part_in_it(
    ranks: dict[str, int], stoppers: tuple[str, ...], level: str, sentences: str
) -> None:
    found = ideal_verdict(card(ranks), stoppers)
    assert found.level == level
    assert sentences in plain(found.sentence)
    assert ("Only the network" in found.sentence) == (level == "no-go" and ranks[MAKER] == 1)


def test_a_channel_is_no_class_to_be_recognized() -> None:
    channel = replace(card({JUDGE: 0, MAKER: 0}), index=None, target="blocks.3, channel 5")
    found = ideal_verdict(channel)
    assert (found.level, found.word) == ("open", "no class")
    assert plain(found.sentence) == (
        "No class was wanted. squeezenet1_1 sees 'barrel' (45.0 %); efficientnet_lite0 sees 'barrel' (45.0 %)."
    )
    assert ideal_verdict(replace(channel, opinions=())).sentence == "No class was wanted."
    assert (
        plain(ideal_sentence(ideal(channel))) == "1 image; no class was wanted, so that there is nothing to recognize."
    )


def test_networks_are_counted_by_what_they_were_asked() -> None:
    contents = replace(ideal(card({JUDGE: 1, MAKER: 1}), card({JUDGE: 4, MAKER: 1}, 1), card({JUDGE: 0, MAKER: 3}, 2)))
    judge, maker = tallies(contents)
    assert (judge.network, judge.images, judge.first, judge.among) == (JUDGE, 2, 1, 2)
    assert (maker.network, maker.images, maker.first, maker.among) == (MAKER, 3, 2, 3)
    said = plain(ideal_sentence(contents))
    assert "first in 1 (50.0 %) and among its five best in 2, of 2 it was asked about." in said
    assert plain(ideal_sentence(ideal(card({MAKER: 1})))).startswith("1 image, and nobody independent could be asked")
    assert ideal_sentence(replace(contents, images=())) == "No image."


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        (0, "no such class"),
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (112, "112th"),
        (123, "123rd"),
    ],
)
def test_ranks_are_ordinals(rank: int, words: str) -> None:
    assert ordinal(rank) == words


def test_the_terminal_says_the_same() -> None:
    odd = card({JUDGE: 0, MAKER: 1}, 7)
    contents = replace(ideal(*ideal().images, odd), missing=(("vgg16", "not here"),), notes=("A note.",))
    text = ideal_table(contents, columns=120)
    row = next(line for line in text.splitlines() if line.startswith("zebra-1"))
    assert re.split(r"  +", row) == [
        "zebra-1",
        "3rd 13.3 %",
        "1st 83.4 %",
        "1st 83.4 %",
        "partly recognized",
        "64",
        "3.25 s",
    ]
    assert "barrel 45.0 %" in next(line for line in text.splitlines() if line.startswith("zebra-7"))
    assert "efficientnet_lite2 (sibling)" in text
    assert text.endswith("vgg16 wasn't asked: not here\n\nA note.\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ideal_table(hostile(), columns=80))
    assert ideal_table(replace(contents, images=(), missing=(), notes=())) == "No image.\n"


def test_a_record_is_read_back_as_it_was_written() -> None:
    contents = replace(ideal(), images=(replace(card({JUDGE: 1}), steps=(Step(0, math.inf, None),)),))
    assert ideal_from_json(ideal_to_json(contents)) == contents
    with pytest.raises(IntegrityError, match="not a gallery.s record: expected an object with .format"):
        ideal_from_json(b"{}")


def test_the_curve_has_the_objective_and_the_probability() -> None:
    steps = [Step(number, float(number), number / 400) for number in range(400)]
    chart = ascent_chart("a", steps, "all done")
    assert chart is not None
    assert len(chart.panels) == 2
    assert chart.takeaway == "From 0.000 to 399.000 in 399 steps: all done."
    assert 10 <= len(chart.rows) <= 12
    assert (chart.rows[0][0], chart.rows[-1][0]) == ("0", "399")
    assert chart.panels[0].count(",") < 400, "thinned"
    without = ascent_chart("a", [replace(step, probability=None) for step in steps], "all done")
    assert without is not None
    assert len(without.panels) == 1
    assert without.rows[0][2] == ""
    assert ascent_chart("a", steps[:1], "") is None
    assert ascent_chart("a", [Step(0, math.nan, None), Step(1, 0.0, None)], "") is None
