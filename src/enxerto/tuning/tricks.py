"""The training tricks: each has a name to switch it on or off by, and they can be used together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from enxerto.errors import OptionError, UnknownNameError
from enxerto.tuning.limits import LIMITS, Value, read
from enxerto.tuning.problems import raise_together
from enxerto.tuning.recipe import DEFAULT_STAGES, Recipe


@dataclass(frozen=True)
class Trick:
    """A knob of the recipe that is taught as a trick.

    Attributes:
        name: `name` switches it on, `no-name` off, and `name=value` sets it.
        field: of `Recipe`.
        on: the value that switches it on.
        off: the value that switches it off, or the plainest there is.
        about: what it is, in a sentence.
        settings: what is compared when it is more than on and off, most interesting first.
    """

    name: str
    field: str
    on: Value
    off: Value
    about: str
    settings: tuple[Value, ...] = ()

    @property
    def values(self) -> str:
        """What can be typed after `name=`, in words."""
        return LIMITS[self.field].wanted()

    def typed(self, value: Value) -> str:
        """A value as it is typed: `mixup=0.2`."""
        return f"{self.name}={LIMITS[self.field].text(value)}"

    def default(self, recipe: Recipe) -> str:
        """The recipe's own value as it is typed."""
        return self.typed(self.value(recipe))

    def value(self, recipe: Recipe) -> Value:
        """The recipe's own value."""
        value: Value = getattr(recipe, self.field)
        return value

    def compared(self, recipe: Recipe) -> list[tuple[str, Value]]:
        """What the recipe is compared with: as it is typed, and the value."""
        own = self.value(recipe)
        if self.settings:
            return [(self.typed(value), value) for value in self.settings if value != own]
        return [(f"no-{self.name}", self.off)] if own != self.off else [(self.typed(self.on), self.on)]


TRICKS = (
    Trick("augmentation", "views", 8, 1, "Shows random crops of the photos, flipped and recolored: so many views."),
    Trick("mixup", "mixup", 0.2, 0.0, "Learns from blends of two photos and of their labels."),
    Trick("label-smoothing", "smoothing", 0.1, 0.0, "Asks for less than full certainty of the label."),
    Trick("average", "average", 0.9, 0.0, "Keeps a moving average of the weights, which is steadier than the last."),
    Trick(
        "stages", "stages", DEFAULT_STAGES, 0, "Lets so many of the network's last stages learn, not the head alone.",
        (0, None, 1),
    ),
    Trick("layer-decay", "layer_decay", 0.7, 1.0, "Lets lower layers learn more slowly than upper ones."),
    Trick(
        "optimizer", "optimizer", "adamw", "sgd", "Turns gradients into steps.",
        ("momentum", "sgd", "adam", "nesterov", "rmsprop", "adagrad", "adamw"),
    ),
    Trick(
        "schedule", "schedule", "cosine", "constant", "Lowers the learning rate over time.",
        ("one-cycle", "constant", "step", "exponential", "cosine"),
    ),
    Trick(
        "initialization", "initialization", "solved", "uniform",
        "Starts the new layer from the solved head, or from random weights of a suitable size.",
        ("xavier", "uniform", "he", "normal", "inverse-sqrt", "solved"),
    ),
    Trick(
        "batch-norm", "batch_norm", "frozen-statistics", "frozen",
        "Normalizes inside the network with its own statistics, or with those of each batch.",
        ("train", "frozen", "frozen-statistics"),
    ),
    Trick("learning-rate", "learning_rate", "find", None, "Looks for a learning rate first.", ("find", None)),
    Trick("dropout", "dropout", 0.2, 0.0, "Hides a random share of the features from the head at each step."),
    Trick("feature-noise", "feature_noise", 0.1, 0.0, "Adds noise to the features that the head gets at each step."),
    Trick("weight-decay", "weight_decay", 0.01, 0.0, "Pulls the weights towards zero."),
    Trick("warm-up", "warmup", 0.1, 0.0, "Raises the learning rate slowly at the start."),
    Trick("clip", "clip", 1.0, None, "Shortens gradients that are longer than this."),
    Trick("early-stopping", "patience", 3, None, "Ends a fit that got no better for so many epochs."),
    Trick(
        "input-scaling", "scaling", "backbone", "raw", "Scales pixels as the network was trained on them.",
        ("raw", "unit", "symmetric", "backbone"),
    ),
    Trick("refit", "refit", True, False, "Learns again from all photos, those held out too, up to the best epoch."),
    Trick("soup", "runs", 3, 1, "Averages the weights of several runs as long as that helps."),
    Trick("head-rate", "head_rate", 10.0, 1.0, "Lets the head learn faster than the network."),
)  # fmt: skip
"""In the order that they are compared in, the most interesting first."""


