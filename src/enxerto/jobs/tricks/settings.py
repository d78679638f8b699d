"""Which settings of training tricks are worth comparing on a network."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from enxerto.backbones import Backbone
from enxerto.backbones.stages import Stage, stages
from enxerto.errors import OptionError
from enxerto.jobs.training.finetuning import count_stages
from enxerto.tuning import Recipe
from enxerto.tuning.problems import raise_together, recipe_problems
from enxerto.tuning.scaling import rescaled
from enxerto.tuning.tricks import Variant, apply_tricks, trick_of, variants


def compared_settings(recipe: Recipe, asked: Sequence[str], backbone: Backbone, *, classes: int) -> tuple[Variant, ...]:
    """The settings to compare with a recipe: those asked for, or all; without those that change nothing here.

    Args:
        recipe: the default of the comparison.
        asked: names of tricks, for all settings of each, or single settings such as `mixup=0.4`; empty for all.
        backbone: to be tuned.
        classes: of the photos.

    Raises:
        OptionError: the recipe is impossible, or something asked for is, or changes nothing; all problems are listed.
    """
    count = count_stages(backbone)

    def problems_of(one: Recipe) -> list[str]:
        return recipe_problems(one, classes=classes, stages=count)

    problems = problems_of(recipe)
    found: dict[str, Variant] = {}
    for setting in asked:
        try:
            wanted = [each for each in _settings(recipe, setting) if not _idle(each.recipe, recipe, backbone)]
        except OptionError as error:
            problems.append(str(error))
            continue
        possible = {each.setting: each for each in wanted if not problems_of(each.recipe)}
        if not wanted:
            problems.append(f"{setting!r} changes nothing in this recipe on {backbone.name}; leave it out")
        elif not possible:
            problems += problems_of(wanted[0].recipe)
        found.update(possible)
    raise_together(problems)
    if asked:
        return tuple(found.values())
    return tuple(
        each for each in variants(recipe) if not problems_of(each.recipe) and not _idle(each.recipe, recipe, backbone)
    )


def _settings(recipe: Recipe, asked: str) -> list[Variant]:
    """All settings of a trick, or the one that was typed."""
    of_trick = [each for each in variants(recipe) if each.name == asked]
    if of_trick:
        return of_trick
    changed = apply_tricks(recipe, [asked])
    trick = trick_of(asked.partition("=")[0].strip().removeprefix("no-"))
    return [Variant(trick.name, asked, trick.default(recipe), trick.about, changed)]


def _idle(changed: Recipe, recipe: Recipe, backbone: Backbone) -> bool:
    """Whether a recipe does on this network what another one does."""
    if changed == recipe:
        return True
    learning = learning_stages(recipe, backbone)
    if changed.scaling != recipe.scaling:
        scalings = (changed.scaling, recipe.scaling)
        new, old = (rescaled(backbone, scaling).preprocessing for scaling in scalings)
        return new == old
    if changed.stages != recipe.stages:
        return learning_stages(changed, backbone) == learning
    if changed.batch_norm != recipe.batch_norm:
        return not any(_normalizes(backbone, stage) for stage in learning)
    return changed.layer_decay != recipe.layer_decay and len(learning) < 2


def learning_stages(recipe: Recipe, backbone: Backbone) -> tuple[Stage, ...]:
    """The stages of a network that learn, the lowest first."""
    every = stages(backbone.network, backbone.layer)
    return every if recipe.stages is None else every[max(0, len(every) - recipe.stages) :]


def _normalizes(backbone: Backbone, stage: Stage) -> bool:
    """Whether a stage normalizes batches."""
    parts = (backbone.network.get_submodule(name) for name in stage.modules)
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for part in parts for module in part.modules())
