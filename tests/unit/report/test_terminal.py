import re
from dataclasses import replace

import made_up_reports as made_up
import pytest

from enxerto.report.terminal import health_table, summary
from enxerto.report.wording import columns_of


def test_the_summary_opens_with_the_verdict() -> None:
    text = summary(made_up.two_classes(), columns=100)
    assert text.startswith("GO: 98.0 % (95 % CI 96.1\u201399.0 %) of 400 photos right, by 5-fold cross-validation;")
    assert "always answering\n'cat' would be 50.0 %" in text
    assert "features\n3.12 s" in text or "features 3.12 s" in text
    assert text.endswith("\n")


def test_alerts_stand_before_the_figures() -> None:
    text = summary(made_up.dirty(), columns=200)
    assert text.index("! 2 of 242 files could not be read") < text.index("accuracy  ")


@pytest.mark.parametrize("shape", made_up.SHAPES)
def test_nothing_acts_on_the_terminal(shape: str) -> None:
    contents = made_up.SHAPES[shape]()
    text = summary(contents, columns=80) + health_table(contents.health, columns=80)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert "\u00a0" not in text


@pytest.mark.parametrize("shape", made_up.SHAPES)
def test_columns_are_aligned_also_with_wide_characters(shape: str) -> None:
    for block in summary(made_up.SHAPES[shape](), columns=80).split("\n\n"):
        lines = block.rstrip("\n").split("\n")
        if len(lines) > 1 and set(lines[1]) == {"-", " "}:
            widths = {columns_of(line) for line in lines[1:] if line.count("  ") and not line.startswith("always")}
            assert len(widths) == 1


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_sentences_fit_the_width(columns: int) -> None:
    opening = summary(made_up.many_classes(), columns=columns).split("figure ")[0]
    assert max(columns_of(line) for line in opening.split("\n")) <= columns


def test_the_width_is_the_terminals_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert summary(made_up.two_classes()) == summary(made_up.two_classes(), columns=50)


def test_only_the_worst_classes_and_pairs_are_listed() -> None:
    text = summary(made_up.many_classes(120), columns=100)
    assert "classes, worst first (10 of 120)" in text
    assert len(text.split("\n")) < 60
    assert "Every class has fewer than 30 evaluated photos" in text


def test_the_caveat_is_said_once() -> None:
    assert summary(made_up.tiny(), columns=300).count("fewer than 30 evaluated photos") == 1


def test_a_perfect_evaluation_has_no_table_of_pairs() -> None:
    assert "confused" not in summary(made_up.contents(("a", "b"), 40, 0.0), columns=80)


def test_photos_that_were_seen_or_skipped_are_named() -> None:
    text = summary(made_up.with_seen_photos(), columns=100)
    seen = made_up.with_seen_photos().seen
    assert f"in training ({len(seen)})\n{seen[0]}\n" in text
    assert f"… and {len(seen) - 10} more" in text
    skipped = made_up.dirty().health.skipped
    assert f"skipped ({len(skipped)})\n{skipped[0].path}: " in summary(made_up.dirty(), columns=100)


def test_health_lists_every_kind_of_issue() -> None:
    text = health_table(made_up.dirty().health, columns=120)
    for part in (
        "240 readable of 242 files, 2 skipped; the largest class has 4.0 times the photos of the smallest.",
        "cat/broken.jpg: the file ends in the middle of the picture (truncated)",
        "warnings (1)",
        "cat/a.jpg = dog/b.jpg [cat / dog]",
        "test/c.jpg = train/d.jpg [test / train]",
        "cat/burst-3.jpg = …",
    ):
        assert part in text, part


def test_long_lists_are_cut_with_how_many_are_left() -> None:
    health = made_up.dirty().health
    health = replace(health, skipped=health.skipped * 20)
    assert "… and 30 more" in health_table(health, columns=120)


def test_clean_photos_have_a_short_table() -> None:
    text = health_table(made_up.two_classes().health, columns=120)
    assert text.split("\n\n")[1:] == [
        "class  readable  skipped\n-----  --------  -------\ncat         200        0\ndog         200        0\n"
    ]


def test_no_class_means_no_class_table() -> None:
    health = replace(made_up.two_classes().health, class_counts=())
    assert health_table(health, columns=120) == "400 readable of 400 files, 0 skipped.\n"


def test_ways_are_a_table_with_the_kept_one_marked() -> None:
    text = summary(made_up.fine_tuned(), columns=200)
    row = next(line for line in text.split("\n") if line.startswith("fine-tuning (kept)"))
    assert re.split(r"  +", row)[1:] == [
        "93.1 %", "+2.3 points", "+1.1 to +3.5 points", "0.300", "-0.023", "-0.053 to +0.007", "2 min 11 s",
    ]  # fmt: skip
    assert "linear probe (kept)" in summary(made_up.not_tuned(), columns=200)
    assert "kept" not in summary(made_up.two_classes(), columns=200)


def test_the_curve_is_a_line_with_its_forecast() -> None:
    text = summary(made_up.fine_tuned(), columns=300)
    assert "accuracy by photos of each class: 1: 51.0 %, 2: 65.7 %" in text
    assert "28: 87.7 %; 56, expected: about 89 % (87 to 91 %)" in text
    assert "what twice as many would bring can't be said" in summary(made_up.not_tuned(), columns=300)


def test_a_fit_that_diverged_is_told() -> None:
    assert "! Fine-tuning, fold4, went wrong" in summary(made_up.fine_tuned(), columns=200)


def test_a_class_that_was_not_measured_has_no_figures() -> None:
    row = next(line for line in summary(made_up.lone_class(), columns=120).splitlines() if line.startswith("owl"))
    assert row.split() == ["owl", "0", "not", "measured"]


def test_single_photos_are_named_by_check() -> None:
    text = " ".join(health_table(made_up.health(("cat", "dog"), 1), columns=100).split())
    assert "One photo only of 'cat' and 'dog': enough to learn from, too few to also measure on. Add another." in text
    assert "One photo only" not in health_table(made_up.two_classes().health)
