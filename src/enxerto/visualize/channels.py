"""What can be said of each channel of a layer: how strong it is, whether it is dead or saturated, and its rank."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import OptionError
from enxerto.visualize.activations import Activations
from enxerto.visualize.layers import GATE, RECTIFIERS, Layer

RANKS = ("effect", "activation", "difference")
FLAT = 1e-6
"""A channel is constant when its range is at most this part of the layer's largest magnitude."""
NEAR_TOP = 1e-3
"""A position is at the top when it is lower by at most this part of it."""
CROWDED = 0.5
"""A channel is saturated when at least this share of its positions is at the top."""

Numbers = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of a layer; all arrays are of shape (photos, channels), but for `order` and `changes`.

    Attributes:
        order: channel numbers, those to look at first in front, those dead on every photo at the end.
        strengths: mean magnitude over the positions.
        lows: smallest value.
        peaks: largest value.
        effects: on the logit of the class.
        dead: the same at every position; or never above zero, though the layer ends with a function like ReLU, which
            lets nothing else pass.
        saturated: at least half of the positions are at the top: at the cap of the layer's activation function (6 for
            ReLU6, 1 for sigmoids, 3 for hard-swish, where its gate is wide open), or, in a layer without a cap, within
            0.1 % of the channel's own maximum.
        zeros: share of all values in the layer that are exactly zero, shape (photos,).
        changes: mean magnitude of the difference between two photos, shape (channels,); `None` where there is one.
    """

    order: NDArray[np.int64] = field(repr=False)
    strengths: Numbers = field(repr=False)
    lows: Numbers = field(repr=False)
    peaks: Numbers = field(repr=False)
    effects: Numbers = field(repr=False)
    dead: Flags = field(repr=False)
    saturated: Flags = field(repr=False)
    zeros: Numbers
    changes: Numbers | None = field(repr=False)

    @property
    def largest(self) -> Numbers:
        """The largest magnitude of each channel over all photos, shape (channels,)."""
        magnitudes: Numbers = np.maximum(np.abs(self.lows), np.abs(self.peaks)).max(0)
        return magnitudes


def describe_channels(activations: Activations, rank: str = "effect") -> Channels:
    """Measure the channels of a layer and put them in order.

    Args:
        activations: of one photo, or of two.
        rank: `effect`, from what speaks most for the class to what speaks most against it, on the first photo;
            `activation`, the largest mean magnitude first, likewise; `difference`, the largest change from the first
            photo to the second first.

    Raises:
        OptionError: `rank` is unknown, or `difference` of one photo.
    """
    maps, layer = activations.maps, activations.layer
    if rank not in RANKS:
        raise OptionError(f"`rank` must be one of {', '.join(RANKS)}, got {rank!r}")
    if rank == "difference" and len(maps) != 2:
        raise OptionError("channels can be ranked by difference only where there are two photos; give another")
    strengths, lows, peaks = np.abs(maps).mean((2, 3)), maps.min((2, 3)), maps.max((2, 3))
    changes = np.abs(maps[1] - maps[0]).mean((1, 2)) if len(maps) == 2 else None
    largest = np.maximum(np.abs(lows), np.abs(peaks)).max(1, keepdims=True)
    dead = peaks - lows <= FLAT * largest
    if layer.activation in RECTIFIERS:
        dead |= peaks <= 0
    key = {"effect": activations.effects[0], "activation": strengths[0], "difference": changes}[rank]
    assert key is not None
    return Channels(
        order=np.lexsort((-key, dead.all(0))),
        strengths=strengths,
        lows=lows,
        peaks=peaks,
        effects=activations.effects,
        dead=dead,
        saturated=_saturated(maps, peaks, dead, layer),
        zeros=(maps == 0).mean((1, 2, 3), dtype=np.float32),
        changes=changes,
    )


def _saturated(maps: Numbers, peaks: Numbers, dead: Flags, layer: Layer) -> Flags:
    """Which channels are at the top at half of their positions; a constant one only where that is the cap."""
    cap = layer.cap
    if cap is not None and layer.activation != GATE and float(peaks.max()) > cap * (1 + FLAT):
        cap = None  # something was added after the activation function
    top = peaks if cap is None else np.full_like(peaks, cap)
    crowded = (maps >= (top * (1 - NEAR_TOP))[:, :, None, None]).mean((2, 3)) >= CROWDED
    found: Flags = crowded & (peaks > 0) & (~dead | (cap is not None))
    return found
