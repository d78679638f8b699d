"""Pictures of a layer: its grid for each photo and their difference, as PNG, and single channels up close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enxerto.types import Images
from enxerto.visualize.feature_maps import LayerMaps
from enxerto.visualize.render.encoding import webp
from enxerto.visualize.render.grid import WIDTH_PX, Tiles, colored, draw_grid
from enxerto.visualize.render.lettering import poster
from enxerto.visualize.render.palette import Indices, palette_png

SCALES = ("channel", "layer")
CARD_PX = 112
COMPARED_WIDTH_PX = 640
_DIM = 0.14


@dataclass(frozen=True)
class Panel:
    """One grid of a layer.

    Attributes:
        heading: what it is of.
        grid: indices into the palette.
        of_channels: a tile is a channel; otherwise a square is a channel of a token that has no place.
    """

    heading: str
    grid: Indices
    of_channels: bool = True


@dataclass(frozen=True)
class ChannelPictures:
    """A channel up close: its tiles with their headings, as PNG or WebP files."""

    number: int
    pictures: tuple[tuple[str, bytes], ...]


def limits_of(layer: LayerMaps, scale: str) -> NDArray[np.float32]:
    """Where the color of each channel is brightest: at its own largest magnitude, or at the layer's.

    Args:
        layer: of one photo, or of two, which share their limits.
        scale: `channel` or `layer`.

    Returns:
        Shape (channels,).
    """
    largest = layer.channels.largest
    return largest if scale == "channel" else np.full_like(largest, largest.max())


def panels_of(layer: LayerMaps, scale: str, headings: tuple[str, ...]) -> list[Panel]:
    """The grids of a layer, channels in order: one a photo, the difference of two, and tokens that have no place.

    Args:
        layer: what to draw.
        scale: `channel` or `layer`.
        headings: of the photos.
    """
    maps, order, channels = layer.activations.maps, layer.channels.order, layer.channels
    limits, largest = limits_of(layer, scale), channels.largest
    bars = largest / max(float(largest.max()), float(np.finfo(np.float32).tiny))
    width_px = WIDTH_PX if len(maps) == 1 else COMPARED_WIDTH_PX
    panels = []
    for photo, heading in enumerate(headings):
        tiles = _tiles(maps[photo], limits, bars, order, channels.dead[photo], channels.saturated[photo])
        panels.append(Panel(heading, draw_grid(tiles, width_px)))
    if len(maps) > 1:
        changed = maps[1] - maps[0]
        reach = np.abs(changed).max((1, 2))
        shares = reach / np.maximum(largest, np.finfo(np.float32).tiny)
        none = np.zeros(len(order), dtype=bool)
        tiles = _tiles(changed, reach if scale == "channel" else limits, shares, order, reach == 0, none)
        panels.append(Panel("difference", draw_grid(tiles, width_px)))
    if layer.activations.extra.size:
        words = "class token" if layer.layer.prefix == 1 else "tokens without a place"
        panels += [Panel(f"{words}, {heading}" if len(maps) > 1 else words, _strip(extra, order), of_channels=False)
                   for heading, extra in zip(headings, layer.activations.extra, strict=True)]  # fmt: skip
    return panels


def layer_png(panels: list[Panel], title: str, lines: tuple[str, ...]) -> bytes:
    """The grids side by side under words that say what they are and how to read them, as a PNG file."""
    headings = len(panels) > 1
    return palette_png(poster([(panel.heading if headings else "", panel.grid) for panel in panels], title, lines))


def close_up(layer: LayerMaps, number: int, images: Images, headings: tuple[str, ...], scale: str) -> ChannelPictures:
    """One channel: its map, and the photo seen through it; of two photos their maps and the difference.

    Args:
        layer: where the channel is.
        number: of the channel.
        images: what the network looked at, uint8, shape (photos, size, size, 3).
        headings: of the photos.
        scale: `channel` or `layer`.
    """
    maps = layer.activations.maps[:, number]
    limit = limits_of(layer, scale)[number : number + 1]
    tiles = [(heading, _tile(each, limit)) for heading, each in zip(headings, maps, strict=True)]
    if len(maps) == 1:
        return ChannelPictures(number, (("map", tiles[0][1]), ("photo", seen_through(images[0], maps[0], limit[0]))))
    changed = maps[1] - maps[0]
    reach = np.abs(changed).max(keepdims=True)[0] if scale == "channel" else limit
    return ChannelPictures(number, (*tiles, ("difference", _tile(changed, reach))))


def seen_through(image: NDArray[np.uint8], values: NDArray[np.float32], limit: float) -> bytes:
    """A photo that is bright where a channel answers strongly, whatever the sign, and dark elsewhere; a WebP file."""
    size = (CARD_PX, CARD_PX)
    small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), np.float32)
    shares = np.abs(values) / max(float(limit), float(np.finfo(np.float32).tiny))
    mask = np.sqrt(np.asarray(Image.fromarray(shares).resize(size, Image.Resampling.BILINEAR)).clip(0, 1))
    return webp(np.rint(small * (_DIM + (1 - _DIM) * mask[:, :, None])).astype(np.uint8), quality=72)


def _tiles(
    maps: NDArray[np.float32],
    limits: NDArray[np.float32],
    bars: NDArray[np.float32],
    order: NDArray[np.int64],
    dead: NDArray[np.bool_],
    saturated: NDArray[np.bool_],
) -> Tiles:
    return Tiles(maps[order], limits[order], bars[order], order.tolist(), dead[order], saturated[order])


def _tile(values: NDArray[np.float32], limit: NDArray[np.float32]) -> bytes:
    return palette_png(colored(values[None], limit, CARD_PX)[0])


def _strip(extra: NDArray[np.float32], order: NDArray[np.int64]) -> Indices:
    """Tokens as squares, one for each channel in order, each token from minus its largest magnitude to it."""
    columns = int(np.ceil(np.sqrt(len(order))))
    filled = np.zeros((len(extra), -(-len(order) // columns) * columns), dtype=np.float32)
    filled[:, : len(order)] = extra[:, order]
    squares = colored(filled.reshape(len(extra), -1, columns), np.abs(extra).max(1), 12 * columns)
    return squares.reshape(-1, squares.shape[2])
