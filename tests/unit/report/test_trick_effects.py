import math
from dataclasses import replace

import made_up_reports as made_up
import pytest

from enxerto.evaluation.results import Interval
from enxerto.report.tricks.effects import (
    abouts,
    best_first,
    chance_sentence,
    intervals_sentence,
    seeds_words,
    shown,
    tricks_sentence,
    why_unmeasured,
)


@pytest.mark.parametrize(
    ("interval", "accuracy", "loss"),
    [
        (Interval(0.02, 0.01, 0.03), "helps", "hurts"),
        (Interval(-0.02, -0.03, -0.01), "hurts", "helps"),
        (Interval(0.01, -0.01, 0.03), "not shown", "not shown"),
        (Interval(0.01, 0.0, 0.03), "not shown", "not shown"),
        (Interval(math.nan, math.nan, math.nan), "not shown", "not shown"),
    ],
)
def test_only_an_interval_without_0_shows_something(interval: Interval, accuracy: str, loss: str) -> None:
    assert shown(interval) == accuracy
    assert shown(interval, lower_is_better=True) == loss


def test_equal_accuracies_are_ordered_by_log_loss() -> None:
    worse, better = made_up.effect("a", 0.01, 0.02), made_up.effect("b", 0.01, -0.02)
    assert best_first([worse, better, made_up.effect("c", 0.02, 0.5)])[1:] == (better, worse)


def test_what_was_found_in_a_sentence() -> None:
    contents = made_up.tricks()
    sentence = tricks_sentence(contents).replace("\u00a0", " ")
    assert sentence.startswith("Of 11 settings measured, 2 help accuracy and 3 hurt it beyond noise. mixup=0.2 helps")
    one = replace(contents, effects=contents.effects[:1])
    assert tricks_sentence(one).replace("\u00a0", " ") == (
        "Of 1 setting measured, none help accuracy and none hurt it beyond noise. By log loss, which tells finer "
        "differences, none help and 1 hurts."
    )
    helping = replace(contents, effects=contents.effects[1:2])
    assert "1 helps accuracy and none hurt it" in tricks_sentence(helping)
    assert "allow more minutes" in tricks_sentence(replace(contents, effects=()))


def test_chance_is_counted() -> None:
    contents = made_up.tricks()
    assert "one or none of 11" in chance_sentence(contents).replace("\u00a0", " ")
    many = replace(contents, effects=contents.effects * 4)
    assert "about 2 of 44" in chance_sentence(many).replace("\u00a0", " ")


def test_pairs_of_runs_in_words() -> None:
    effects = made_up.tricks().effects
    assert seeds_words(effects) == "3"
    assert seeds_words([*effects, replace(effects[0], seeds=1), replace(effects[0], seeds=2)]) == "1 to 3"
    assert seeds_words([]) == ""


def test_one_pair_of_runs_says_nothing_of_new_seeds() -> None:
    effects = made_up.tricks().effects
    once = replace(effects[0], seeds=1)
    assert intervals_sentence(effects) == "The intervals hold for new photos and new seeds."
    assert intervals_sentence([once]).startswith(
        "As there was one pair of runs each, the intervals hold for new photos"
    )
    assert intervals_sentence([*effects, once]).startswith("Where there was one pair of runs, the intervals hold")


def test_why_settings_were_left_out() -> None:
    contents = made_up.tricks()
    assert why_unmeasured(contents) == "the time was too short"
    assert why_unmeasured(replace(contents, interrupted=True)) == "the comparison was ended early"


def test_each_trick_is_explained_once() -> None:
    effects = made_up.tricks().effects
    names = [name for name, _ in abouts(effects)]
    assert names == sorted(set(names))
    assert "optimizer" in names
    assert len(names) == len(effects) - 1, "two settings of the optimizer"