def trick_of(name: str) -> Trick:
    """The trick of a name.

    Raises:
        UnknownNameError: there is none; the message lists near matches.
    """
    for trick in TRICKS:
        if trick.name == name:
            return trick
    raise UnknownNameError("trick", name, [trick.name for trick in TRICKS])


def apply_tricks(recipe: Recipe, settings: Iterable[str]) -> Recipe:
    """The recipe with tricks switched.

    Args:
        recipe: to start from.
        settings: `mixup`, `mixup=0.4`, `no-average`, `optimizer=sgd`, ….

    Raises:
        OptionError: settings are impossible; all of them are listed, one a line.
    """
    changed, problems = read_tricks(recipe, settings)
    raise_together(problems)
    return changed


def read_tricks(recipe: Recipe, settings: Iterable[str]) -> tuple[Recipe, list[str]]:
    """The recipe with tricks switched as far as possible, and what is wrong with the other settings.

    Args:
        recipe: to start from.
        settings: as for `apply_tricks`.
    """
    problems = []
    first: dict[str, str] = {}
    for setting in settings:
        try:
            trick, value = _parsed(setting)
        except OptionError as error:
            problems.append(str(error))
            continue
        if trick.name in first:
            problems.append(f"{trick.name!r} is set twice, by {first[trick.name]!r} and {setting!r}; keep one of them")
        first.setdefault(trick.name, setting)
        recipe = _with(recipe, trick, value)
    return recipe, problems


def _with(recipe: Recipe, trick: Trick, value: Value) -> Recipe:
    changes: dict[str, Any] = {trick.field: value}
    return replace(recipe, **changes)


def _parsed(setting: str) -> tuple[Trick, Value]:
    name, equals, text = (part.strip() for part in setting.partition("="))
    if name.startswith("no-"):
        trick = trick_of(name.removeprefix("no-"))
        if equals:
            raise OptionError(f"{name!r} switches {trick.name} off and takes no value, got {text!r}; leave it out")
        return trick, trick.off
    trick = trick_of(name)
    return trick, read(trick.field, name, text) if equals else trick.on


@dataclass(frozen=True)
class Variant:
    """The default recipe with one trick switched.

    Attributes:
        name: of the trick.
        setting: as it is typed.
        default: what the default recipe has instead, as it is typed.
        about: what the trick is, in a sentence.
        recipe: with the trick switched.
    """

    name: str
    setting: str
    default: str
    about: str
    recipe: Recipe


def variants(recipe: Recipe) -> tuple[Variant, ...]:
    """What to compare a recipe with to see what each trick does: every one off or on, or each of its settings.

    The first setting of every trick comes before the second of any, so that a comparison that has to end early has
    seen the most. Tricks that do nothing in this recipe are left out.

    Args:
        recipe: the default of the comparison.
    """
    idle = _idle(recipe)
    rounds: list[tuple[int, Variant]] = []
    for trick in TRICKS:
        if trick.field in idle:
            continue
        for place, (setting, value) in enumerate(trick.compared(recipe)):
            changed = _with(recipe, trick, value)
            rounds.append((place, Variant(trick.name, setting, trick.default(recipe), trick.about, changed)))
    return tuple(variant for _, variant in sorted(rounds, key=lambda item: item[0]))


def _idle(recipe: Recipe) -> set[str]:
    """Fields that change nothing as the other fields are."""
    idle = set()
    if recipe.schedule == "one-cycle":
        idle.add("warmup")
    if recipe.stages == 0:
        idle |= {"layer_decay", "batch_norm"}
    if recipe.epochs <= (recipe.patience or 0):
        idle.add("patience")
    return idle
