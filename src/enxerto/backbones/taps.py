"""Where in a network features are taken out, how that is typed, and several such places looked at in one pass."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from enxerto.backbones.backbone import Backbone
from enxerto.backbones.catalog import LAST, POOLINGS, Tap

if TYPE_CHECKING:
    from torch import nn

MOST_LAYERS = 8
"""Layers that are tried at most, spread evenly from input to output."""


@dataclass(frozen=True)
class TappedBackbone(Backbone):
    """A backbone whose features are those of several taps, side by side, in one pass.

    Attributes:
        taps: in the order of the features.
    """

    taps: tuple[Tap, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """Of the backbone and its taps."""
        return hashlib.sha256(f"taps-1|{'|'.join(map(str, self.taps))}|{super().fingerprint}".encode()).hexdigest()

    def feature_network(self) -> Any:
        """Pixels to the features of every tap."""
        from enxerto.backbones.networks import TappedNetwork

        return TappedNetwork(self.network, self.preprocessing, self.taps).eval()


def tapped(backbone: Backbone, taps: Sequence[Tap]) -> TappedBackbone:
    """The same backbone with the features of several taps side by side.

    Args:
        backbone: any.
        taps: of its network.
    """
    known = {field.name: getattr(backbone, field.name) for field in fields(Backbone)}
    return TappedBackbone(**known, taps=tuple(taps)).sharing(backbone)


def candidate_taps(backbone: Backbone) -> tuple[Tap, ...]:
    """Where features may be taken out: the ends of the stages and the last layer, each averaged and over a 2x2 grid.

    A layer without height and width has no grid. Of many stages eight are taken, spread evenly.

    Args:
        backbone: any; its last features come last.
    """
    from enxerto.backbones.stages import stages

    names = [stage.modules[-1] for stage in stages(backbone.network)][:-1]
    if len(names) > MOST_LAYERS:
        places = {round(place * (len(names) - 1) / (MOST_LAYERS - 1)) for place in range(MOST_LAYERS)}
        names = [names[place] for place in sorted(places)]
    found = [Tap(layer, pooling) for layer in (*names, LAST) for pooling in POOLINGS]
    widths = dict(zip(found, tap_widths(backbone, found), strict=True))
    has_maps = {layer: widths[Tap(layer, "grid2")] > widths[Tap(layer, "max")] for layer in (*names, LAST)}
    return tuple(tap for tap in found if widths[tap] and _is_tried(tap, has_maps[tap.layer]))


def _is_tried(tap: Tap, has_maps: bool) -> bool:
    return tap.pooling == "average" or (tap.pooling == "grid2" and has_maps)


def tap_widths(backbone: Backbone, taps: Sequence[Tap]) -> tuple[int, ...]:
    """How many features each tap gives; 0 where the layer gives nothing that can be pooled."""
    import torch

    from enxerto.backbones.networks import TappedNetwork

    size = backbone.preprocessing.size_px
    network: nn.Module = TappedNetwork(backbone.network, backbone.preprocessing, taps).eval()
    with torch.no_grad():
        parts = network.parts(torch.zeros(1, 3, size, size))  # type: ignore[operator]  # nn.Module hides its methods
    return tuple(0 if part is None else int(part.shape[1]) for part in parts)
