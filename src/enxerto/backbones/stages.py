"""The stages of a network, from its input to its last features, and the place where a frozen part can be cut off."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from enxerto.backbones.catalog import LAST
from enxerto.backbones.networks import FeatureNetwork

TOLERANCE = 1e-4
"""Largest difference, relative to the largest feature, between a network and its two parts one after the other."""


@dataclass(frozen=True)
class Stage:
    """Modules that run one after the other and are frozen or tuned together.

    Attributes:
        name: of its first module.
        modules: names inside the network, in order.
    """

    name: str
    modules: tuple[str, ...]


def stages(network: nn.Module, layer: str = LAST) -> tuple[Stage, ...]:
    """A network's stages, the one at its input first; its own last layer belongs to none.

    Every element of a sequence of blocks that learned something is a stage; what runs before the first is one, and
    what runs after the last.

    Args:
        network: a whole network as `build` makes it.
        layer: where features are taken out; what runs after it belongs to no stage.
    """
    found: list[list[str]] = []
    after_blocks = reached = False
    for name, is_block in _parts(network):
        inside = f"{layer}.".startswith(f"{name}.") or name.startswith(f"{layer}.")
        if reached and not inside:
            break
        reached = inside
        learned = _learned(network, name)
        if learned and (is_block or after_blocks or not found):
            found.append([name])
        elif found:
            found[-1].append(name)
        after_blocks = is_block or (after_blocks and not learned)
    return tuple(Stage(group[0], tuple(group)) for group in found)


def tail_of(features: FeatureNetwork, frozen: tuple[Stage, ...], maps: torch.Tensor) -> FeatureNetwork | None:
    """A copy of a network that goes on from the maps after its frozen stages; `None` where it can't be cut there.

    The frozen modules are replaced by ones that hand on what they get. That is right for networks whose stages are a
    plain chain, and whether it is right here is seen by running it.

    Args:
        features: pixels to features.
        frozen: its first stages.
        maps: what the last of them gives for the pixels of `example_pixels`.
    """
    tail = copy.deepcopy(features)
    tail.normalize = nn.Identity()
    for stage in frozen:
        for name in stage.modules:
            tail.network.set_submodule(name, nn.Identity())
    if frozen and hasattr(tail.network, "_pos_embed"):  # transformers of timm add positions in a method of their own
        tail.network.__dict__["_pos_embed"] = nn.Identity()
    with torch.inference_mode():
        whole = features(example_pixels(features))
        try:
            parts = tail(maps)
        except Exception:  # noqa: BLE001 - a network that is no chain may stumble over anything
            return None
    same_shape = parts.shape == whole.shape
    close = same_shape and float((parts - whole).abs().max()) <= TOLERANCE * float(whole.abs().max())
    return tail if close else None


def example_pixels(features: FeatureNetwork) -> torch.Tensor:
    """Two seeded noise pictures, float32 in [0, 1], shape (2, 3, size, size)."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, features.size_px, features.size_px, generator=generator)


def _parts(network: nn.Module) -> Iterator[tuple[str, bool]]:
    """Names of the children, those of a sequence instead of the sequence; and whether they are of a sequence."""
    last = _last_layers(network)
    for name, child in network.named_children():
        if name in last:
            continue
        if isinstance(child, nn.Sequential):
            yield from ((f"{name}.{part}", True) for part, _ in child.named_children())
        else:
            yield name, False


def _learned(network: nn.Module, name: str) -> bool:
    """Whether a module has parameters besides those of the network's own last layer."""
    inside = network.get_submodule(name).named_parameters(prefix=name)
    return any(not is_last(parameter, network) for parameter, _ in inside)


def is_last(parameter: str, network: nn.Module) -> bool:
    """Whether a parameter belongs to what turns the last features into the network's own logits."""
    return any(parameter.startswith(f"{layer}.") for layer in _last_layers(network))


def _last_layers(network: Any) -> set[str]:
    """Names of the modules that turn the last features into the network's own logits."""
    config = getattr(network, "pretrained_cfg", None) or {}
    named = config.get("classifier", "classifier") or ()
    return {named} if isinstance(named, str) else set(named)
