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
        orders: of the images.
        images: that are finished.
        cards: of the images.
        varied: the knob that is varied; empty where there is none.
    """
    tiles = [
        Tile(image.image, (_name(order, show_seed=not varied), *short_opinions(card)))
        for order, image, card in zip(orders[:MOST_TILES], images, cards, strict=False)
    ]
    values = list(dict.fromkeys(order.variation for order in orders))
    if varied and len(tiles) >= len(values):
        return contact_sheet(tiles, len(values), headings=values)
    seeds = len({order.seed for order in orders})
    return contact_sheet(tiles, seeds if 1 < seeds <= COLUMNS else COLUMNS)


def _name(order: Order, *, show_seed: bool) -> str:
    words = order.wanted.words
    name = words if drawable(words) else f"class {order.wanted.index}"
    return f"{name}, seed {order.seed}" if show_seed else name
