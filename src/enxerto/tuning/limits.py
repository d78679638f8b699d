"""What each knob of a recipe may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from enxerto.errors import OptionError, UnknownNameError
from enxerto.tuning.initialization import INITIALIZATIONS
from enxerto.tuning.optimizers import OPTIMIZERS
from enxerto.tuning.scaling import SCALINGS
from enxerto.tuning.schedules import SCHEDULES

BATCH_NORMS = ("frozen-statistics", "frozen", "train")
PRECISIONS = ("auto", "fp32", "bf16")

Value = float | str | None


@dataclass(frozen=True)
class Choice:
    """One of some names."""

    names: tuple[str, ...]

    def wanted(self) -> str:
        """What is possible, in words."""
        return ", ".join(self.names)

    def problem(self, name: str, value: Any, typed: bool = False) -> str | None:  # noqa: ARG002 - as `Number` has it
        """What is wrong with a value and what would be right; `None` when it is right."""
        return None if value in self.names else str(UnknownNameError(name, str(value), self.names))

    def parse(self, text: str) -> Value:
        """What a text stands for, right or wrong."""
        return text

    def text(self, value: Value) -> str:
        """How a value is typed."""
        return str(value)


@dataclass(frozen=True)
class Number:
    """A number within limits, or a word.

    Attributes:
        range: in words.
        low: the least.
        high: the largest.
        excluded: which of these two it must not be.
        whole: it counts something.
        words: what else can be typed, and the value that it stands for.
        over: it can also be typed as so many over this, as in `2/255`, and is told so; 0 for none.
    """

    range: str
    low: float
    high: float = math.inf
    excluded: tuple[float, ...] = (math.inf,)
    whole: bool = False
    words: tuple[tuple[str, Value], ...] = ()
    over: int = 0

    def wanted(self, typed: bool = True) -> str:
        """What is possible, in words, for someone who types it or who sets the field."""
        others = [word if typed else repr(meant) for word, meant in self.words]
        return " or ".join([f"a {'whole ' * self.whole}number {self.range}", *others])

    def problem(self, name: str, value: Any, typed: bool = False) -> str | None:
        """What is wrong with a value and what would be right; `None` when it is right."""
        if any(value == meant for _, meant in self.words):
            return None
        number = isinstance(value, int) or (isinstance(value, float) and not self.whole)
        if number and not isinstance(value, bool) and self.low <= value <= self.high and value not in self.excluded:
            return None
        return f"`{name}` must be {self.wanted(typed)}, got {value!r}"

    def parse(self, text: str) -> Value:
        """What a text stands for, right or wrong; the text itself where it is no number."""
        words = dict(self.words)
        if text in words:
            return words[text]
        upper, stroke, lower = text.partition("/")
        try:
            if self.over and stroke and int(lower) == self.over:
                return float(upper) / self.over
            return int(text) if self.whole else float(text)
        except ValueError:
            return text

    def text(self, value: Value) -> str:
        """How a value is typed."""
        word = next((word for word, meant in self.words if meant == value), None)
        if word is None and self.over and isinstance(value, float):
            fraction = f"{value * self.over:.12g}/{self.over}"
            word = fraction if value and self.parse(fraction) == value else None
        return word or f"{value:.12g}"


@dataclass(frozen=True)
class Switch:
    """On or off."""

    def wanted(self) -> str:
        """What is possible, in words."""
        return "on or off"

    def problem(self, name: str, value: Any, typed: bool = False) -> str | None:
        """What is wrong with a value and what would be right; `None` when it is right."""
        if isinstance(value, bool):
            return None
        return f"`{name}` must be {self.wanted() if typed else 'True or False'}, got {value!r}"

    def parse(self, text: str) -> Value:
        """What a text stands for, right or wrong; the text itself where it is neither word."""
        return {"on": True, "off": False}.get(text, text)

    def text(self, value: Value) -> str:
        """How a value is typed."""
        return "on" if value else "off"


_SHARE = Number("of at least 0 and below 1", 0, 1, (1,))
_COUNT = Number("of at least 1", 1, whole=True)
_NOT_NEGATIVE = Number("of at least 0", 0)
GREY_LEVELS = 255
LARGEST_RADIUS = 16
"""In grey levels; a change so large is plain to see, and few networks withstand it."""
_POSITIVE = Number("above 0", 0, excluded=(0, math.inf))

LIMITS: dict[str, Choice | Number | Switch] = {
    "stages": Number("of at least 0", 0, whole=True, words=(("all", None),)),
    "epochs": _COUNT,
    "batch": _COUNT,
    "accumulate": _COUNT,
    "views": _COUNT,
    "optimizer": Choice(tuple(OPTIMIZERS)),
    "learning_rate": Number("above 0", 0, excluded=(0, math.inf), words=(("find", "find"), ("auto", None))),
    "head_rate": _POSITIVE,
    "layer_decay": Number("above 0 and at most 1", 0, 1, (0,)),
    "schedule": Choice(SCHEDULES),
    "warmup": _SHARE,
    "weight_decay": _NOT_NEGATIVE,
    "clip": Number("above 0", 0, excluded=(0, math.inf), words=(("none", None),)),
    "smoothing": _SHARE,
    "mixup": _NOT_NEGATIVE,
    "dropout": _SHARE,
    "feature_noise": Number("of at least 0 and at most 10", 0, 10),
    "adversarial": Number(
        f"of at least 0 and at most {LARGEST_RADIUS}/{GREY_LEVELS}, such as 2/{GREY_LEVELS}",
        0,
        LARGEST_RADIUS / GREY_LEVELS,
        over=GREY_LEVELS,
    ),
    "average": _SHARE,
    "runs": _COUNT,
    "patience": Number("of at least 1", 1, whole=True, words=(("none", None),)),
    "held_out": Number("above 0 and at most 0.5", 0, 0.5, (0,)),
    "refit": Switch(),
    "initialization": Choice(INITIALIZATIONS),
    "batch_norm": Choice(BATCH_NORMS),
    "scaling": Choice(tuple(SCALINGS)),
    "precision": Choice(PRECISIONS),
    "checkpoint_minutes": _POSITIVE,
}
"""Of every field of `Recipe`."""


def read(field: str, name: str, text: str) -> Value:
    """The value that a text stands for.

    Args:
        field: of `Recipe`.
        name: what the reader knows it by.
        text: as it was typed.

    Raises:
        OptionError: no such value is possible; the message says which are.
    """
    value = LIMITS[field].parse(text)
    problem = LIMITS[field].problem(name, value, typed=True)
    if problem is not None:
        raise OptionError(problem)
    return value
