"""Small pictures for the page, encoded anew: no metadata, no place where a photo was taken, no hidden payload."""

from __future__ import annotations

import math
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enxerto.data.decode import Limits, decode, read_bytes
from enxerto.errors import PhotoError

SIDE_PX = 160
MOST_BYTES = 16_000
_DEFAULT_LIMITS = Limits()
_QUALITIES = (75, 55, 35, 15)


def make_thumbnails(
    paths: Mapping[str, Path], side_px: int = SIDE_PX, limits: Limits = _DEFAULT_LIMITS
) -> dict[str, bytes]:
    """Thumbnails of photos, as WebP files of at most 16 kB; photos that can't be read are left out.

    Args:
        paths: photo name to its file.
        side_px: the long side of a thumbnail; photos that are smaller stay as they are.
        limits: of bytes and pixels a photo.
    """
    thumbnails = {}
    for name, path in paths.items():
        try:
            image = decode(read_bytes(path, limits), short_side_px=side_px, limits=limits).image
        except PhotoError:
            continue
        thumbnails[name] = _encoded(shrunk(image, side_px))
    return thumbnails


def shrunk(image: NDArray[np.uint8], side_px: int) -> Image.Image:
    """A picture whose long side is at most so long; one that is smaller stays as it is."""
    height, width = image.shape[:2]
    scale = min(1.0, side_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Image.fromarray(image)
    return picture.resize(size, Image.Resampling.LANCZOS) if size != picture.size else picture


def _encoded(picture: Image.Image) -> bytes:
    """The best quality that stays within the size limit; a picture of pure noise is halved until it does."""
    for quality in _QUALITIES:
        buffer = BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=4)
        if buffer.tell() <= MOST_BYTES:
            return buffer.getvalue()
    half = (math.ceil(picture.width / 2), math.ceil(picture.height / 2))
    return _encoded(picture.resize(half, Image.Resampling.BOX))
