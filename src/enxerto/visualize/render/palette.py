"""One palette for every grid: grays from paper to ink, an accent, and the colors of the scale.

Dark is zero; what is above shines from teal to yellow, what is below from violet to pink.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Indices = NDArray[np.uint8]
"""A picture as indices into the palette, shape (height, width)."""
Color = tuple[int, int, int]

PAPER, INK = 0, 15
"""Ends of the palette's gray ramp."""
SATURATED = 16
ZERO = 136
"""The palette's index of zero: 119 colors for what is below, 119 for what is above."""
STEPS = 119
MARKED = 11
"""The gray of bars and crosses."""

_GRAYS: tuple[Color, Color] = ((253, 252, 250), (28, 37, 48))
_COVER: Color = (116, 126, 136)
_ACCENT: Color = (224, 122, 34)
_ABOVE: tuple[Color, ...] = ((16, 33, 43), (12, 80, 96), (38, 140, 148), (132, 196, 154), (247, 232, 150))
_BELOW: tuple[Color, ...] = ((16, 33, 43), (62, 44, 104), (120, 70, 158), (190, 118, 190), (250, 204, 226))


def palette_png(indices: Indices, *, transparent: bool = False) -> bytes:
    """A PNG file of indices with their palette: a third of the size of RGB; written fast rather than small.

    Args:
        indices: uint8, shape (height, width).
        transparent: for a page of any color: instead of grays from paper to ink, one gray that covers more and more.
    """
    picture = Image.frombytes("P", indices.shape[::-1], indices.tobytes())
    colors, options = palette(), {}
    if transparent:
        colors = colors.copy()
        colors[PAPER : INK + 1] = _COVER
        options = {"transparency": bytes(range(0, 256, 255 // INK))}
    picture.putpalette(colors.tobytes())
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1, **options)
    return buffer.getvalue()


@cache
def palette() -> NDArray[np.uint8]:
    """Sixteen grays from paper to ink, one accent, and the colors of the scale; uint8, shape (256, 3)."""
    below, above = _ramp(_BELOW, STEPS + 1), _ramp(_ABOVE, STEPS + 1)
    colors = [_ramp(_GRAYS, 16), np.array([_ACCENT]), below[::-1], above[1:]]
    rounded: NDArray[np.uint8] = np.rint(np.concatenate(colors)).astype(np.uint8)
    return rounded


def scale_strip(width_px: int = 240, height_px: int = 12, *, below: bool = True) -> Indices:
    """The colors from the limit below zero, or from zero, to the limit above."""
    first = ZERO - STEPS if below else ZERO
    steps = np.rint(np.linspace(first, ZERO + STEPS, width_px)).astype(np.uint8)
    strip: Indices = np.broadcast_to(steps, (height_px, width_px)).copy()
    return strip


def _ramp(stops: Sequence[Color], steps: int) -> NDArray[np.float64]:
    places = np.linspace(0, len(stops) - 1, steps)
    return np.stack([np.interp(places, range(len(stops)), channel) for channel in np.array(stops).T], axis=1)
