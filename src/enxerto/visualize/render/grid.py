"""Channels as tiles in a grid, drawn in whole arrays.

The limit of a tile's scale is where its color is brightest. Under it, a bar as long as the tile stands for the layer's
largest limit, so that a weak channel can be seen in full without passing for a strong one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Images
from enxerto.visualize.render.lettering import write
from enxerto.visualize.render.palette import MARKED, PAPER, SATURATED, STEPS, ZERO, Indices

WIDTH_PX = 960
GAP_PX = 3
BAR_PX = 2
LEAST_LABELLED_PX = 40
LABEL_PX = 12
MOST_FILTER_PX = 64


@dataclass(frozen=True, eq=False)
class Tiles:
    """Channels to draw, in the order in which they stand in the grid.

    Attributes:
        values: float32, shape (channels, height, width).
        limits: where each tile's color is brightest, shape (channels,).
        bars: length of each tile's bar, a share from 0 to 1, shape (channels,).
        numbers: of the channels.
        dead: to be crossed out, shape (channels,).
        saturated: to be framed, shape (channels,).
    """

    values: NDArray[np.float32]
    limits: NDArray[np.float32]
    bars: NDArray[np.float32]
    numbers: Sequence[int]
    dead: NDArray[np.bool_]
    saturated: NDArray[np.bool_]


def draw_grid(tiles: Tiles, width_px: int = WIDTH_PX) -> Indices:
    """A grid of all tiles as indices into the palette.

    Args:
        tiles: what to draw.
        width_px: about how wide; a tile has a whole number of pixels for each position, or of positions for each pixel.

    Returns:
        uint8, shape (height, width).
    """
    count = len(tiles.values)
    columns = columns_for(count)
    squares = _frame(colored(tiles.values, tiles.limits, max(4, width_px // columns - GAP_PX)), tiles)
    side = squares.shape[1]
    labelled = side >= LEAST_LABELLED_PX
    height = side + GAP_PX + BAR_PX + (LABEL_PX if labelled else 1)
    rows = -(-count // columns)
    cells = np.full((rows * columns, height, side + GAP_PX), PAPER, dtype=np.uint8)
    cells[:count, :side, :side] = squares
    lengths = np.rint(np.clip(tiles.bars, 0, 1) * side).astype(int)
    filled = np.arange(side) < lengths[:, None]
    cells[:count, side + 1 : side + 1 + BAR_PX, :side] = np.where(filled, MARKED, PAPER)[:, None]
    if labelled:
        for cell, number in zip(cells, tiles.numbers, strict=False):
            write(cell, f"{number}", (0, side + BAR_PX + 2), LABEL_PX - 2)
    grid: Indices = cells.reshape(rows, columns, height, -1).swapaxes(1, 2).reshape(rows * height, -1)
    trimmed: Indices = grid[:, :-GAP_PX]
    return trimmed


def colored(values: NDArray[np.float32], limits: NDArray[np.float32], side_px: int) -> Indices:
    """Maps as square-pixeled tiles of about this size.

    Args:
        values: float32, shape (channels, height, width).
        limits: shape (channels,); a limit of 0 makes a dark tile.
        side_px: a large map is averaged over blocks so that it is at most so wide, a small one's positions are drawn
            as squares.

    Returns:
        Indices into the palette, uint8, shape (channels, height, width).
    """
    side = max(values.shape[1:])
    block = -(-side // side_px)
    if block > 1:
        values = _averaged(values, block)
    safe = np.maximum(limits, np.finfo(np.float32).tiny).astype(np.float32)
    shares = np.clip(values / safe[:, None, None], -1, 1)
    indices: Indices = (np.rint(shares * STEPS) + ZERO).astype(np.uint8)
    enlarged = max(1, side_px // max(values.shape[1:]))
    return indices.repeat(enlarged, axis=1).repeat(enlarged, axis=2)


def filter_sheet(images: Images, width_px: int = WIDTH_PX) -> Images:
    """Color tiles in a grid on nothing: RGB and opacity, uint8, shape (height, width, 4).

    Args:
        images: RGB, uint8, shape (filters, height, width, 3).
        width_px: at most about so wide.
    """
    count, height, width = images.shape[:3]
    columns = columns_for(count)
    larger = max(1, min(width_px // columns - GAP_PX, MOST_FILTER_PX) // max(height, width))
    tiles = np.pad(images, ((0, 0), (0, 0), (0, 0), (0, 1)), constant_values=255)
    tiles = tiles.repeat(larger, axis=1).repeat(larger, axis=2)
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height * larger + GAP_PX, width * larger + GAP_PX, 4), dtype=np.uint8)
    cells[:count, :-GAP_PX, :-GAP_PX] = tiles
    grid = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    return grid.reshape(rows * cells.shape[1], -1, 4)[:-GAP_PX, :-GAP_PX]


def columns_for(count: int) -> int:
    """For a grid half as wide again as high."""
    return max(1, math.ceil(math.sqrt(1.5 * count)))


def _averaged(values: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Means over blocks of block x block positions; what is left over at the right and below is cut off."""
    channels, height, width = values.shape
    rows, columns = height // block, width // block
    cut = values[:, : rows * block, : columns * block].reshape(channels, rows, block, columns, block)
    means: NDArray[np.float32] = cut.mean((2, 4), dtype=np.float32)
    return means


def _frame(squares: Indices, tiles: Tiles) -> Indices:
    """Cross dead tiles out and frame saturated ones."""
    side = squares.shape[1]
    if tiles.dead.any():
        across = np.arange(side)
        crossed = np.full((side, side), 2, dtype=np.uint8)
        crossed[[0, -1]] = crossed[:, [0, -1]] = crossed[across, across] = crossed[across, side - 1 - across] = MARKED
        squares[tiles.dead] = crossed
    if tiles.saturated.any():
        framed = squares[tiles.saturated]
        thick = 1 if side < 24 else 2
        framed[:, :thick] = framed[:, -thick:] = framed[:, :, :thick] = framed[:, :, -thick:] = SATURATED
        squares[tiles.saturated] = framed
    return squares
