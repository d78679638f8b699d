"""The layers of any network whose output can be drawn as maps, and which of them to draw unless others are asked for.

A network without memory for its weights is run once; what each module gives, and in which order, says the rest.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from enxerto.backbones import Entry
from enxerto.backbones.stages import is_last
from enxerto.errors import OptionError, UnknownNameError

CHANNELS_FIRST, CHANNELS_LAST, TOKENS = "channels first", "channels last", "tokens"
MOST_DEFAULTS = 24
GATE = "Hardswish"
CAPS = {"ReLU6": 6.0, GATE: 3.0, "Sigmoid": 1.0, "Hardsigmoid": 1.0, "Tanh": 1.0}
"""Where an activation function gives no more; hard-swish has no such place, but one where its gate is wide open."""
RECTIFIERS = frozenset({"ReLU", "ReLU6", "SiLU", "Swish", "GELU", "GELUTanh", "QuickGELU", "Hardswish", "Mish"})
"""Activation functions that let pass what is above zero and hold back the rest."""

_ACTIVATIONS = RECTIFIERS | CAPS.keys()
_PASSIVE = frozenset({"Identity", "Dropout", "Dropout2d", "DropPath", "PatchDropout", "Flatten", "DropBlock2d"})
_POOLS = re.compile(r"(Adaptive)?(Max|Avg)Pool2d(Same)?|SelectAdaptivePool2d|BlurPool2d|AvgPool2dSame")
_WHOLE = re.compile(r".*\d|stem")
"""Sequences that are one layer, such as `layer1`; the elements of others are layers."""


@dataclass(frozen=True)
class Layer:
    """A module whose output can be drawn.

    Attributes:
        name: of the module, inside the network.
        kind: its class, e.g. `Conv2d` or `Fire`.
        layout: `channels first`, `channels last` or `tokens`.
        channels: how many maps.
        height: of a map.
        width: of a map.
        prefix: tokens that belong to no place, such as the class token; they come first.
        activation: the activation function that it ends with, `None` where there is none to be seen.
        default: drawn unless others are asked for.
    """

    name: str
    kind: str
    layout: str
    channels: int
    height: int
    width: int
    prefix: int = 0
    activation: str | None = None
    default: bool = False

    @property
    def cap(self) -> float | None:
        """Where its activation function gives no more, see `CAPS`."""
        return CAPS.get(self.activation or "")

    @property
    def shape(self) -> str:
        """Channels, height and width in words."""
        extra = {0: "", 1: " + class token"}.get(self.prefix, f" + {self.prefix} tokens without a place")
        return f"{self.channels} × {self.height} × {self.width}{extra}"

    def maps(self, output: torch.Tensor) -> torch.Tensor:
        """The module's output as maps, shape (batch, channel, height, width), without what belongs to no place."""
        if self.layout == CHANNELS_FIRST:
            return output
        if self.layout == CHANNELS_LAST:
            return output.permute(0, 3, 1, 2)
        places = output[:, self.prefix :].transpose(1, 2)
        return places.reshape(len(output), self.channels, self.height, self.width)


@dataclass(frozen=True)
class _Run:
    """How a module ran: its output's shape, empty when that is no tensor."""

    name: str
    kind: str
    shape: tuple[int, ...]


def layers_of(entry: Entry) -> tuple[Layer, ...]:
    """Every layer of an architecture that can be drawn, in the order in which they run; needs no weights."""
    from enxerto.backbones.networks import build

    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        network = build(entry)
    return find_layers(network, entry.preprocessing.size_px)


def find_layers(network: nn.Module, size_px: int) -> tuple[Layer, ...]:
    """As `layers_of`, of a network that is there.

    Args:
        network: takes normalized pixels, shape (batch, 3, size_px, size_px); it comes back as it was.
        size_px: of the square that it looks at.
    """
    runs = _trace(network, size_px)
    drawable = [layer for layer in (_layer(network, run, runs) for run in runs) if layer is not None]
    default = set(_defaults(network, drawable))
    return tuple(replace(layer, default=layer.name in default) for layer in drawable)


def choose_layers(layers: Sequence[Layer], names: Iterable[str] = ()) -> tuple[Layer, ...]:
    """The layers of these names, in the order in which they run; without names, the default ones.

    Raises:
        UnknownNameError: a layer that isn't there or can't be drawn; the message lists near matches.
        OptionError: no layer at all can be drawn.
    """
    if not layers:
        raise OptionError("no layer of this network gives square maps, so that there is nothing to draw")
    known = {layer.name: layer for layer in layers}
    wanted = set(names)
    for name in sorted(wanted - known.keys()):
        raise UnknownNameError("layer", name, known)
    return tuple(layer for layer in layers if (layer.name in wanted if wanted else layer.default))


