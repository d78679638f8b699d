"""Words in pictures, smoothed by the palette's grays; and posters, which say what they show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from enxerto.visualize.render.palette import INK, PAPER, Indices

MARGIN_PX = 16


def poster(panels: Sequence[tuple[str, Indices]], title: str, lines: Sequence[str]) -> Indices:
    """Grids side by side below a title and lines of explanation, with the scale of colors, as one picture.

    Args:
        panels: heading and grid of each; an empty heading takes no room.
        title: the first line.
        lines: further lines.
    """
    headed = any(heading for heading, _ in panels)
    top = MARGIN_PX + 26 + 17 * len(lines) + (24 if headed else 8)
    width = sum(grid.shape[1] for _, grid in panels) + MARGIN_PX * (len(panels) + 1)
    width = max(width, 2 * MARGIN_PX + max(map(_width, [*lines, title + "     "])))
    height = top + max(grid.shape[0] for _, grid in panels) + MARGIN_PX
    picture = np.full((height, width), PAPER, dtype=np.uint8)
    write(picture, title, (MARGIN_PX, MARGIN_PX - 4), 17)
    for number, line in enumerate(lines):
        write(picture, line, (MARGIN_PX, MARGIN_PX + 22 + 17 * number), 12)
    left = MARGIN_PX
    for heading, grid in panels:
        write(picture, heading, (left, top - 20), 13)
        picture[top : top + grid.shape[0], left : left + grid.shape[1]] = grid
        left += grid.shape[1] + MARGIN_PX
    return picture


def write(picture: Indices, text: str, place: tuple[int, int], size: int) -> None:
    """Write into a picture.

    Args:
        picture: it is changed.
        text: letters that Pillow's own font may not have become `?`.
        place: left and top.
        size: of the letters, in pixels.
    """
    left, top = place
    text = drawable(text)
    mask = Image.new("L", (_width(text, size) + 2, size + 6), 0)
    ImageDraw.Draw(mask).text((0, 0), text, fill=255, font=_font(size))
    ink = np.rint(np.asarray(mask) / 255 * INK).astype(np.uint8)
    part = picture[top : top + ink.shape[0], left : left + ink.shape[1]]
    np.maximum(part, ink[: part.shape[0], : part.shape[1]], out=part)


def drawable(text: str) -> str:
    """Text in the letters that Pillow's own font surely has; others become `?`."""
    return text.translate(_LETTERS).encode("ascii", "replace").decode()


_LETTERS = str.maketrans({
    0xD7: "x", 0xB7: "|", 0xA0: " ", 0x2013: "-", 0x2212: "-", 0x2018: "'", 0x2019: "'", 0x2068: None, 0x2069: None,
})  # fmt: skip


def _width(text: str, size: int = 12) -> int:
    return math.ceil(ImageDraw.Draw(Image.new("L", (1, 1))).textlength(text, font=_font(size)))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
