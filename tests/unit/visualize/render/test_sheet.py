from __future__ import annotations

import numpy as np
import pytest

from enxerto.errors import OptionError
from enxerto.visualize.render.sheet import INK, PAPER, QUIET, Tile, contact_sheet, drawable, fitted

RED = np.full((40, 40, 3), (200, 30, 30), dtype=np.uint8)
BLUE = np.full((20, 40, 3), (30, 30, 200), dtype=np.uint8)


def places(sheet: np.ndarray, color: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero((sheet == color).all(axis=2))
    return rows, columns


def test_pictures_stand_row_by_row_with_their_names_underneath() -> None:
    sheet = contact_sheet([Tile(RED, ("red", "83 %")), Tile(RED), Tile(BLUE)], 2, tile_px=80)
    assert sheet.dtype == np.uint8
    assert tuple(sheet[0, 0]) == PAPER
    rows, columns = places(sheet, (200, 30, 30))
    assert len(rows) == 2 * 80 * 80
    blue_rows, blue_columns = places(sheet, (30, 30, 200))
    assert len(blue_rows) == 80 * 40, "its shape is kept"
    assert blue_rows.min() > rows.max()
    assert blue_columns.max() < columns.max(), "the second row begins on the left"
    for color in (INK, QUIET):
        caption_rows, caption_columns = places(sheet, color)
        assert rows.max() < caption_rows.min() < caption_rows.max() < blue_rows.min()
        assert caption_columns.max() <= columns.min() + 80


def test_headings_stand_above_their_columns() -> None:
    plain = contact_sheet([Tile(RED), Tile(BLUE)], 2, tile_px=80)
    headed = contact_sheet([Tile(RED), Tile(BLUE)], 2, headings=["tv-weight 0", "0.1"], tile_px=80)
    assert headed.shape[0] > plain.shape[0]
    rows, columns = places(headed, INK)
    assert rows.max() < places(headed, (200, 30, 30))[0].min()
    assert columns.max() > places(headed, (30, 30, 200))[1].min()
    with pytest.raises(OptionError, match="one for each of the 2 columns, got 1"):
        contact_sheet([Tile(RED), Tile(BLUE)], 2, headings=["one"])


def test_a_long_name_stays_within_its_column() -> None:
    sheet = contact_sheet([Tile(RED, ("long " * 40,)), Tile(RED)], 2, tile_px=80)
    columns = places(sheet, INK)[1]
    assert columns.max() < places(sheet, (200, 30, 30))[1].min() + 80


def test_without_a_picture_or_a_column_there_is_no_sheet() -> None:
    for tiles, columns in (([], 2), ([Tile(RED)], 0)):
        with pytest.raises(OptionError, match="at least one picture and one column"):
            contact_sheet(tiles, columns)
    assert contact_sheet([Tile(RED)], 9).shape == contact_sheet([Tile(RED)], 1).shape


def test_small_pictures_show_their_pixels_and_large_ones_are_smoothed() -> None:
    checks = (np.indices((4, 4)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    assert set(np.unique(np.asarray(fitted(checks, 40)))) == {0, 255}
    assert set(np.unique(np.asarray(fitted(np.tile(checks, (25, 25, 1)), 10)))) <= set(range(100, 156))


def test_what_the_font_lacks_is_known() -> None:
    assert drawable("Siamese cat 0.1 %")
    assert drawable("Größe, été") is False, "it has no sharp s"
    assert drawable("été")
    assert not drawable("猫")
    assert not drawable("кот")
    with_accent, without = (contact_sheet([Tile(RED, (name,))], 1) for name in ("été", "ete"))
    assert np.array_equal(with_accent, without)
