"""What an ideal image is ideal for: a class, a channel of a layer, or a direction in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import CLASSES, Backbone
from enxerto.backbones.imagenet import imagenet_classes, imagenet_synonyms
from enxerto.backbones.moments import normalizations
from enxerto.backbones.thinning import residual_blocks
from enxerto.classifier import Classifier
from enxerto.classifier.class_choice import class_index
from enxerto.engines import (
    ClassLogit,
    CrossEntropy,
    Engine,
    HeadArrays,
    Margin,
    Objective,
    has_native_bf16,
    open_engine,
)
from enxerto.errors import OptionError, UnknownNameError
from enxerto.types import Images, Pixels
from enxerto.visualize.ideal.statistics import measured, with_distance

REDUCED = 5 / 8
"""Of a network's size, for views that cost less than half."""
THINNED, DRAWS = 5, 100
"""Networks without some blocks, at most, and how often they are drawn, as some draws are the same."""

_ENGINE_OBJECTIVES: dict[str, tuple[Objective, float]] = {
    "logit": (ClassLogit(), 1.0),
    "log-probability": (CrossEntropy(), -1.0),
    "margin": (Margin(), -1.0),
}


@dataclass(frozen=True)
class Channel:
    """A channel of a layer, averaged over the image.

    Attributes:
        layer: name of a module of the network.
        channel: index, from 0.
    """

    layer: str
    channel: int


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction in the channels of a layer, averaged over the image.

    Attributes:
        layer: name of a module of the network.
        weights: one number a channel.
        name: what it is called.
    """

    layer: str
    weights: NDArray[np.float32]
    name: str = "direction"


Target = str | int | Channel | Direction
"""A class by name or index, a channel, or a direction."""


@dataclass(frozen=True, eq=False)
class Source:
    """What answers, and what gives gradients; shared by all targets, as each engine has a network of its own.

    Attributes:
        engine: the network with the head that answers.
        batch_norm: weight of the distance to the statistics of the batch normalizations; 0 where it has none.
        thin: how often a residual block is left out, a mean over blocks.
        precision: of the gradients.
    """

    engine: Engine
    batch_norm: float = 0.0
    thin: float = 0.0
    precision: str = "fp32"

    @cached_property
    def full(self) -> tuple[Engine, ...]:
        """What gives gradients, in turn: the network, and thinned ones; with the distance where that has a weight."""
        backbone = self.engine.backbone
        thinned = [replace(backbone, without=without) for without in thinnings(backbone, self.thin)]
        return (self._asked(backbone), *(self._asked(one) for one in thinned))

    @cached_property
    def reduced(self) -> tuple[Engine, ...]:
        """As `full`, for smaller views; the same where the architecture takes one size only."""
        if hasattr(self.engine.backbone.network, "patch_embed"):
            return self.full
        return tuple(_reduced(engine) for engine in self.full)

    def _asked(self, backbone: Backbone) -> Engine:
        """A network with what gives its gradient."""
        whole = backbone is self.engine.backbone
        if whole and not self.batch_norm and self.precision == self.engine.precision:
            return self.engine
        if not self.batch_norm:
            return self._open(backbone, self.engine.head)
        head = self.engine.head
        if head is None:
            backbone = replace(backbone, layer=CLASSES)
            classes: Any = self.engine.backbone.network.num_classes
            head = _identity(int(classes))
        return self._open(measured(backbone), with_distance(head))

    def _open(self, backbone: Backbone, head: HeadArrays | None) -> Engine:
        return open_engine(backbone, head=head, device=self.engine.device, precision=self.precision)


def thinnings(backbone: Backbone, thin: float) -> list[tuple[str, ...]]:
    """Which residual blocks each thinned network goes without; no two are the same, and none is the whole network.

    A block is the more likely to be left out the later it comes, as in training (Huang et al. 2016, section 3.2,
    arXiv:1603.09382). A layer that features come from stays.
    """
    if not thin:
        return []
    blocks = residual_blocks(backbone.network, backbone.preprocessing.size_px)
    blocks = tuple(name for name in blocks if not f"{backbone.layer}.".startswith(f"{name}."))
    rates = 2 * thin * np.arange(1, len(blocks) + 1) / max(1, len(blocks))
    drawn = np.random.default_rng(0).random((DRAWS, len(blocks))) < rates
    found = dict.fromkeys(tuple(name for name, out in zip(blocks, row, strict=True) if out) for row in drawn)
    return [without for without in found if without][:THINNED]


def _reduced(engine: Engine) -> Engine:
    backbone = engine.backbone
    looks = backbone.preprocessing
    smaller = replace(looks, size_px=max(32, round(looks.size_px * REDUCED / 32) * 32))
    entry = replace(backbone.entry, preprocessing=smaller)
    return open_engine(
        replace(backbone, entry=entry), head=engine.head, device=engine.device, precision=engine.precision
    )


@dataclass(frozen=True, eq=False)
class Asked:
    """One network and what is asked of it.

    Attributes:
        source: the network.
        weights: over its classes or channels, float32, shape (1, classes).
        objective: of its logits and these weights.
        sign: 1 where that shall grow, else -1.
    """

    source: Source
    weights: NDArray[np.float32]
    objective: Objective
    sign: float

    def gradient(self, pixels: Pixels, reduced: bool = False, turn: float = 0.0) -> Pixels:
        """Of what shall grow, with respect to the pixels of each view.

        Args:
            pixels: the views.
            reduced: they are small ones.
            turn: in [0, 1): whose turn it is, of the network and its thinned ones.
        """
        weights, batch_norm = self.weights, self.source.batch_norm
        if batch_norm:
            weights = np.append(weights, np.full((1, 1), -batch_norm, dtype=np.float32), axis=1)
        engines = self.source.reduced if reduced else self.source.full
        engine = engines[int(turn * len(engines))]
        found = engine.input_gradient(pixels, np.repeat(weights, len(pixels), axis=0), self.objective)
        return self.sign * found.gradient

    def size_px(self, reduced: bool = False) -> int:
        """Side of the views."""
        return (self.source.reduced[0] if reduced else self.source.engine).backbone.preprocessing.size_px

    def answer(self, image: Images, is_class: bool) -> tuple[float, float | None]:
        """What shall grow, and the probability of the class, for an image as it would be saved."""
        import torch

        engine = self.source.engine
        logits = torch.from_numpy(engine.logits(engine.backbone.preprocessing.image(image)[None]))
        weights = torch.from_numpy(self.weights).double()
        value = self.sign * float(self.objective(logits, weights))
        return value, float((logits.softmax(1) * weights).sum()) if is_class else None


@dataclass(frozen=True, eq=False)
class Aim:
    """A target, resolved.

    Attributes:
        name: the class, or layer and channel, in words.
        index: of the class; `None` where the target is no class.
        asked: of each network.
    """

    name: str
    index: int | None
    asked: tuple[Asked, ...]

    def answer(self, image: Images) -> tuple[float, float | None]:
        """Mean over the networks of what shall grow, and of the class's probability."""
        answers = [asked.answer(image, self.index is not None) for asked in self.asked]
        value = float(np.mean([value for value, _ in answers]))
        sure = [probability for _, probability in answers if probability is not None]
        return value, float(np.mean(sure)) if sure else None


