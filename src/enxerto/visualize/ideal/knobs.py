"""The knobs of a recipe by the names that people type, and their values from text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from enxerto.errors import OptionError, UnknownNameError
from enxerto.visualize.ideal.recipe import CANVASES, OBJECTIVES, OPTIMIZERS, PRECISIONS, IdealRecipe

_ON = {"on": True, "yes": True, "true": True, "1": True, "off": False, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class Knob:
    """A knob of a recipe.

    Attributes:
        name: as it is typed.
        field: of `IdealRecipe`.
        values: what can be typed, in short.
        about: what it does.
    """

    name: str
    field: str
    values: str
    about: str


KNOBS = (
    Knob("canvas", "canvas", "|".join(CANVASES), "What is optimized: pixels, waves, or only the phases of waves."),
    Knob("steps", "steps", "N", "At most."),
    Knob("size", "size_px", "PX", "Side of the image."),
    Knob("objective", "objective", "|".join(OBJECTIVES), "Of a class: what shall be large."),
    Knob("optimizer", "optimizer", "|".join(OPTIMIZERS), "Along the gradient, or to each number its own step."),
    Knob("learning-rate", "learning_rate", "NUMBER", "Size of a step."),
    Knob("anneal", "anneal", "on|off", "Steps grow at the start and shrink towards the end."),
    Knob("contrast", "contrast", "NUMBER", "Of the noise to start from."),
    Knob("decay", "decay", "NUMBER", "How much fine waves are held back: 1 is as in photos, more is smoother."),
    Knob("decorrelate", "decorrelate", "on|off", "Go along the axes in which the colors of photos vary independently."),
    Knob("tv-weight", "tv_weight", "NUMBER", "Weight of total variation: 0 leaves noise alone, more is smoother."),
    Knob("batch-norm", "batch_norm", "NUMBER", "Weight of being like photos to the network's batch normalizations."),
    Knob("crop", "crop", "LOW:HIGH", "Sides of the part that a view shows; 1:1 shows what is seen of a file."),
    Knob("aspect", "aspect", "NUMBER", "Largest width of that part divided by its height."),
    Knob("rotate", "rotate_degrees", "DEGREES", "Largest rotation of a view."),
    Knob("flip", "flip", "SHARE", "How often a view is mirrored."),
    Knob("color", "color", "SHARE", "How much brightness, contrast and saturation of a view vary."),
    Knob("blur", "blur", "SHARE", "How often a view is blurred."),
    Knob("noise", "noise", "NUMBER", "Largest noise added to a view."),
    Knob("views", "views", "N", "Of the image at each step."),
    Knob("coarse", "coarse", "SHARE", "Of the steps in which fine detail is let in little by little."),
    Knob("small", "small", "SHARE", "Of the steps, the first ones, in which the network looks at a smaller size."),
    Knob("thin", "thin", "SHARE", "How often the network goes without one of its residual blocks."),
    Knob("diversity", "diversity", "NUMBER", "How much images of one class are pushed apart."),
    Knob("patience", "patience", "N", "Stop after so many steps without a better value; 0 never does."),
    Knob("frames", "frames", "N", "Of the film, and measured steps."),
    Knob("precision", "precision", "|".join(PRECISIONS), "Of gradients; auto takes bf16 where the CPU has it."),
)


def find_knob(name: str) -> Knob:
    """A knob by its name.

    Raises:
        UnknownNameError: there is none; the message lists near matches.
    """
    wanted = name.strip().replace("_", "-")
    for knob in KNOBS:
        if wanted in (knob.name, knob.field.replace("_", "-")):
            return knob
    raise UnknownNameError("knob", name, [knob.name for knob in KNOBS])


def turned(recipe: IdealRecipe, knobs: Mapping[str, Any], problems: list[str]) -> IdealRecipe:
    """A recipe with knobs turned; its name is `own` where that changes anything.

    Args:
        recipe: to begin with.
        knobs: name to its value, or to the text of it.
        problems: what is wrong with names and texts is added here; what is wrong with values is for `recipe_problems`.
    """
    changes: dict[str, Any] = {}
    for name, text in knobs.items():
        try:
            knob = find_knob(name)
            changes[knob.field] = _value(text, knob, getattr(recipe, knob.field))
        except OptionError as error:
            problems.append(str(error))
    changed = replace(recipe, **changes)
    return recipe if changed == recipe else replace(changed, name="own")


def knob_rows(recipe: IdealRecipe, without: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
    """Every knob with its value as typed, after the recipe's name; but for those whose names are `without`."""
    rows = [(knob.name, _text(getattr(recipe, knob.field))) for knob in KNOBS if knob.name not in without]
    return (("recipe", recipe.name), *rows)


def _value(text: Any, knob: Knob, now: Any) -> Any:
    """A text as a value of the kind that the knob has now; anything else as it is."""
    if not isinstance(text, str):
        return text
    text = text.strip()
    try:
        if isinstance(now, bool):
            return _ON[text.lower()]
        if isinstance(now, tuple):
            low, high = text.split(":")
            return float(low), float(high)
        return type(now)(text)
    except (KeyError, ValueError):
        kind = "a whole number" if type(now) is int else "a number" if type(now) is float else knob.values
        raise OptionError(f"{knob.name} takes {kind}, got {text!r}") from None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ":".join(f"{side:g}" for side in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
