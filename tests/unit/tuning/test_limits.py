from dataclasses import fields

import pytest

from enxerto.errors import OptionError
from enxerto.tuning.limits import LIMITS, read
from enxerto.tuning.recipe import Recipe


def test_every_knob_has_its_limits_and_its_default_lies_within():
    names = [field.name for field in fields(Recipe)]
    assert list(LIMITS) == names
    assert [LIMITS[name].problem(name, getattr(Recipe(), name)) for name in names] == [None] * len(names)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("mixup", "0.4", 0.4),
        ("weight_decay", "0", 0.0),
        ("layer_decay", "1", 1.0),
        ("runs", "3", 3),
        ("stages", "0", 0),
        ("stages", "all", None),
        ("patience", "none", None),
        ("clip", "none", None),
        ("learning_rate", "find", "find"),
        ("learning_rate", "auto", None),
        ("learning_rate", "1e-3", 1e-3),
        ("schedule", "one-cycle", "one-cycle"),
        ("adversarial", "2/255", 2 / 255),
        ("adversarial", "0.5/255", 0.5 / 255),
        ("adversarial", "0.01", 0.01),
        ("adversarial", "0", 0.0),
        ("refit", "on", True),
        ("refit", "off", False),
    ],
)
def test_what_is_typed_is_read_and_written_again(field, text, value):
    assert read(field, "x", text) == value
    assert read(field, "x", LIMITS[field].text(value)) == value


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("mixup", "much", "`x` must be a number of at least 0, got 'much'"),
        ("mixup", "-1", "`x` must be a number of at least 0, got -1.0"),
        ("mixup", "nan", "got nan"),
        ("weight_decay", "inf", "got inf"),
        ("dropout", "1", "`x` must be a number of at least 0 and below 1, got 1.0"),
        ("layer_decay", "0", "`x` must be a number above 0 and at most 1, got 0.0"),
        ("layer_decay", "1.1", "got 1.1"),
        ("runs", "2.5", "`x` must be a whole number of at least 1, got '2.5'"),
        ("stages", "-1", "`x` must be a whole number of at least 0 or all, got -1"),
        ("clip", "0", "`x` must be a number above 0 or none, got 0.0"),
        ("learning_rate", "fast", "`x` must be a number above 0 or find or auto, got 'fast'"),
        ("adversarial", "4", "`x` must be a number of at least 0 and at most 16/255, such as 2/255, got 4.0"),
        ("adversarial", "17/255", "at most 16/255, such as 2/255, got 0.0666"),
        ("adversarial", "-1/255", "got -0.0039"),
        ("adversarial", "2/256", "such as 2/255, got '2/256'"),
        ("adversarial", "photos/cats", "such as 2/255, got 'photos/cats'"),
        ("feature_noise", "11", "`x` must be a number of at least 0 and at most 10, got 11.0"),
        ("refit", "yes", "`x` must be on or off, got 'yes'"),
        ("schedule", "cosinus", "unknown x 'cosinus'; did you mean cosine"),
    ],
)
def test_what_is_impossible_is_told_with_what_would_be_right(field, text, message):
    with pytest.raises(OptionError) as caught:
        read(field, "x", text)
    assert message in str(caught.value)


def test_a_number_of_the_wrong_kind_is_no_number():
    assert LIMITS["epochs"].problem("epochs", 8.0) == "`epochs` must be a whole number of at least 1, got 8.0"
    assert LIMITS["epochs"].problem("epochs", True) == "`epochs` must be a whole number of at least 1, got True"
    assert LIMITS["patience"].problem("patience", "3") == (
        "`patience` must be a whole number of at least 1 or None, got '3'"
    )
    assert (
        LIMITS["average"].problem("average", None) == "`average` must be a number of at least 0 and below 1, got None"
    )


def test_a_switch_is_no_number():
    assert LIMITS["refit"].problem("refit", 1) == "`refit` must be True or False, got 1"
    assert LIMITS["refit"].problem("refit", False) is None


def test_a_radius_is_written_in_grey_levels():
    assert LIMITS["adversarial"].text(4 / 255) == "4/255"
    assert LIMITS["adversarial"].text(0.0) == "0"
