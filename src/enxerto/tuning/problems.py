"""Recipes that can't work are refused at once, with everything that is wrong with them, before a photo is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from enxerto.errors import OptionError
from enxerto.tuning.limits import LIMITS
from enxerto.tuning.recipe import Recipe


def require_possible(
    recipe: Recipe,
    *,
    photos: int | None = None,
    classes: int | None = None,
    processes: int = 1,
    stages: int | None = None,
    others: Iterable[str] = (),
) -> None:
    """Raise one error that lists every problem.

    Args:
        recipe: to be checked.
        photos: that there are to learn from, those held out included; `None` where that isn't known.
        classes: that they belong to.
        processes: that share the work.
        stages: that the network has.
        others: problems that were found elsewhere, to be listed first.

    Raises:
        OptionError: there are problems; one a line.
    """
    found = recipe_problems(recipe, photos=photos, classes=classes, processes=processes, stages=stages)
    raise_together([*others, *found])


def raise_together(problems: Iterable[str]) -> None:
    """Raise an error when there are problems.

    Raises:
        OptionError: the one problem, or all of them, one a line.
    """
    listed = list(dict.fromkeys(problems))
    if len(listed) == 1:
        raise OptionError(listed[0])
    if listed:
        raise OptionError("\n- ".join([f"{len(listed)} things are wrong:", *listed]))


def recipe_problems(
    recipe: Recipe,
    *,
    photos: int | None = None,
    classes: int | None = None,
    processes: int = 1,
    stages: int | None = None,
) -> list[str]:
    """What is wrong with a recipe and what would be right, a sentence each; empty when it can work.

    The default batch is never too large: where there are fewer photos, all of them are one batch.

    Args:
        recipe: to be checked.
        photos: that there are to learn from, those held out included; `None` where that isn't known.
        classes: that they belong to.
        processes: that share the work.
        stages: that the network has.
    """
    wrong = {}
    for field in fields(Recipe):
        problem = LIMITS[field.name].problem(field.name, getattr(recipe, field.name))
        if problem is not None:
            wrong[field.name] = problem
    found = list(wrong.values())
    if classes is not None and classes < 2:
        found.append(f"photos of at least 2 classes are needed, got {classes}; put each class into a folder of its own")
    if "stages" not in wrong and stages is not None and recipe.stages is not None and recipe.stages > stages:
        found.append(
            f"`stages` must be at most {stages} for this network, got {recipe.stages}; `all` takes all of them"
        )
    if not wrong.keys() & {"batch", "accumulate"}:
        found += _batch_problems(recipe, processes, mixes="mixup" not in wrong and recipe.mixup > 0)
    if photos is not None and not wrong.keys() & {"batch", "held_out"}:
        learned = photos - int(photos * recipe.held_out)
        if recipe.batch > learned and recipe.batch != Recipe.batch:
            of_all = f"{photos} photos less `held_out` {recipe.held_out:g}"
            found.append(f"`batch` must be at most {learned}, the photos to learn from ({of_all}), got {recipe.batch}")
    return found


def _batch_problems(recipe: Recipe, processes: int, mixes: bool) -> list[str]:
    """Of how a batch is shared out."""
    found = []
    pieces = recipe.accumulate * processes
    if pieces > recipe.batch:
        shared = f"`accumulate` × processes = {recipe.accumulate} × {processes}"
        found.append(f"`batch` must be at least {shared} = {pieces}, a photo a piece, got {recipe.batch}")
    if recipe.batch_norm == "train":
        if processes > 1:
            found.append(
                f"`batch_norm` train works in 1 process only, got {processes}, as each would see its own part of the "
                "batch; take frozen-statistics"
            )
        elif recipe.batch < 2 * recipe.accumulate:
            found.append(
                f"`batch` must be at least {2 * recipe.accumulate} with `batch_norm` train, 2 photos a piece, got "
                f"{recipe.batch}; or take frozen-statistics"
            )
    if mixes and recipe.batch < 2:
        found.append(f"`batch` must be at least 2 with `mixup`, for pairs of photos, got {recipe.batch}")
    return found
