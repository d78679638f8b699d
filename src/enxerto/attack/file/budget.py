"""How large a change may be, from what was typed to grey levels."""

from __future__ import annotations

import math
from fractions import Fraction

from enxerto.attack.norms import NORMS
from enxerto.errors import OptionError, UnknownNameError

_LEVELS = 255
_TOO_LONG = 40


def grey_levels(typed: str, norm: str) -> float:
    """A budget in grey levels; for `l0` in pixels.

    Args:
        typed: in units of the whole range from black to white, as a fraction or a number: `4/255`, `0.5`; for `l0` a
            whole number of pixels.
        norm: one of `NORMS`.

    Raises:
        OptionError: it is no number, not positive, too small for a single grey level, or larger than any change is.
        UnknownNameError: there is no such norm.
    """
    if norm not in NORMS:
        raise UnknownNameError("norm", norm, NORMS)
    value = _number(typed)
    expected = "a whole number of pixels, such as 100" if norm == "l0" else "a fraction or a number, such as 4/255"
    if value is None:
        raise OptionError(f"a budget must be {expected}, got {typed!r}")
    if value <= 0:
        raise OptionError(f"a budget must be positive, got {typed}: nothing could change; take {expected}")
    if norm == "l0":
        if value.denominator != 1:
            raise OptionError(f"an l0 budget must be {expected}, got {typed}")
        return float(value)
    levels = value * _LEVELS
    if levels < 1:
        raise OptionError(
            f"a budget of {typed} is less than one grey level, which no file can hold; the least is 1/255"
        )
    if norm == "linf":
        if levels > _LEVELS:
            raise OptionError(f"an linf budget can't be larger than 255/255, which allows any picture; got {typed}")
        return float(math.floor(levels))
    return float(levels)


def _number(typed: str) -> Fraction | None:
    try:
        return Fraction(typed.strip().replace(" ", "")) if len(typed) <= _TOO_LONG else None
    except (ValueError, ZeroDivisionError):
        return None
