"""Pictures of an attack: the difference magnified, and photo, difference and result side by side."""

from __future__ import annotations

import numpy as np

from enxerto.report.attack.contents import AttackCard
from enxerto.report.wording import percent, shortened
from enxerto.types import Images
from enxerto.visualize.render.sheet import Tile, contact_sheet

TILE_PX = 480
_GREY = 128
_REACH = 127


def magnification(original: Images, changed: Images) -> int:
    """By how much a difference can be magnified so that the largest change just fits; at least 1."""
    largest = int(np.abs(changed.astype(np.int16) - original).max())
    return max(1, _REACH // largest) if largest else 1


def magnified(original: Images, changed: Images) -> Images:
    """The difference on mid grey: brighter where the changed photo is brighter; uint8, shape of the photos."""
    difference = (changed.astype(np.int16) - original) * magnification(original, changed)
    return np.asarray(_GREY + np.clip(difference, -_GREY, _REACH), dtype=np.uint8)


def side_by_side(card: AttackCard, original: Images, changed: Images) -> Images:
    """Photo, magnified difference and result with their answers underneath; uint8 RGB."""
    before, after = card.before, card.after
    times = magnification(original, changed)
    largest = card.change.largest if card.change else 0
    levels = "grey level" if largest == 1 else "grey levels"
    tiles = [
        Tile(original, (f"{shortened(before[0], 36)}  {_plain_percent(before[1])}", "the photo")),
        Tile(magnified(original, changed), (f"difference x {times}", f"at most {largest} {levels}")),
        Tile(changed, (f"{shortened(after[0], 36)}  {_plain_percent(after[1])}", "the file, read back")),
    ]
    return contact_sheet(tiles, 3, tile_px=TILE_PX)


def _plain_percent(value: float) -> str:
    return percent(value).replace("\u00a0", " ")
