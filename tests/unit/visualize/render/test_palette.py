from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from enxerto.visualize.render.palette import PAPER, ZERO, palette, palette_png, scale_strip


@pytest.mark.parametrize("transparent", [False, True])
def test_a_png_holds_the_palettes_colors(transparent: bool) -> None:
    grid = np.full((4, 20), 200, dtype=np.uint8)
    grid[:, 16] = PAPER
    with Image.open(BytesIO(palette_png(grid, transparent=transparent))) as picture:
        colors = np.asarray(picture.convert("RGBA"))
    assert colors[0, 0, :3].tolist() == palette()[grid[0, 0]].tolist()
    assert colors[0, 0, 3] == 255
    assert colors[0, 16, 3] == (0 if transparent else 255)
    assert transparent or colors[0, 16, :3].tolist() == palette()[PAPER].tolist()


def test_the_scale_runs_over_all_colors() -> None:
    assert scale_strip(10)[0, [0, -1]].tolist() == [17, 255]
    assert scale_strip(10, below=False)[0, [0, -1]].tolist() == [ZERO, 255]
