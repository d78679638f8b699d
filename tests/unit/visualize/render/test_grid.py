from __future__ import annotations

import numpy as np

from enxerto.visualize.render.grid import BAR_PX, GAP_PX, Tiles, colored, columns_for, draw_grid, filter_sheet
from enxerto.visualize.render.palette import INK, PAPER, SATURATED, ZERO, palette


def tiles(count: int, side: int, **changed: object) -> Tiles:
    values = np.random.default_rng(0).random((count, side, side), dtype=np.float32)
    nothing = np.zeros(count, dtype=bool)
    given = {"limits": np.ones(count, np.float32), "bars": np.ones(count, np.float32), "dead": nothing,
             "saturated": nothing}  # fmt: skip
    return Tiles(values, numbers=range(count), **{**given, **changed})  # type: ignore[arg-type]


def test_colors_go_from_limit_to_limit_and_zero_is_dark() -> None:
    values = np.array([[[-2, -1], [0, 1]], [[2, 0.5], [9, 1e-9]]], dtype=np.float32)
    indices = colored(values, np.array([1, 2], np.float32), 2)
    assert indices.tolist() == [[[17, 17], [136, 255]], [[255, 166], [255, 136]]]
    assert ZERO == 136
    assert palette().shape == (256, 3)
    brightness = palette()[17:].astype(int).sum(1)
    assert brightness.argmin() == ZERO - 17
    assert (np.diff(brightness[: ZERO - 16]) <= 0).all()
    assert (np.diff(brightness[ZERO - 17 :]) >= 0).all()


def test_a_channel_without_values_is_dark() -> None:
    assert (colored(np.zeros((1, 2, 2), np.float32), np.zeros(1, np.float32), 2) == ZERO).all()


def test_small_maps_are_enlarged_and_large_ones_averaged() -> None:
    small = colored(np.array([[[0, 1], [0, 0]]], np.float32), np.ones(1, np.float32), 7)
    assert small.shape == (1, 6, 6)
    assert (small[0, :3, 3:] == 255).all()
    large = np.zeros((1, 9, 9), np.float32)
    large[0, :2, :2] = [[0, 1], [1, 0]]
    shrunk = colored(large, np.ones(1, np.float32), 5)
    assert shrunk.shape == (1, 4, 4)
    assert shrunk[0, 0, 0] == ZERO + 60
    assert shrunk.max() == shrunk[0, 0, 0]


def test_tiles_stand_in_rows_with_bars_below() -> None:
    bars = np.array([1.0, 0.5, 0.0, 1.0, 1.0], np.float32)
    grid = draw_grid(tiles(5, 4, bars=bars), width_px=60)
    columns = columns_for(5)
    assert columns == 3
    step = 16 + GAP_PX
    assert grid.shape == (2 * (16 + GAP_PX + BAR_PX + 1), 3 * step - GAP_PX)
    below = grid[17]
    assert (below[:16] != PAPER).all()
    assert (below[step : step + 8] != PAPER).all()
    assert (below[step + 8 :] == PAPER).all()
    assert (grid[:16, 16:step] == PAPER).all()


def test_dead_tiles_are_crossed_out_and_saturated_ones_framed() -> None:
    dead, saturated = np.array([True, False, False]), np.array([False, True, False])
    grid = draw_grid(tiles(3, 4, dead=dead, saturated=saturated), width_px=60)
    step = 16 + GAP_PX
    assert grid[:16, :16].max() < SATURATED
    assert grid[5, 5] == grid[5, 10] == grid[0, 3] != grid[5, 7]
    framed = grid[:16, step : step + 16]
    assert (framed[0] == SATURATED).all()
    assert (framed[1:-1, 1:-1] > SATURATED).all()


def test_large_tiles_have_their_numbers() -> None:
    few, many = draw_grid(tiles(4, 8), 300), draw_grid(tiles(4, 8), 100)
    assert few.shape[0] % 2 == 0
    label = few[few.shape[0] // 2 - 11 : few.shape[0] // 2, :20]
    assert INK // 2 < label.max() <= INK
    assert many.shape[0] == 2 * (30 // 8 * 8 + GAP_PX + BAR_PX + 1)


def test_filters_lie_on_nothing() -> None:
    images = np.full((5, 2, 2, 3), 9, dtype=np.uint8)
    sheet = filter_sheet(images, width_px=40)
    assert sheet.shape == (2 * (10 + GAP_PX) - GAP_PX, 3 * (10 + GAP_PX) - GAP_PX, 4)
    assert sheet[0, 0].tolist() == [9, 9, 9, 255]
    assert sheet[0, 10].tolist() == [0, 0, 0, 0]
    assert sheet[-1, -1].tolist() == [0, 0, 0, 0]
