import subprocess
import sys
from dataclasses import fields, replace

import pytest

from enxerto.errors import OptionError, UnknownNameError
from enxerto.tuning.problems import recipe_problems
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.tricks import TRICKS, apply_tricks, read_tricks, trick_of, variants

ALL_ON = Recipe(mixup=0.2, smoothing=0.1, dropout=0.2, runs=3, head_rate=10.0, learning_rate="find")


def test_tricks_are_used_together():
    settings = ["mixup", "label-smoothing=0.05", "no-average", "optimizer=sgd", "schedule=one-cycle", "stages=all"]
    expected = Recipe(mixup=0.2, smoothing=0.05, average=0.0, optimizer="sgd", schedule="one-cycle", stages=None)
    assert apply_tricks(Recipe(), settings) == expected
    assert apply_tricks(Recipe(), []) == Recipe()


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_every_trick_is_switched_on_and_off(trick):
    on = apply_tricks(Recipe(), [trick.name])
    off = apply_tricks(on, [f"no-{trick.name}"])
    assert (trick.value(on), trick.value(off)) == (trick.on, trick.off)
    assert on != off
    assert replace(off, **{trick.field: trick.on}) == on
    assert recipe_problems(on, classes=2, stages=5) == recipe_problems(off, classes=2, stages=5) == []
    assert apply_tricks(off, [trick.typed(trick.on)]) == on
    assert apply_tricks(on, [trick.typed(trick.off)]) == off


def test_tricks_have_names_and_fields_of_their_own():
    assert len({trick.name for trick in TRICKS}) == len({trick.field for trick in TRICKS}) == len(TRICKS)
    assert {trick.field for trick in TRICKS} <= {field.name for field in fields(Recipe)}


def test_what_can_be_typed_is_told():
    assert trick_of("early-stopping").values == "a whole number of at least 1 or none"
    assert trick_of("schedule").values == "constant, exponential, step, cosine, one-cycle"
    assert trick_of("schedule").default(Recipe()) == "schedule=cosine"
    assert trick_of("learning-rate").default(Recipe()) == "learning-rate=auto"


def test_an_unknown_trick_has_near_matches():
    with pytest.raises(UnknownNameError, match="unknown trick 'mixupp'; did you mean mixup"):
        trick_of("mixupp")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("label-smooting", "unknown trick 'label-smooting'; did you mean label-smoothing"),
        ("no-mixupp", "unknown trick 'mixupp'; did you mean mixup"),
        ("no-mixup=0.3", "'no-mixup' switches mixup off and takes no value, got '0.3'; leave it out"),
        ("mixup=lots", "`mixup` must be a number of at least 0, got 'lots'"),
        ("mixup=", "`mixup` must be a number of at least 0, got ''"),
        ("optimizer=adamm", "unknown optimizer 'adamm'; did you mean adam"),
    ],
)
def test_an_impossible_setting_is_told_with_what_would_be_right(setting, message):
    with pytest.raises(OptionError) as caught:
        apply_tricks(Recipe(), [setting])
    assert str(caught.value).startswith(message)


def test_all_problems_of_a_command_line_are_told_at_once():
    settings = ["mixupp", "dropout=2", "no-average", "clip=5", "no-clip"]
    with pytest.raises(OptionError, match="^3 things are wrong:") as caught:
        apply_tricks(Recipe(), settings)
    assert str(caught.value).splitlines()[1:] == [
        "- unknown trick 'mixupp'; did you mean mixup?",
        "- `dropout` must be a number of at least 0 and below 1, got 2.0",
        "- 'clip' is set twice, by 'clip=5' and 'no-clip'; keep one of them",
    ]
    recipe, problems = read_tricks(Recipe(), settings)
    assert recipe.average == 0.0
    assert len(problems) == 3


@pytest.mark.parametrize("recipe", [Recipe(), ALL_ON, Recipe(stages=0, schedule="one-cycle")])
def test_variants_switch_one_trick_each_and_can_be_typed(recipe):
    found = variants(recipe)
    assert len({variant.recipe for variant in found} | {recipe}) == len(found) + 1
    for variant in found:
        changed = [f.name for f in fields(Recipe) if getattr(variant.recipe, f.name) != getattr(recipe, f.name)]
        assert changed == [trick_of(variant.name).field]
        assert apply_tricks(recipe, [variant.setting]) == variant.recipe
        assert apply_tricks(variant.recipe, [variant.default]) == recipe
        assert recipe_problems(variant.recipe, classes=2) == []


def test_variants_of_the_default_see_every_trick_before_any_trick_again():
    found = variants(Recipe())
    assert [variant.name for variant in found[: len(TRICKS)]] == [trick.name for trick in TRICKS]
    settings = [variant.setting for variant in found]
    assert settings[:4] == ["no-augmentation", "mixup=0.2", "label-smoothing=0.1", "no-average"]
    assert {"optimizer=sgd", "optimizer=adagrad", "schedule=constant", "initialization=he", "batch-norm=train"} <= set(
        settings
    )
    assert found[3].default == "average=0.9"
    assert found[1].default == "mixup=0"


def test_tricks_that_are_on_are_compared_with_off():
    assert {"no-mixup", "no-dropout", "no-soup", "learning-rate=auto"} <= {v.setting for v in variants(ALL_ON)}


@pytest.mark.parametrize(
    ("recipe", "idle"),
    [
        (Recipe(schedule="one-cycle"), {"warm-up"}),
        (Recipe(stages=0), {"layer-decay", "batch-norm"}),
        (Recipe(epochs=3), {"early-stopping"}),
    ],
)
def test_tricks_that_do_nothing_are_left_out(recipe, idle):
    assert {trick.name for trick in TRICKS} - {variant.name for variant in variants(recipe)} == idle


def test_listing_tricks_loads_no_torch():
    code = "import sys, enxerto.tuning.tricks; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
