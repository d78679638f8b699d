"""What ideal images were asked for: by which networks, of what, from which seed, with which recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from enxerto.backbones.imagenet import imagenet_classes, imagenet_synonyms
from enxerto.classifier.class_choice import class_index
from enxerto.errors import OptionError
from enxerto.jobs.imagining.names import file_names
from enxerto.visualize.ideal.knobs import turned
from enxerto.visualize.ideal.objective import Channel
from enxerto.visualize.ideal.problems import recipe_problems
from enxerto.visualize.ideal.recipe import IdealRecipe


@dataclass(frozen=True)
class Wanted:
    """What an image shall show.

    Attributes:
        words: the class by its name, or layer and channel in words.
        target: index of the class, or the channel.
    """

    words: str
    target: int | Channel

    @property
    def index(self) -> int | None:
        """Of the class; `None` where no class is wanted."""
        return self.target if isinstance(self.target, int) else None


@dataclass(frozen=True)
class Order:
    """One image that was asked for.

    Attributes:
        name: of its file, without ending.
        group: place of the makers among the groups.
        wanted: what it shall show.
        seed: of everything random.
        variation: which value of the varied knob it has, in words; empty where nothing is varied.
        recipe: how to make it.
    """

    name: str
    group: int
    wanted: Wanted
    seed: int
    variation: str
    recipe: IdealRecipe


def wanted_classes(typed: Sequence[str | int], classes: Sequence[str], problems: list[str]) -> list[Wanted]:
    """The classes that names and indices mean, each once; what is wrong is added to `problems`."""
    synonyms = imagenet_synonyms() if classes == imagenet_classes() else ()
    found: dict[int, Wanted] = {}
    for each in typed:
        try:
            index = class_index(str(each), classes, synonyms)
        except OptionError as error:
            problems.append(str(error))
        else:
            found[index] = Wanted(classes[index], index)
    return list(found.values())


def wanted_channels(layer: str, channels: Sequence[int]) -> list[Wanted]:
    """Channels of a layer, each once."""
    return [Wanted(f"{layer}, channel {channel}", Channel(layer, channel)) for channel in dict.fromkeys(channels)]


def variations(
    recipe: IdealRecipe, vary: tuple[str, Sequence[str]] | None, problems: list[str]
) -> list[tuple[str, IdealRecipe]]:
    """The recipe with each value of the varied knob, and that value in words; what is wrong is added to `problems`."""
    if vary is None:
        return [("", recipe)]
    name, values = vary
    if not values:
        problems.append(f"vary {name} needs at least one value, as in {name}=0,1")
    found: dict[str, IdealRecipe] = {}
    for value in values:
        wrong: list[str] = []
        changed = turned(recipe, {name: value}, wrong)
        problems += wrong or recipe_problems(changed)
        found.setdefault(f"{name} {value.strip()}", changed)
    return list(found.items())


def orders_of(
    groups: Sequence[str], wanted: Sequence[Wanted], seeds: Sequence[int], recipes: Sequence[tuple[str, IdealRecipe]]
) -> tuple[Order, ...]:
    """Every image: group by group, target by target, seed by seed, value by value.

    Args:
        groups: names of the groups of makers.
        wanted: what images shall show.
        seeds: of each.
        recipes: as `variations` gives them.
    """
    every = list(product(range(len(groups)), wanted, seeds, recipes))
    parts = [
        (each.words, str(seed), variation, groups[group] if len(groups) > 1 else "")
        for group, each, seed, (variation, _) in every
    ]
    names = file_names(parts, [each.index for _, each, _, _ in every])
    return tuple(
        Order(name, group, each, seed, variation, recipe)
        for name, (group, each, seed, (variation, recipe)) in zip(names, every, strict=True)
    )


def batches(orders: Sequence[Order], most: int) -> Iterator[list[Order]]:
    """Orders that are made in one call: of the same makers and recipe, every target with the same seeds.

    Args:
        orders: as `orders_of` gives them.
        most: images a call; more only where diversity needs all images of a target together.
    """
    by_call: dict[tuple[int, str], list[Order]] = {}
    for order in orders:
        by_call.setdefault((order.group, order.variation), []).append(order)
    for together in by_call.values():
        seeds = len({order.seed for order in together})
        if seeds <= most or together[0].recipe.diversity:
            size = max(1, most // seeds) * seeds
            yield from (together[start : start + size] for start in range(0, len(together), size))
        else:
            for target in range(0, len(together), seeds):
                of_target = together[target : target + seeds]
                yield from (of_target[start : start + most] for start in range(0, seeds, most))