def aims_of(
    classifiers: Sequence[Classifier],
    targets: Sequence[Target],
    objective: str,
    batch_norm: float = 0.0,
    thin: float = 0.0,
    precision: str = "fp32",
) -> list[Aim]:
    """Resolve targets.

    Args:
        classifiers: whom to ask.
        targets: what for.
        objective: of classes.
        batch_norm: weight of the distance to the statistics of batch normalizations, where there are any.
        thin: how often a residual block is left out, where there are any.
        precision: of gradients, as `IdealRecipe` has it.

    Raises:
        UnknownNameError: a class or layer that isn't there; the message lists near matches.
        OptionError: no classifier or target, classifiers of other classes, a channel beyond the last one, or a layer
            of several networks at once.
    """
    if not classifiers:
        raise OptionError("at least one classifier is needed, got none")
    if not targets:
        raise OptionError("at least one target is needed, got none")
    odd = next((other for other in classifiers if other.classes != classifiers[0].classes), None)
    if odd is not None:
        raise OptionError(
            f"classifiers that work together must have the same classes, but {odd.backbone.name} has others than "
            f"{classifiers[0].backbone.name}"
        )
    sources = [_source(classifier.engine, batch_norm, thin, precision) for classifier in classifiers]
    layers: dict[str, Source] = {}
    aims = []
    for target in targets:
        if isinstance(target, Channel | Direction):
            if target.layer not in layers:
                layers[target.layer] = _source(_layer_engine(classifiers, target.layer), batch_norm, thin, precision)
            aims.append(_layer_aim(layers[target.layer], target))
        else:
            aims.append(_class_aim(sources, classifiers[0].classes, target, objective))
    return aims


