import math

import pytest

from enxerto.evaluation.results import Interval
from enxerto.report import wording

SPACE = "\u00a0"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.978, "97.8 %"),
        (1.0, "100.0 %"),
        (0.99949, "99.9 %"),
        (0.99999, "> 99.9 %"),
        (0.0, "0.0 %"),
        (0.0001, "< 0.1 %"),
        (math.nan, "not defined"),
    ],
)
def test_percentages_never_round_to_certainty(value: float, words: str) -> None:
    assert wording.percent(value).replace(SPACE, " ") == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.957, 0.989, "95.7\u201398.9 %"),
        (0.9996, 0.99999, "99.9\u2013100.0 %"),
        (0.0, 0.0001, "0.0\u20130.1 %"),
        (1.0, 1.0, "100.0\u2013100.0 %"),
        (math.nan, 1.0, "not defined"),
    ],
)
def test_intervals_are_joined_by_an_en_dash(low: float, high: float, words: str) -> None:
    assert wording.percent_interval(Interval(0.5, low, high)).replace(SPACE, " ") == words


def test_differences_carry_their_sign() -> None:
    assert wording.points(0.38).replace(SPACE, " ") == "+38.0 points"
    assert wording.points(-0.012).replace(SPACE, " ") == "\u22121.2 points"
    assert wording.points_interval(Interval(0, -0.01, 0.042)).replace(SPACE, " ") == "\u22121.0 to +4.2 points"


@pytest.mark.parametrize(
    ("duration", "words"), [(0.412, "0.41 s"), (12.34, "12.3 s"), (99.96, "1 min 40 s"), (3725.0, "62 min 5 s")]
)
def test_durations(duration: float, words: str) -> None:
    assert wording.seconds(duration) == words


@pytest.mark.parametrize(
    ("created", "words"),
    [
        ("2026-01-31T12:00:59Z", "2026-01-31 12:00 UTC"),
        ("2026-01-31T12:00:59.123456+00:00", "2026-01-31 12:00 UTC"),
        ("yesterday\n", "yesterday\u240a"),
    ],
)
def test_moments(created: str, words: str) -> None:
    assert wording.moment(created) == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cat", "cat"),
        ("a\nb\x00c\x7f", "a\u240ab\u2400c\u2421"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("\udcff", "\ufffd"),
        ("\x85\u2028", "\ufffd\ufffd"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    ],
)
def test_names_show_no_character_that_acts(name: str, shown: str) -> None:
    assert wording.visible(name) == shown


def test_long_names_lose_their_middle() -> None:
    short = wording.shortened("a" * 200 + "z" * 55, limit=11)
    assert short == "aaaaa…zzzzz"
    assert wording.shortened("x" * 11, limit=11) == "x" * 11


def test_names_in_sentences_are_isolated() -> None:
    assert wording.quoted("\u05e9\u05dc\u05d5\u05dd") == "\u2018\u2068\u05e9\u05dc\u05d5\u05dd\u2069\u2019"


def test_wide_characters_take_two_columns() -> None:
    assert wording.columns_of("图像") == 4
    assert wording.columns_of("e\u0301") == 1


def test_lists_and_counts() -> None:
    assert wording.listing([]) == "none"
    assert wording.listing(["a", "b", "c"]) == "a, b and c"
    assert wording.count(1, "class", "classes") == f"1{SPACE}class"
    assert wording.count(2014, "photo") == f"2,014{SPACE}photos"
    assert wording.times(math.inf) == "infinitely many times"
    assert wording.ratio(math.inf) == "∞ : 1"


def test_differences_come_with_their_interval() -> None:
    words = wording.points_with_interval(Interval(0.003, -0.006, 0.012)).replace(SPACE, " ")
    assert words == "+0.3 points (95 % CI \u22120.6 to +1.2 points)"
    assert wording.bare_points(math.nan) == "not defined"


def test_zero_has_no_minus_sign() -> None:
    assert wording.points(-0.0002) == f"+0.0{SPACE}points"
    assert wording.change(-0.0002) == "+0.000"


def test_changes_of_other_figures() -> None:
    assert wording.change(-0.0123) == "\u22120.012"
    assert wording.change(math.inf) == "not defined"
    assert wording.change_interval(Interval(0, -0.031, 0.007)) == "\u22120.031 to +0.007"


@pytest.mark.parametrize(("value", "words"), [(0.931, "93 %"), (0.999, "99 %"), (1.0, "99 %"), (0.0, "1 %")])
def test_expectations_are_rough_and_never_certain(value: float, words: str) -> None:
    assert wording.roughly(value).replace(SPACE, " ") == words


def test_rough_limits() -> None:
    assert wording.roughly_interval(Interval(0.93, 0.902, 0.949)).replace(SPACE, " ") == "90 to 95 %"
