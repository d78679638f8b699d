from __future__ import annotations

import pytest

from enxerto.attack.file.budget import grey_levels
from enxerto.errors import OptionError, UnknownNameError


@pytest.mark.parametrize(
    ("typed", "norm", "levels"),
    [("4/255", "linf", 4), ("1/255", "linf", 1), ("0.5", "linf", 127), ("255/255", "linf", 255), ("2", "l2", 510),
     (" 3 / 255 ", "l1", 3), ("100", "l0", 100)],
)  # fmt: skip
def test_a_budget_becomes_grey_levels(typed: str, norm: str, levels: float) -> None:
    assert grey_levels(typed, norm) == levels


@pytest.mark.parametrize(
    ("typed", "norm", "message"),
    [
        ("four", "linf", "must be a fraction or a number, such as 4/255, got 'four'"),
        ("4/0", "linf", "must be a fraction or a number"),
        ("nan", "l2", "must be a fraction or a number"),
        ("9" * 50, "l2", "must be a fraction or a number"),
        ("0", "linf", "must be positive, got 0"),
        ("-1/255", "linf", "must be positive, got -1/255"),
        ("0.5/255", "linf", "must be a fraction or a number"),
        ("1/256", "linf", "less than one grey level"),
        ("256/255", "linf", "can't be larger than 255/255"),
        ("2.5", "l0", "an l0 budget must be a whole number of pixels"),
    ],
)
def test_an_impossible_budget_is_refused(typed: str, norm: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        grey_levels(typed, norm)


def test_an_unknown_norm_lists_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown norm 'l3'; did you mean"):
        grey_levels("1", "l3")
