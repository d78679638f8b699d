from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from enxerto.data import decode
from enxerto.visualize.render.encoding import jpeg, png, webp

NOISE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def test_a_png_keeps_every_pixel_and_nothing_else() -> None:
    content = png(NOISE)
    assert np.array_equal(decode(content).image, NOISE)
    assert content == png(NOISE.copy())
    assert not Image.open(BytesIO(content)).info


def test_a_jpeg_and_a_webp_lose_by_their_quality() -> None:
    smooth = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[:, None, None], 64, axis=1).repeat(3, axis=2)
    for encode in (jpeg, webp):
        errors = [int(np.abs(decode(encode(smooth, q)).image.astype(int) - smooth).max()) for q in (90, 5)]
        assert errors[0] <= 8
        assert errors[0] < errors[1]
