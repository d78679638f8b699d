"""Contact sheets: many pictures in one, with their names underneath and headings above the columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from enxerto.errors import OptionError

TILE_PX = 224
PAPER, INK, QUIET = (253, 252, 250), (28, 37, 48), (85, 96, 108)
_GAP, _MARGIN = 12, 20
_FONT_PX, _LINE_PX = 15, 20


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture of a sheet.

    Attributes:
        image: RGB, uint8, shape (height, width, 3).
        captions: lines underneath; the first is the name.
    """

    image: NDArray[np.uint8]
    captions: tuple[str, ...] = ()


def contact_sheet(
    tiles: Sequence[Tile], columns: int, *, headings: Sequence[str] = (), tile_px: int = TILE_PX
) -> NDArray[np.uint8]:
    """Pictures row by row on one sheet.

    Args:
        tiles: at least one.
        columns: in a row; fewer where there are fewer tiles.
        headings: above the columns.
        tile_px: the long side that each picture is brought to.

    Returns:
        RGB, uint8, shape (height, width, 3).

    Raises:
        OptionError: no tile, no column, or not one heading a column.
    """
    if not tiles or columns < 1:
        raise OptionError(f"a sheet needs at least one picture and one column, got {len(tiles)} and {columns}")
    columns = min(columns, len(tiles))
    if headings and len(headings) != columns:
        raise OptionError(f"`headings` must be one for each of the {columns} columns, got {len(headings)}")
    lines = max(len(tile.captions) for tile in tiles)
    width, height = tile_px + _GAP, tile_px + _LINE_PX * lines + _GAP
    rows = -(-len(tiles) // columns)
    top = _MARGIN + (_LINE_PX + _GAP // 2 if headings else 0)
    sheet = Image.new("RGB", (2 * _MARGIN + columns * width - _GAP, top + rows * height - _GAP + _MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    for column, heading in enumerate(headings):
        _write(pen, heading, _MARGIN + column * width, _MARGIN, tile_px, INK)
    for number, tile in enumerate(tiles):
        left, above = _MARGIN + number % columns * width, top + number // columns * height
        picture = fitted(tile.image, tile_px)
        sheet.paste(picture, (left + (tile_px - picture.width) // 2, above + (tile_px - picture.height) // 2))
        for line, caption in enumerate(tile.captions):
            below = above + tile_px + _LINE_PX * line + 3
            _write(pen, caption, left, below, tile_px, QUIET if line else INK)
    return np.asarray(sheet)


def fitted(image: NDArray[np.uint8], side_px: int) -> Image.Image:
    """A picture brought to a long side; small ones are enlarged without smoothing, so that each pixel can be seen."""
    height, width = image.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smoothing = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
    return Image.fromarray(image).resize(size, smoothing)


def drawable(text: str) -> bool:
    """Whether a sheet can show a text: letters of the Latin alphabet; their accents are left out."""
    return all(letter == " " or _glyph(letter) != _glyph("\uffff") for letter in _without_accents(text))


def _write(pen: ImageDraw.ImageDraw, text: str, left: int, top: int, width: int, color: tuple[int, int, int]) -> None:
    """A line of text, shortened with an ellipsis where it is wider than its column."""
    font, text = _font(), _without_accents(text)
    if pen.textlength(text, font=font) > width:
        while text and pen.textlength(f"{text}…", font=font) > width:
            text = text[:-1]
        text = f"{text}…"
    pen.text((left, top), text, font=font, fill=color)


def _without_accents(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


@cache
def _font() -> ImageFont.FreeTypeFont:
    """The font that Pillow carries, so that a sheet looks the same on every machine."""
    font = ImageFont.load_default(_FONT_PX)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@cache
def _glyph(letter: str) -> bytes:
    return bytes(_font().getmask(letter))