def gradient_precision(engine: Engine, precision: str) -> str:
    """What a recipe's precision means for an engine: `fp32` or `bf16`."""
    if precision != "auto":
        return precision
    return "bf16" if engine.name == "openvino" and has_native_bf16() else "fp32"


def _source(engine: Engine, batch_norm: float, thin: float, precision: str) -> Source:
    """What an engine's gradients come from: the same at every call, as its networks take seconds to compile."""
    precision = gradient_precision(engine, precision)
    source = Source(engine, batch_norm if normalizations(engine.backbone.network) else 0.0, thin, precision)
    kept: Source = engine.companions.setdefault((Source, source.batch_norm, thin, precision), source)
    return kept


def _class_aim(sources: Sequence[Source], classes: Sequence[str], target: str | int, objective: str) -> Aim:
    synonyms = imagenet_synonyms() if tuple(classes) == imagenet_classes() else ()
    index = class_index(target, classes, synonyms) if isinstance(target, str) else _checked(target, len(classes))
    weights = np.eye(len(classes), dtype=np.float32)[index : index + 1]
    engine_objective, sign = _ENGINE_OBJECTIVES[objective]
    return Aim(classes[index], index, tuple(Asked(source, weights, engine_objective, sign) for source in sources))


def _layer_engine(classifiers: Sequence[Classifier], layer: str) -> Engine:
    """The averages of a layer's channels, as an engine's logits; the same at every call."""
    if len(classifiers) > 1:
        raise OptionError(f"a layer belongs to one network, got {len(classifiers)} networks; name one")
    whole = classifiers[0].backbone
    modules = [name for name, _ in whole.network.named_modules() if name]
    if layer not in modules:
        raise UnknownNameError("layer", layer, modules)
    companions = classifiers[0].engine.companions
    if ("layer", layer) not in companions:
        backbone = replace(whole, layer=layer, pooling="average")
        head = _identity(_channels(backbone))
        companions["layer", layer] = open_engine(backbone, head=head, device=classifiers[0].device)
    kept: Engine = companions["layer", layer]
    return kept


def _layer_aim(source: Source, target: Channel | Direction) -> Aim:
    assert source.engine.head is not None
    channels = len(source.engine.head.bias)
    if isinstance(target, Channel):
        name = f"{target.layer}, channel {target.channel}"
        direction = np.eye(channels, dtype=np.float32)[_checked(target.channel, channels, f"{target.layer}'s channels")]
    else:
        name = f"{target.layer}, {target.name}"
        direction = np.asarray(target.weights, dtype=np.float32)
        if direction.shape != (channels,):
            raise OptionError(f"a direction in {target.layer} needs {channels} weights, got shape {direction.shape}")
    return Aim(name, None, (Asked(source, direction[None], ClassLogit(), 1.0),))


def _identity(count: int) -> HeadArrays:
    return HeadArrays(np.eye(count, dtype=np.float32), np.zeros(count, dtype=np.float32))


def _channels(backbone: Backbone) -> int:
    import torch

    side = backbone.preprocessing.size_px
    network = backbone.feature_network()  # built outside of inference mode, as gradients go through it later
    with torch.inference_mode():
        return int(network(torch.zeros(1, 3, side, side)).shape[1])


def _checked(index: int, count: int, what: str = "classes") -> int:
    if not 0 <= index < count:
        raise OptionError(f"an index of {what} goes from 0 to {count - 1}, got {index}")
    return index
