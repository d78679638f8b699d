"""Figures and names in words: one wording for the page, the terminal and every chart.

Percentages carry one decimal and never promise more than was measured: 0.99996 is "> 99.9 %", not "100.0 %". Names of
files and classes come from strangers: control characters become visible, and a name is isolated so that right-to-left
text can't turn the sentence around it.
"""

from __future__ import annotations

import math
import re
import unicodedata

from enxerto.evaluation.results import Interval

NO_BREAK_SPACE = "\u00a0"
EN_DASH, MINUS = "\u2013", "\u2212"
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
UNDEFINED = "not defined"

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)")
_KEPT_FORMATS = frozenset("\u200c\u200d")  # joiners: Persian, the Indic scripts and emoji are misspelled without them
_REPLACEMENT = "\ufffd"


def percent(value: float) -> str:
    """A share as a percentage, e.g. "97.8 %"; "> 99.9 %" and "< 0.1 %" where rounding would claim certainty."""
    if not math.isfinite(value):
        return UNDEFINED
    if 0.9995 <= value < 1.0:
        return f">{NO_BREAK_SPACE}99.9{NO_BREAK_SPACE}%"
    if 0.0 < value < 0.0005:
        return f"<{NO_BREAK_SPACE}0.1{NO_BREAK_SPACE}%"
    return f"{100 * value:.1f}{NO_BREAK_SPACE}%"


def percent_interval(interval: Interval) -> str:
    """The limits of an interval of shares, joined by an en dash, e.g. "95.7-98.9 %".

    Rounding never claims more than was measured: a low limit below 1 is at most 99.9, a high one above 0 at least 0.1.
    """
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return UNDEFINED
    low = 99.9 if 0.9995 <= interval.low < 1.0 else 100 * interval.low
    high = 0.1 if 0.0 < interval.high < 0.0005 else 100 * interval.high
    return f"{low:.1f}{EN_DASH}{high:.1f}{NO_BREAK_SPACE}%"


def percent_with_interval(interval: Interval) -> str:
    """A share with its interval, e.g. "97.8 % (95 % CI 95.7-98.9 %)"."""
    return f"{percent(interval.value)} (95{NO_BREAK_SPACE}% CI {percent_interval(interval)})"


def points(difference: float) -> str:
    """A signed difference between two shares in percentage points, e.g. "+38.0 points"."""
    return f"{bare_points(difference)}{NO_BREAK_SPACE}points"


def bare_points(difference: float) -> str:
    """Likewise without the unit, where a heading says it, e.g. "+38.0"."""
    return _signed(100 * difference, 1) if math.isfinite(difference) else UNDEFINED


def points_interval(interval: Interval) -> str:
    """The limits of a difference in percentage points, e.g. "-1.0 to +4.2 points" with a minus sign."""
    return f"{bare_points(interval.low)} to {points(interval.high)}"


def points_with_interval(interval: Interval) -> str:
    """A difference in percentage points with its interval, e.g. "+0.3 points (95 % CI -0.6 to +1.2 points)"."""
    return f"{points(interval.value)} (95{NO_BREAK_SPACE}% CI {points_interval(interval)})"


def roughly(value: float) -> str:
    """A share without decimals, for what is only expected, e.g. "93 %"; never certainty."""
    return f"{min(max(round(100 * value), 1), 99)}{NO_BREAK_SPACE}%"


def roughly_interval(interval: Interval) -> str:
    """The limits of an expected share, e.g. "90 to 95 %"."""
    return f"{roughly(interval.low).split(NO_BREAK_SPACE)[0]} to {roughly(interval.high)}"


def change(difference: float) -> str:
    """A signed difference of a figure that is no share, with three decimals, e.g. "-0.012" with a minus sign."""
    return _signed(difference, 3) if math.isfinite(difference) else UNDEFINED


def change_interval(interval: Interval) -> str:
    """The limits of such a difference, e.g. "-0.031 to +0.007"."""
    return f"{change(interval.low)} to {change(interval.high)}"


def number(value: float) -> str:
    """A figure that is no share, with three decimals, e.g. "0.071"."""
    return f"{value:.3f}" if math.isfinite(value) else UNDEFINED


def number_interval(interval: Interval) -> str:
    """The limits of a figure that is no share, e.g. "0.050-0.099"."""
    return f"{number(interval.low)}{EN_DASH}{number(interval.high)}"


def grey_levels(radius: float) -> str:
    """A change of pixels in [0, 1], e.g. "2/255"."""
    return f"{255 * radius:.3g}/255"


def times(ratio: float) -> str:
    """How many times larger, e.g. "3.5 times"; an infinite ratio is said in words."""
    return f"{ratio:.1f} times" if math.isfinite(ratio) else "infinitely many times"


def ratio(value: float) -> str:
    """A ratio to one, e.g. "3.5 : 1"."""
    return f"{value:.1f} : 1" if math.isfinite(value) else "∞ : 1"


def count(quantity: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun, e.g. "1 photo", "2,014 photos"."""
    return f"{quantity:,}{NO_BREAK_SPACE}{singular if quantity == 1 else plural or singular + 's'}"


def listing(parts: list[str]) -> str:
    """Parts in a row: "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "none"


def seconds(duration: float) -> str:
    """A duration with a precision that suits its size, e.g. "0.41 s", "12.3 s", "3 min 20 s"."""
    if duration < 99.95:
        return f"{duration:.2f} s" if duration < 9.995 else f"{duration:.1f} s"
    return f"{round(duration) // 60:,} min {round(duration) % 60} s"


def moment(created: str) -> str:
    """An ISO 8601 time in UTC for readers, e.g. "2026-01-31 12:00 UTC"; anything else as it is."""
    found = _MOMENT.fullmatch(created)
    return f"{found[1]} {found[2]} UTC" if found else visible(created)


def visible(name: str) -> str:
    """A name that is safe to show: no terminal escapes, line breaks, control or text-direction characters.

    Control characters become their picture (U+2400 block), anything else that is not text U+FFFD.
    """
    return "".join(_visible_character(character) for character in _ANSI.sub("", name))


def shortened(name: str, limit: int = 64) -> str:
    """A visible name of at most `limit` characters; the middle goes, as the ends of a path say most."""
    name = visible(name)
    if len(name) <= limit:
        return name
    tail = (limit - 1) // 2
    return f"{name[: limit - 1 - tail]}…{name[len(name) - tail :]}"


def isolated(name: str, limit: int = 64) -> str:
    """A shortened name between Unicode isolates, so that its direction can't reach the text around it."""
    return f"{ISOLATE}{shortened(name, limit)}{END_ISOLATE}"


def quoted(name: str, limit: int = 40) -> str:
    """A name as it stands in a sentence: quoted, shortened and isolated."""
    return f"\u2018{isolated(name, limit)}\u2019"


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian wide characters two, combining ones none."""
    return sum(
        0
        if unicodedata.category(character) in {"Mn", "Me", "Cf"}
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _signed(value: float, decimals: int) -> str:
    rounded = round(value, decimals)
    return f"{MINUS if rounded < 0 else '+'}{abs(rounded):.{decimals}f}"


def _visible_character(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if character in _KEPT_FORMATS:
        return character
    return _REPLACEMENT if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} else character
