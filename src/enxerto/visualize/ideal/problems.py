"""Recipes that can't work are refused at once, with everything that is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from enxerto.errors import OptionError, UnknownNameError
from enxerto.visualize.ideal.recipe import CANVASES, OBJECTIVES, OPTIMIZERS, PRECISIONS, IdealRecipe

SMALLEST_PX, LARGEST_PX = 32, 2048

_CHOICES = {"canvas": CANVASES, "objective": OBJECTIVES, "optimizer": OPTIMIZERS, "precision": PRECISIONS}
_WHOLE = {
    "steps": (1, 100_000),
    "size_px": (SMALLEST_PX, LARGEST_PX),
    "views": (1, 64),
    "patience": (0, 100_000),
    "frames": (1, 1000),
}
_NUMBERS = {
    "learning_rate": (1e-9, 1e6),
    "contrast": (0, 1),
    "decay": (0, 4),
    "tv_weight": (0, 1e6),
    "batch_norm": (0, 1e6),
    "aspect": (1, 4),
    "rotate_degrees": (0, 180),
    "flip": (0, 1),
    "color": (0, 0.9),
    "blur": (0, 1),
    "noise": (0, 1),
    "coarse": (0, 1),
    "small": (0, 1),
    "thin": (0, 0.5),
    "diversity": (0, 1e6),
}
_CROP = (0.02, 4.0)


def require_possible(recipe: IdealRecipe, seeds: Sequence[int], others: Iterable[str] = ()) -> None:
    """Raise one error that lists every problem.

    Args:
        recipe: to be checked.
        seeds: to be checked, too.
        others: problems that were found elsewhere, to be listed first.

    Raises:
        OptionError: the one problem, or all of them, one a line.
    """
    found = [*others, *recipe_problems(recipe), *_seed_problems(seeds)]
    if len(found) == 1:
        raise OptionError(found[0])
    if found:
        raise OptionError("\n- ".join([f"{len(found)} things are wrong:", *found]))


def recipe_problems(recipe: IdealRecipe) -> list[str]:
    """What is wrong with a recipe and what would be right, a sentence each; empty when it can work."""
    found = []
    for name, names in _CHOICES.items():
        value = getattr(recipe, name)
        if value not in names:
            found.append(f"`{name}`: {UnknownNameError(name, str(value), names)}")
    for name, (low, high) in {**_WHOLE, **_NUMBERS}.items():
        value = getattr(recipe, name)
        whole = name in _WHOLE
        if not (_is_number(value, whole) and low <= value <= high):
            found.append(f"`{name}` must be a {'whole ' * whole}number from {low:g} to {high:g}, got {value!r}")
    low, high = _CROP
    crop = recipe.crop
    if len(crop) != 2 or not all(_is_number(side, False) for side in crop) or not low <= crop[0] <= crop[1] <= high:
        found.append(f"`crop` must be the smallest and the largest side, from {low:g} to {high:g}, got {crop}")
    if recipe.batch_norm and recipe.objective in OBJECTIVES[1:]:
        found.append(f"`batch_norm` works with the objective logit, got {recipe.objective}; set `batch_norm` to 0")
    return found


def _is_number(value: Any, whole: bool) -> bool:
    kinds = (int,) if whole else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def _seed_problems(seeds: Sequence[int]) -> list[str]:
    if not seeds:
        return ["at least one seed is needed, got none"]
    return [f"a seed must be a whole number from 0, got {seed!r}" for seed in seeds if not _is_seed(seed)]


def _is_seed(seed: Any) -> bool:
    return isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0
