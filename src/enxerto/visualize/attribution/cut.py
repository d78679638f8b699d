"""Where a network is cut in two for class activation maps: maps from the engine, the rest of it in PyTorch.

The cut is as late as the maps still have a height and a width and each place of them has a say: before the pooling of a
convolutional network, before the last block of a transformer whose answer is read off one token. It is found by trying,
and taken only where both parts give what the whole network gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from enxerto.backbones import CLASSES, LAST, Backbone, Preprocessing
from enxerto.backbones.catalog import MAPS
from enxerto.backbones.networks import FeatureNetwork
from enxerto.backbones.stages import TOLERANCE, example_pixels, stages, tail_of
from enxerto.errors import OptionError

Tensor = torch.Tensor


@dataclass(frozen=True)
class Cut:
    """A network in two parts.

    Attributes:
        backbone: whose engine gives the maps, in one row a photo.
        shape: of a photo's maps as the layer gives them.
        tail: maps in that shape, with their batch, to features or to the network's own logits.
        to_grid: the same maps as (batch, channel, height, width); a view, so that gradients go the same way.
    """

    backbone: Backbone
    shape: tuple[int, ...]
    tail: Callable[[Tensor], Tensor]
    to_grid: Callable[[Tensor], Tensor | None]

    def grid(self, maps: Tensor) -> Tensor:
        """Maps, or gradients of them, as (batch, channel, height, width)."""
        grid = self.to_grid(maps)
        assert grid is not None
        return grid


def find_cut(backbone: Backbone, *, classes: bool) -> Cut:
    """The last place where maps can be looked at.

    Args:
        backbone: to be cut; where it looks at the mirror image, too, one look is cut.
        classes: it answers with its own classes, and not with features.

    Raises:
        OptionError: the network has no such place.
    """
    entry = backbone.entry
    single = replace(entry.preprocessing, mirror=False)
    layer = CLASSES if classes else backbone.layer
    features = FeatureNetwork(backbone.network, single, layer, backbone.pooling).eval()
    pixels = example_pixels(features)
    with torch.no_grad():
        whole = features(pixels)
    for place, tail, maps in _candidates(features, single, pixels):
        cut = _tried(features.network, tail, maps, whole)
        if cut is not None:
            shape, to_grid = cut
            above = replace(backbone, entry=replace(entry, preprocessing=single), layer=place, pooling=MAPS)
            return Cut(above, shape, tail, to_grid)
    raise OptionError(
        f"{backbone.name} has no layer whose maps lead straight to its answer; take integrated-gradients or occlusion"
    )


def _candidates(
    features: FeatureNetwork, preprocessing: Preprocessing, pixels: Tensor
) -> Iterator[tuple[str, Callable[[Tensor], Tensor], Tensor]]:
    """Layers to cut after, the last first, each with what follows and what it gives."""
    last = LAST if features.layer == CLASSES else features.layer
    yield last, lambda maps: _after_maps(features, maps), _maps_at(features, preprocessing, last, pixels)
    chain = stages(features.network, last)
    for kept in range(1, len(chain)):
        frozen = chain[: len(chain) - kept]
        layer = frozen[-1].modules[-1]
        maps = _maps_at(features, preprocessing, layer, pixels)
        tail = tail_of(features, frozen, maps)
        if tail is not None:
            yield layer, tail, maps


@torch.no_grad()
def _maps_at(features: FeatureNetwork, preprocessing: Preprocessing, layer: str, pixels: Tensor) -> Tensor:
    return FeatureNetwork(features.network, preprocessing, layer, MAPS).maps(features.normalize(pixels))


def _after_maps(features: FeatureNetwork, maps: Tensor) -> Tensor:
    """From the maps of the layer that features come from to these features, or to the network's own logits."""
    network: Any = features.network
    if features.layer == CLASSES:
        logits: Tensor = network.forward_head(maps) if hasattr(network, "forward_head") else network.classifier(maps)
        return logits.flatten(1)
    if features.layer == LAST and features.pooling == "average" and hasattr(network, "forward_head"):
        pooled: Tensor = network.forward_head(maps, pre_logits=True)
        return pooled.flatten(1)
    return features._pool(maps)


def _tried(
    network: Any, tail: Callable[[Tensor], Tensor], maps: Tensor, whole: Tensor
) -> tuple[tuple[int, ...], Callable[[Tensor], Tensor | None]] | None:
    """Shape and grid of a layer's maps, if both parts agree with the whole and several places have a say."""
    if not isinstance(maps, Tensor) or _to_grid(network, maps) is None:
        return None
    with torch.enable_grad():
        leaf = maps.clone().requires_grad_()
        try:
            parts = tail(leaf)
            (gradient,) = torch.autograd.grad(parts.square().sum(), leaf)
        except Exception:  # noqa: BLE001 - what follows may not fit what the layer gives, in any way
            return None
    grid, parts = _to_grid(network, gradient), parts.detach()
    agree = parts.shape == whole.shape and float((parts - whole).abs().max()) <= TOLERANCE * float(whole.abs().max())
    if grid is None or not agree or int((grid.abs().sum((0, 1)) > 0).sum()) < 2:
        return None
    return tuple(maps.shape[1:]), lambda given: _to_grid(network, given)


def _to_grid(network: Any, maps: Tensor) -> Tensor | None:
    """As (batch, channel, height, width); `None` where there is no height and width."""
    if maps.ndim == 4:
        last = str(getattr(network, "output_fmt", "")) == "Format.NHWC"
        return maps.permute(0, 3, 1, 2) if last else maps
    if maps.ndim != 3:
        return None
    tokens = maps[:, int(getattr(network, "num_prefix_tokens", 0)) :]
    side = math.isqrt(tokens.shape[1])
    if side < 2 or side * side != tokens.shape[1]:
        return None
    return tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)
