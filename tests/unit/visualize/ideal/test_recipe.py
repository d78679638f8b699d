from __future__ import annotations

import pytest

from enxerto.errors import OptionError, UnknownNameError
from enxerto.visualize.ideal.problems import recipe_problems, require_possible
from enxerto.visualize.ideal.recipe import LESSON, RECIPES, ROBUST, recipe_of


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_that_come_with_it_are_possible(name: str) -> None:
    assert recipe_problems(recipe_of(name)) == []
    assert recipe_of(name).name == name


def test_a_turned_knob_makes_it_ones_own() -> None:
    assert recipe_of("lesson", tv_weight=0.0).name == "own"
    assert recipe_of("lesson", tv_weight=LESSON.tv_weight) is LESSON
    assert recipe_of() is ROBUST


def test_unknown_recipes_and_knobs_have_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="did you mean robust"):
        recipe_of("robus")
    with pytest.raises(UnknownNameError, match="did you mean steps"):
        recipe_of(step=3)


@pytest.mark.parametrize(
    ("knob", "value", "complaint"),
    [
        ("steps", 0, "`steps` must be a whole number from 1 to 100000, got 0"),
        ("steps", True, "`steps` must be a whole number"),
        ("size_px", 16, "`size_px` must be a whole number from 32 to 2048, got 16"),
        ("size_px", 4096, "got 4096"),
        ("canvas", "paper", "unknown canvas 'paper'; known: fourier, maco, pixels"),
        ("tv_weight", -1.0, "`tv_weight` must be a number from 0 to 1e"),
        ("learning_rate", float("nan"), "`learning_rate` must be a number"),
        ("learning_rate", "much", "`learning_rate` must be a number"),
        ("crop", (0.9, 0.5), "`crop` must be the smallest and the largest side"),
        ("crop", (0.5,), "`crop` must be"),
    ],
)
def test_a_bad_value_is_one_clear_line(knob: str, value: object, complaint: str) -> None:
    with pytest.raises(OptionError) as caught:
        require_possible(recipe_of(**{knob: value}), [0])
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_problems_come_at_once() -> None:
    with pytest.raises(OptionError, match=r"(?s)5 things are wrong:\n- no start.*`steps`.*`noise`.*seed"):
        require_possible(recipe_of(steps=0, noise=-1.0), [-1, 2.5], ["no start"])  # type: ignore[list-item]
    with pytest.raises(OptionError, match="at least one seed"):
        require_possible(ROBUST, [])
