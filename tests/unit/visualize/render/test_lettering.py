from __future__ import annotations

import numpy as np

from enxerto.visualize.render.lettering import drawable, poster
from enxerto.visualize.render.palette import INK


def test_a_poster_has_words_above_and_grids_side_by_side() -> None:
    grid = np.full((30, 60), 200, dtype=np.uint8)
    picture = poster([("first", grid), ("second", grid)], "title", ["how to read it"])
    assert picture.shape[1] >= 2 * grid.shape[1]
    top = picture.shape[0] - grid.shape[0] - 16
    assert np.array_equal(picture[top : top + grid.shape[0], 16 : 16 + grid.shape[1]], grid)
    assert np.array_equal(picture[top : top + grid.shape[0], 32 + grid.shape[1] : 32 + 2 * grid.shape[1]], grid)
    assert picture[:top].max() == INK
    assert poster([("", grid)], "title", ["x" * 300]).shape[1] > 1000


def test_words_are_written_in_letters_that_the_font_has() -> None:
    assert drawable("3 × 5 · \u2018a\u2019 猫") == "3 x 5 | 'a' ?"
