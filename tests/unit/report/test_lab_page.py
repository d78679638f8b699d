"""The page of a lab and its table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enxerto.errors import IntegrityError
from enxerto.evaluation.results import Interval
from enxerto.report.lab.contents import LabContents, LabEntry
from enxerto.report.lab.page import lab_sentence, lab_table, render_lab, ties_sentence
from enxerto.report.record import lab_from_json, lab_to_json
from enxerto.report.text import plain


def _entry(name: str, accuracy: float, behind: Interval | None, seconds: float) -> LabEntry:
    interval = Interval(accuracy, accuracy - 0.02, accuracy + 0.01)
    return LabEntry(name, 4_700_000, 224, "apache-2.0", interval, Interval(0.3, 0.2, 0.4), behind, seconds, f"m/{name}")


def lab() -> LabContents:
    """Three backbones, one of them within noise of the best, and one that couldn't take part."""
    return LabContents(
        title="Pets",
        source="pets",
        command="enxerto lab pets -o lab",
        created="2026-01-31T12:00:00+00:00",
        protocol="the given test split",
        classes=37,
        evaluated=3669,
        readable=7348,
        listed=7349,
        entries=(
            _entry("resnet50", 0.93, None, 120.0),
            _entry("lite0", 0.925, Interval(-0.005, -0.012, 0.002), 30.0),
            _entry("<b>squeeze</b>", 0.7, Interval(-0.23, -0.25, -0.21), 20.0),
        ),
        left_out=(("vgg16", "its weights are not here"),),
        licence="Oxford-IIIT Pets, CC BY-SA 4.0",
        versions=(("python", "3.11"),),
        seed=0,
    )


def test_the_page_says_who_is_best_and_who_is_as_good() -> None:
    page = render_lab(lab())
    text = plain(page)
    assert "resnet50 is right on 93.0 % (95 % CI 91.0–94.0 %) of 3,669 photos of 37 classes that it has not" in text
    assert "Within noise of it: lite0. In this run the fastest of these and the best was lite0, in 30.0 s." in text
    assert "Left out: vgg16, its weights are not here." in text
    assert "7,348 of 7,349 photos could be read" in text
    assert "CC BY-SA 4.0" in text
    assert "<b>squeeze" not in page
    assert text.count("worse beyond noise") == 1
    assert page == render_lab(lab())


def test_sentences_for_every_outcome() -> None:
    alone = replace(lab(), entries=lab().entries[:1])
    assert ties_sentence(alone) == "No other backbone took part."
    clear = replace(lab(), entries=(lab().entries[0], lab().entries[2]))
    assert ties_sentence(clear) == "Every other backbone is worse beyond noise."
    untimed = replace(lab(), entries=tuple(replace(entry, seconds=0.0) for entry in lab().entries))
    assert plain(ties_sentence(untimed)) == "Within noise of it: lite0."
    assert "Fastest" not in render_lab(untimed)
    assert "(the given test split)." in lab_sentence(lab())


def test_the_table_in_the_terminal() -> None:
    shown = lab_table(lab(), columns=80)
    rows = {line.split("  ")[0]: " ".join(line.split()) for line in shown.splitlines() if line}
    assert rows["resnet50"] == "resnet50 93.0 % 91.0–94.0 % 4.7 2 min 0 s"
    assert rows["lite0"] == "lite0 92.5 % 90.5–93.5 % -0.5 points -1.2 to +0.2 points 4.7 30.0 s"
    assert "left out: vgg16: its weights are not here" in shown
    untimed = replace(lab(), entries=(replace(lab().entries[0], seconds=0.0),), left_out=())
    assert lab_table(untimed, columns=80).splitlines()[-1].endswith("4.7")


def test_figures_as_json_and_back() -> None:
    assert lab_from_json(lab_to_json(lab())) == lab()
    with pytest.raises(IntegrityError, match="not a lab's record"):
        lab_from_json(b"{}")
