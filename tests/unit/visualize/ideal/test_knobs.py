from __future__ import annotations

from dataclasses import fields

import pytest

from enxerto.errors import UnknownNameError
from enxerto.visualize.ideal.knobs import KNOBS, find_knob, knob_rows, turned
from enxerto.visualize.ideal.recipe import LESSON, RECIPES, ROBUST, IdealRecipe


def test_every_field_of_a_recipe_is_a_knob() -> None:
    assert [knob.field for knob in KNOBS] == [field.name for field in fields(IdealRecipe) if field.name != "name"]
    assert len({knob.name for knob in KNOBS}) == len(KNOBS)


def test_a_knob_is_found_by_either_name() -> None:
    assert find_knob("tv-weight") is find_knob("tv_weight") is find_knob(" tv-weight ")
    assert find_knob("size") is find_knob("size_px")
    with pytest.raises(UnknownNameError, match="unknown knob 'tv-wait'; did you mean tv-weight"):
        find_knob("tv-wait")


def test_texts_become_values_of_the_knobs_kind() -> None:
    problems: list[str] = []
    texts = {"steps": "7", "tv-weight": "1e-3", "anneal": "Off", "crop": "0.3:1", "canvas": "maco"}
    recipe = turned(ROBUST, texts, problems)
    assert problems == []
    assert (recipe.steps, recipe.tv_weight, recipe.anneal, recipe.crop) == (7, 0.001, False, (0.3, 1.0))
    assert (recipe.canvas, recipe.name) == ("maco", "own")
    assert turned(LESSON, {}, problems) is LESSON
    assert turned(LESSON, {"steps": str(LESSON.steps)}, problems).name == "lesson"


def test_everything_wrong_is_collected() -> None:
    problems = ["first"]
    texts = {"steps": "1.5", "tv-weight": "much", "anneal": "maybe", "crop": "1", "stepz": "1"}
    turned(ROBUST, texts, problems)
    assert problems == [
        "first",
        "steps takes a whole number, got '1.5'",
        "tv-weight takes a number, got 'much'",
        "anneal takes on|off, got 'maybe'",
        "crop takes LOW:HIGH, got '1'",
        "unknown knob 'stepz'; did you mean steps?",
    ]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_rows_can_be_typed_again(recipe: IdealRecipe) -> None:
    rows = dict(knob_rows(recipe))
    assert rows.pop("recipe") == recipe.name
    assert list(rows) == [knob.name for knob in KNOBS]
    problems: list[str] = []
    again = turned(ROBUST, rows, problems)
    assert problems == []
    assert all(getattr(again, knob.field) == getattr(recipe, knob.field) for knob in KNOBS)
    assert "steps" not in dict(knob_rows(recipe, without=["steps"]))
