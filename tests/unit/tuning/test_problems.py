import math

import pytest

from enxerto.errors import OptionError
from enxerto.tuning.problems import recipe_problems, require_possible
from enxerto.tuning.recipe import Recipe

PLENTY = {"photos": 100, "classes": 2, "stages": 5}


def only_problem(recipe, **counts):
    (problem,) = recipe_problems(recipe, **{**PLENTY, **counts})
    return problem


def test_the_default_is_possible_for_many_photos_and_for_few():
    for photos, classes in ((100, 2), (2, 2), (37, 37)):
        assert recipe_problems(Recipe(), photos=photos, classes=classes, stages=5) == []
    require_possible(Recipe(), processes=4)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("learning_rate", -1e-3, "a number above 0 or 'find' or None"),
        ("learning_rate", 0.0, "a number above 0"),
        ("learning_rate", math.nan, "a number above 0"),
        ("learning_rate", math.inf, "a number above 0"),
        ("epochs", 0, "a whole number of at least 1"),
        ("batch", 0, "a whole number of at least 1"),
        ("accumulate", 0, "a whole number of at least 1"),
        ("views", 0, "a whole number of at least 1"),
        ("runs", 0, "a whole number of at least 1"),
        ("patience", 0, "a whole number of at least 1 or None"),
        ("stages", -1, "a whole number of at least 0 or None"),
        ("smoothing", 1.0, "a number of at least 0 and below 1"),
        ("dropout", -0.1, "a number of at least 0 and below 1"),
        ("warmup", 1.0, "a number of at least 0 and below 1"),
        ("average", 1.0, "a number of at least 0 and below 1"),
        ("held_out", 0.0, "a number above 0 and at most 0.5"),
        ("held_out", 0.6, "a number above 0 and at most 0.5"),
        ("mixup", -0.2, "a number of at least 0"),
        ("weight_decay", -0.1, "a number of at least 0"),
        ("layer_decay", 0.0, "a number above 0 and at most 1"),
        ("head_rate", 0.0, "a number above 0"),
        ("clip", 0.0, "a number above 0 or None"),
        ("checkpoint_minutes", 0.0, "a number above 0"),
    ],
)
def test_numbers_have_limits(field, value, wanted):
    problem = only_problem(Recipe(**{field: value}))
    assert problem.startswith(f"`{field}` must be {wanted}")
    assert problem.endswith(f"got {value!r}")


@pytest.mark.parametrize(
    ("field", "value", "near"),
    [
        ("optimizer", "adamm", "adam"),
        ("schedule", "cosin", "cosine"),
        ("initialization", "xaver", "xavier"),
        ("batch_norm", "frozn", "frozen"),
        ("scaling", "units", "unit"),
        ("precision", "fp23", "fp32"),
    ],
)
def test_names_have_near_matches(field, value, near):
    problem = only_problem(Recipe(**{field: value}))
    assert problem.startswith(f"unknown {field} {value!r}; did you mean {near}")


@pytest.mark.parametrize(
    ("recipe", "counts", "problem"),
    [
        ({}, {"classes": 1}, "photos of at least 2 classes are needed, got 1"),
        ({}, {"classes": 0, "photos": 0}, "photos of at least 2 classes are needed, got 0"),
        ({"stages": 6}, {}, "`stages` must be at most 5 for this network, got 6"),
        (
            {"batch": 31},
            {"photos": 30},
            "`batch` must be at most 24, the photos to learn from (30 photos less `held_out` 0.2)",
        ),
        ({"batch": 81}, {}, "`batch` must be at most 80, the photos to learn from (100 photos less `held_out` 0.2)"),
        ({"batch": 4, "accumulate": 5}, {}, "`batch` must be at least `accumulate` × processes = 5 × 1 = 5"),
        ({"batch": 8, "accumulate": 3}, {"processes": 3}, "3 × 3 = 9, a photo a piece, got 8"),
        ({"batch_norm": "train"}, {"processes": 2}, "`batch_norm` train works in 1 process only, got 2"),
        (
            {"batch_norm": "train", "batch": 7, "accumulate": 4},
            {},
            "`batch` must be at least 8 with `batch_norm` train",
        ),
        ({"mixup": 0.2, "batch": 1}, {}, "`batch` must be at least 2 with `mixup`, for pairs of photos, got 1"),
    ],
)
def test_knobs_have_to_fit_each_other_and_the_photos(recipe, counts, problem):
    assert problem in only_problem(Recipe(**recipe), **counts)


@pytest.mark.parametrize(
    ("recipe", "counts"),
    [
        ({"stages": 5}, {}),
        ({"stages": None}, {}),
        ({"batch": 80}, {}),
        ({"batch": 90, "held_out": 0.1}, {}),
        ({"batch": 9, "accumulate": 3}, {"processes": 3}),
        ({"batch_norm": "train", "batch": 8, "accumulate": 4}, {}),
        ({"batch": 81}, {"photos": None}),
        ({"stages": 6}, {"stages": None}),
    ],
)
def test_what_just_fits_is_possible(recipe, counts):
    assert recipe_problems(Recipe(**recipe), **{**PLENTY, **counts}) == []


def test_all_problems_are_told_at_once():
    recipe = Recipe(epochs=0, mixup=math.nan, optimizer="adamm", stages=9)
    with pytest.raises(OptionError, match="5 things are wrong:") as caught:
        require_possible(recipe, **{**PLENTY, "classes": 1})
    lines = str(caught.value).splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["`epochs`", "unknown", "`mixup`", "photos", "`stages`"]


def test_problems_found_elsewhere_come_first_and_none_comes_twice():
    with pytest.raises(OptionError, match=r"^unknown trick$"):
        require_possible(Recipe(), others=["unknown trick", "unknown trick"])
    with pytest.raises(OptionError, match="^2 things are wrong:\n- unknown trick\n- `runs` must be"):
        require_possible(Recipe(runs=0), others=["unknown trick"])
