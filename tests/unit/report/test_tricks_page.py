import re
from dataclasses import replace

import made_up_reports as made_up
import pytest
from page_reader import Reader

from enxerto.report import render_tricks
from enxerto.report.contents import TricksContents
from enxerto.report.tricks.table import tricks_table


def hostile() -> TricksContents:
    contents = made_up.tricks()
    first = replace(contents.effects[0], setting="<script>\x1b[31m{{7*7}}", about="<b>bold</b>")
    return replace(contents, title="<h1>\u202e", effects=(first,), unmeasured=("<i>",), stages=("<u>",))


@pytest.mark.parametrize("contents", [made_up.tricks(), hostile(), replace(made_up.tricks(), effects=())])
def test_the_page_is_one_well_formed_file_that_loads_nothing(contents: TricksContents) -> None:
    text = render_tricks(contents)
    reader = Reader(text)
    assert reader.open == []
    assert reader.tags["script"] == reader.tags["img"] == reader.tags["b"] == reader.tags["u"] == 0
    assert all(value.startswith("#") or value == "data:," for value in reader.values["href"])
    assert len(reader.values["id"]) == len(set(reader.values["id"]))
    assert {value[1:] for value in reader.values["href"] if value.startswith("#")} <= set(reader.values["id"])
    assert "style" not in reader.values
    assert not re.search(r"https?://|@import|url\(|[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert render_tricks(contents) == text


def test_everything_measured_is_said() -> None:
    contents = made_up.tricks()
    words = Reader(render_tricks(contents)).words
    for part in (
        "Of 11 settings measured, 2 help accuracy and 3 hurt it beyond noise.",
        "learned from the same 296 photos and was measured on 74 other photos",
        "run with the same seeds (3 each)",
        "Not measured, as the time was too short: optimizer=adagrad and clip=none.",
        "9 min 43 s of the 10 minutes allowed",
        "2 more were left out, as the time was too short.",
        "92.1 %",
        "90.6 %",
        "blocks.5, blocks.6",
        "label-smoothing=default",
        "What mixup is, in a sentence",
        "weight-decay0.01",
        contents.command,
        contents.backbone.sha256,
    ):
        assert part in words, part
    assert len(re.findall("label-smoothing=0.1", words)) == 3, "in both panels and in the table"


def test_nothing_measured_and_nothing_left_out_is_said_too() -> None:
    words = Reader(render_tricks(replace(made_up.tricks(), effects=()))).words
    assert "No setting could be measured" in words
    assert "same seeds" not in words
    all_measured = Reader(render_tricks(replace(made_up.tricks(), unmeasured=(), stages=()))).words
    assert "All that were planned." in all_measured
    assert "too short" not in all_measured
    assert "Stages of the network" not in all_measured


def test_notes_and_an_early_end_are_said() -> None:
    contents = replace(made_up.tricks(), notes=("400 of 500 were drawn.",), interrupted=True)
    words = Reader(render_tricks(contents)).words
    text = " ".join(tricks_table(contents, columns=100).split())
    assert "400 of 500 were drawn." in words
    assert "400 of 500 were drawn." in text
    assert "minutes allowed, and was ended early." in words
    assert "Not measured, as the comparison was ended early: optimizer=adagrad" in words
    assert "not measured, as the comparison was ended early: optimizer=adagrad" in text
    assert "More minutes" not in words


def test_the_terminal_has_the_same_figures() -> None:
    text = tricks_table(made_up.tricks(), columns=100)
    lines = text.split("\n")
    row = next(line for line in lines if line.startswith("batch-norm=train"))
    assert re.split(r"  +", row) == [
        "batch-norm=train", "-3.4", "-4.8 to -2.0", "hurts", "+0.091", "+0.063 to +0.119", "hurts", "3", "18.6 s",
        "1.31",
    ]  # fmt: skip
    assert lines.index(row) > next(i for i, line in enumerate(lines) if line.startswith("mixup=0.2"))
    assert "not measured, as the time was too short: optimizer=adagrad and clip=none" in text
    assert "of 74 photos that were not learned from" in text.replace("\n", " ")


def test_the_terminal_says_when_nothing_was_measured_or_left_out() -> None:
    text = tricks_table(replace(made_up.tricks(), effects=(), unmeasured=()), columns=300)
    assert text.startswith("No setting could be measured")
    assert "setting  " not in text
    assert "too short" not in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", tricks_table(hostile(), columns=80))


def test_the_width_is_the_terminals_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert tricks_table(made_up.tricks()) == tricks_table(made_up.tricks(), columns=50)