def _trace(network: nn.Module, size_px: int) -> list[_Run]:
    """What each module gave when it first ran, in the order in which they were done."""
    runs: dict[str, _Run] = {}

    def note(name: str) -> Any:
        def hook(module: nn.Module, _inputs: object, output: object) -> None:
            shape = tuple(output.shape) if isinstance(output, torch.Tensor) else ()
            runs.setdefault(name, _Run(name, _kind(module), shape))

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in network.named_modules() if name]
    device = next((parameter.device for parameter in network.parameters()), None)
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, size_px, size_px, device=device))
    finally:
        for hook in hooks:
            hook.remove()
    return list(runs.values())


def _kind(module: nn.Module) -> str:
    """The class of a module; of a sequence that of its elements, where they are all of one."""
    inside = Counter(type(child).__name__ for child in module.children())
    if not isinstance(module, nn.Sequential) or len(inside) != 1:
        return type(module).__name__
    kind, count = inside.popitem()
    return f"{count} × {kind}" if count > 1 else kind


def _layer(network: nn.Module, run: _Run, runs: Sequence[_Run]) -> Layer | None:
    """A module as a layer, `None` where it only hands on what it gets, or gives no maps."""
    if run.kind in _PASSIVE or len(run.shape) not in (3, 4) or run.shape[0] != 1:
        return None
    if len(run.shape) == 3:
        for prefix in dict.fromkeys((0, getattr(network, "num_prefix_tokens", 0))):
            side = math.isqrt(max(run.shape[1] - prefix, 0))
            if side > 1 and side * side == run.shape[1] - prefix:
                return Layer(run.name, run.kind, TOKENS, run.shape[2], side, side, prefix, _activation(run, runs))
        return None
    _, first, second, third = run.shape
    last = str(getattr(network, "output_fmt", "")) == "Format.NHWC"
    if second == third > 1 and not (last and first == second):
        return Layer(run.name, run.kind, CHANNELS_FIRST, first, second, third, 0, _activation(run, runs))
    if first == second > 1:
        return Layer(run.name, run.kind, CHANNELS_LAST, third, first, second, 0, _activation(run, runs))
    return None


def _activation(run: _Run, runs: Sequence[_Run]) -> str | None:
    """The activation function that ran last inside a module, if it gave maps of the same size."""
    above = {each.name.rpartition(".")[0] for each in runs}
    inside = [each for each in runs if f"{each.name}.".startswith(f"{run.name}.") and each.name not in above]
    last = next((each for each in reversed(inside) if each.kind not in _PASSIVE), run)
    same = last.shape[-len(run.shape) + 2 :] == run.shape[2:] or last.shape == run.shape
    return last.kind if last.kind in _ACTIVATIONS and same else None


def _defaults(network: nn.Module, layers: Sequence[Layer]) -> list[str]:
    """Names of the layers at the top of the network: blocks or stages, and convolutions after their activation."""
    drawable = {layer.name for layer in layers if not is_last(f"{layer.name}.", network)}
    top = set(_top(network, "", drawable))
    order = [layer for layer in layers if layer.name in top and not _POOLS.fullmatch(layer.kind)]
    kept = [layer for layer, after in pairwise(order) if not _continued(layer, after)] + order[-1:]
    if len(kept) > MOST_DEFAULTS:
        kept = [kept[round(place)] for place in np.linspace(0, len(kept) - 1, MOST_DEFAULTS)]
    return [layer.name for layer in kept]


def _top(module: nn.Module, path: str, drawable: set[str]) -> Iterator[str]:
    """Names of the outermost drawable modules; of sequences those of their elements."""
    for name, child in module.named_children():
        below = f"{path}{name}"
        opened = isinstance(child, nn.Sequential) and not _WHOLE.fullmatch(name) and not path
        if below in drawable and not opened:
            yield below
        else:
            yield from _top(child, f"{below}.", drawable)


def _continued(layer: Layer, after: Layer) -> bool:
    """Whether a convolution or norm is followed by the norm or activation function that belongs to it."""
    begins = layer.kind.startswith(("Conv2d", "ScaledStdConv2d", "BatchNorm", "LayerNorm")) and not layer.activation
    ends = after.kind in _ACTIVATIONS or "Norm" in after.kind
    return begins and ends and (layer.channels, layer.height) == (after.channels, after.height)
