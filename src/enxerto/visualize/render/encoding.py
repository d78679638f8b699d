"""Images to the bytes of files: PNG, which keeps every pixel, and JPEG and WebP, which don't."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def png(image: NDArray[np.uint8]) -> bytes:
    """A PNG file that holds exactly these pixels, and nothing else: no date, no software, no color profile.

    Args:
        image: RGB, uint8, shape (height, width, 3).
    """
    return _saved(image, "PNG", optimize=True)


def jpeg(image: NDArray[np.uint8], quality: int) -> bytes:
    """A JPEG file with colors at half resolution, as cameras and web pages write it.

    Args:
        image: RGB, uint8, shape (height, width, 3).
        quality: from 1 to 95.
    """
    return _saved(image, "JPEG", quality=quality, subsampling="4:2:0")


def webp(image: NDArray[np.uint8], quality: int = 85) -> bytes:
    """A small WebP file for a page.

    Args:
        image: RGB, uint8, shape (height, width, 3).
        quality: from 1 to 100.
    """
    return _saved(image, "WEBP", quality=quality, method=4)


def _saved(image: NDArray[np.uint8], kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()
