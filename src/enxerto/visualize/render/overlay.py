"""A map laid over its photo, in colors that color-blind people tell apart: orange to yellow for, blue against."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from enxerto.types import Images

OPACITY = 0.85
"""Of the strongest color; the photo shows through it."""
OUTSIDE = 0.45
"""Brightness of what the network did not see."""
ANCHORS = (
    (-1.0, (120, 200, 255)),
    (-0.5, (30, 110, 220)),
    (0.0, (20, 60, 140)),
    (1e-6, (150, 50, 0)),
    (0.5, (235, 120, 0)),
    (1.0, (255, 230, 90)),
)
"""Strengths, from wholly against to wholly for, and their colors."""
Box = tuple[int, int, int, int]


def strengths(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map divided by its largest absolute value, in [-1, 1]; a map of zeros stays one."""
    largest = float(np.abs(values).max())
    return np.asarray(values / largest if largest > 0 else values, dtype=np.float32)


def overlay(photo: Images, values: NDArray[np.float32], box: Box) -> Images:
    """A photo in shades of gray, with a map in color over the part that the network saw, and the rest darkened.

    Args:
        photo: uint8, shape (height, width, 3).
        values: the map, shape (size, size).
        box: where its square lies in the photo: left, top, right, bottom.

    Returns:
        uint8, the shape of the photo.
    """
    gray = Image.fromarray(photo).convert("L")
    canvas = gray.point([round(OUTSIDE * level) for level in range(256)]).convert("RGB")
    size = (box[2] - box[0], box[3] - box[1])
    levels = np.rint(127.5 + 127.5 * strengths(values)).astype(np.uint8)
    shown = np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.BILINEAR))
    colors, opacity = _table()
    seen = gray.crop(box).convert("RGB")
    seen.paste(Image.fromarray(colors[shown]), mask=Image.fromarray(opacity[shown]))
    canvas.paste(seen, box[:2])
    ImageDraw.Draw(canvas).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=(255, 255, 255))
    return np.asarray(canvas)


def color_at(strength: float) -> tuple[int, int, int]:
    """The color of a strength in [-1, 1]."""
    at = [anchor for anchor, _ in ANCHORS]
    red, green, blue = (round(float(np.interp(strength, at, [c[i] for _, c in ANCHORS]))) for i in range(3))
    return red, green, blue


@cache
def _table() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Colors, shape (256, 3), and opacities, shape (256,), of the levels that strengths are drawn in."""
    steps = (np.arange(256) - 127.5) / 127.5
    colors = np.array([color_at(float(step)) for step in steps], dtype=np.uint8)
    opacity = np.rint(255 * OPACITY * np.abs(steps) ** 0.8).astype(np.uint8)
    opacity[127:129] = 0  # zero lies between these two
    return colors, opacity
