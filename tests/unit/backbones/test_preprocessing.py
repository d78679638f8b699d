from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from enxerto.backbones import Preprocessing, to_pixels
from enxerto.backbones.preprocessing import require_pixels
from enxerto.data import cat_photo
from enxerto.errors import BoundsError
from enxerto.types import Images

SMALL = Preprocessing(64, 0.875, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def by_pillow(photo: Images, preprocessing: Preprocessing) -> Images:
    """The central square, resized by Pillow."""
    height, width = photo.shape[:2]
    side = max(1, round(min(height, width) * preprocessing.crop))
    left, top = (width - side) // 2, (height - side) // 2
    square = Image.fromarray(photo).crop((left, top, left + side, top + side))
    size = (preprocessing.size_px, preprocessing.size_px)
    return np.asarray(square.resize(size, FILTERS[preprocessing.interpolation]))


def noise(height: int, width: int) -> Images:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize(
    "photo",
    [cat_photo(), cat_photo()[:, ::-1], noise(40, 90), noise(201, 64)],
    ids=["smaller", "flipped", "enlarged", "portrait"],
)
def test_it_equals_pillow_within_two_grey_levels(photo: Images, interpolation: Literal["bicubic", "bilinear"]) -> None:
    preprocessing = replace(SMALL, interpolation=interpolation)
    got, expected = preprocessing.image(photo), by_pillow(photo, preprocessing)
    assert (got.dtype, got.shape) == (np.uint8, (64, 64, 3))
    assert np.abs(got.astype(int) - expected.astype(int)).max() <= 2


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 900), (900, 1), (2, 3), (37, 5000)])
def test_tiny_and_extreme_photos_fill_the_square(height: int, width: int) -> None:
    photo = np.full((height, width, 3), (10, 200, 90), dtype=np.uint8)
    assert (SMALL.image(photo) == (10, 200, 90)).all()


def test_a_square_of_the_right_size_is_cut_out_unchanged() -> None:
    preprocessing = replace(SMALL, crop=1.0)
    photo = noise(64, 100)
    image = preprocessing.image(photo)
    np.testing.assert_array_equal(image, photo[:, 18:82])
    assert image.flags.c_contiguous


def test_the_photo_is_left_as_it_was() -> None:
    photo = noise(100, 100)
    before = photo.copy()
    SMALL.image(photo)[:] = 0
    replace(SMALL, size_px=100, crop=1.0).image(photo)
    np.testing.assert_array_equal(photo, before)


def test_the_shorter_side_needed_is_the_square_before_the_crop() -> None:
    assert replace(SMALL, size_px=224, crop=0.875).short_side_px == 256


def test_images_become_pixels() -> None:
    images = np.stack([noise(4, 5), noise(4, 5)])
    pixels = to_pixels(images)
    assert (pixels.dtype, pixels.shape, pixels.flags.c_contiguous) == (np.float32, (2, 3, 4, 5), True)
    assert pixels[1, 2, 3, 4] == np.float32(images[1, 3, 4, 2]) / np.float32(255)


@pytest.mark.parametrize("pixels", [np.zeros((1, 3, 2, 2)), np.ones((1, 3, 2, 2))])
def test_black_and_white_are_pixels(pixels: np.ndarray) -> None:
    require_pixels(pixels.astype(np.float32))


@pytest.mark.parametrize(("value", "shown"), [(-0.01, "min -0.01, max 0.5"), (1.5, "min 0.5, max 1.5")])
def test_other_values_are_no_pixels(value: float, shown: str) -> None:
    pixels = np.full((1, 3, 2, 2), 0.5, dtype=np.float32)
    pixels[0, 0, 0, 0] = value
    with pytest.raises(BoundsError, match=rf"must lie in \[0, 1\], got {shown}; pass pixels before normalization"):
        require_pixels(pixels)


def test_not_a_number_is_no_pixel() -> None:
    with pytest.raises(BoundsError, match="got min nan"):
        require_pixels(np.full((1, 3, 2, 2), np.nan, dtype=np.float32))
