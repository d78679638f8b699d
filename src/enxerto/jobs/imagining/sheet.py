"""The contact sheet of ideal images: a column for each seed, or for each value of the varied knob."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from enxerto.jobs.imagining.orders import Order
from enxerto.report import IdealCard
from enxerto.report.ideal.words import short_opinions
from enxerto.visualize.ideal.image import IdealImage
from enxerto.visualize.render.sheet import Tile, contact_sheet, drawable

MOST_TILES = 240
COLUMNS = 6


def sheet_of(
    orders: Sequence[Order], images: Sequence[IdealImage], cards: Sequence[IdealCard], varied: str
) -> NDArray[np.uint8]:
    """A sheet of at most 240 images.

    Args:
        orders: of the images; some of those asked for may be missing.
        images: one an order.
        cards: of the images.
        varied: the knob that is varied; empty where there is none.
    """
    values = list(dict.fromkeys(order.variation for order in orders))
    in_columns = bool(varied) and [order.variation for order in orders] == values * (len(orders) // len(values))
    tiles = [
        Tile(image.image, (_name(order, varied, in_columns), *short_opinions(card)))
        for order, image, card in zip(orders[:MOST_TILES], images, cards, strict=False)
    ]
    if in_columns:
        return contact_sheet(tiles, len(values), headings=values)
    seeds = len({order.seed for order in orders})
    return contact_sheet(tiles, seeds if 1 < seeds <= COLUMNS else COLUMNS)


def _name(order: Order, varied: str, in_columns: bool) -> str:
    words = order.wanted.words
    name = words if drawable(words) else f"class {order.wanted.index}"
    return f"{name}, seed {order.seed}" if not varied else name if in_columns else f"{name}, {order.variation}"
