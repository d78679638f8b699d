"""A layer's grid as an SVG file that tells of its channels."""

from __future__ import annotations

import base64
from html import escape

from enxerto.visualize.feature_maps import LayerMaps
from enxerto.visualize.render.grid import GAP_PX, columns_for
from enxerto.visualize.render.layer_pictures import Panel
from enxerto.visualize.render.palette import Indices, palette_png

LETTER_PX = 6.6
"""About how wide a letter of the explanation is."""


def layer_svg(panel: Panel, layer: LayerMaps, title: str, lines: tuple[str, ...]) -> bytes:
    """A grid as an SVG file whose tiles stay sharp at any size and tell their channel when they are pointed at."""
    height, width = panel.grid.shape
    picture = base64.b64encode(palette_png(panel.grid, transparent=True)).decode()
    texts = "".join(
        f'<text x="8" y="{20 * number + 18}" font-family="sans-serif" font-size="{15 if not number else 12}">'
        f"{escape(line)}</text>"
        for number, line in enumerate((title, *lines))
    )
    top = 20 * (len(lines) + 1) + 12
    wide = 16 + max(width, round(LETTER_PX * max(map(len, lines))))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {top + height + 8}">'
        f'<title>{escape(title)}</title><rect width="100%" height="100%" fill="#fdfcfa"/>{texts}'
        f'<svg x="8" y="{top}" width="{width}" height="{height}"><image width="{width}" height="{height}" '
        f'image-rendering="pixelated" href="data:image/png;base64,{picture}"/>{_told(panel, layer)}</svg></svg>\n'
    ).encode()


def _told(panel: Panel, layer: LayerMaps) -> str:
    """An invisible rectangle over each tile with what is to be said of its channel."""
    count = len(layer.channels.order)
    columns, height, step = _pitch(count, panel.grid)
    rectangles = []
    for place, number in enumerate(layer.channels.order.tolist()):
        row, column = divmod(place, columns)
        words = (
            f"channel {number}: from {layer.channels.lows[:, number].min():.3g} to "
            f"{layer.channels.peaks[:, number].max():.3g}, effect {layer.channels.effects[0, number]:+.3f}"
        )
        rectangles.append(
            f'<rect x="{column * step}" y="{row * height}" width="{step}" height="{height}" fill-opacity="0">'
            f"<title>{words}</title></rect>"
        )
    return "".join(rectangles)


def _pitch(count: int, grid: Indices) -> tuple[int, int, int]:
    """Columns, and height and width of a tile with its bar and gap."""
    columns = columns_for(count)
    return columns, grid.shape[0] // -(-count // columns), (grid.shape[1] + GAP_PX) // columns
