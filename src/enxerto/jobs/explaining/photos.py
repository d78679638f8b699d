"""Photos on their way to an explanation: read, looked at as the network does, and drawn over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Preprocessing
from enxerto.data import Limits, Photo
from enxerto.data.decode import decode, read_bytes
from enxerto.engines import processors
from enxerto.errors import PhotoError
from enxerto.report.thumbnails import shrunk
from enxerto.types import Images
from enxerto.visualize.attribution import Explanation
from enxerto.visualize.render.encoding import jpeg, webp
from enxerto.visualize.render.overlay import overlay

PHOTOS_A_BLOCK = 16
PAGE_SIDE_PX = 400
"""Long side of the pictures on the page."""
PAGE_QUALITY = 70
FILE_QUALITY = 92


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """A photo that could be read.

    Attributes:
        photo: the file.
        square: what the network sees, uint8, shape (size, size, 3).
        box: where that lies in the photo at its own size: left, top, right, bottom.
    """

    photo: Photo
    square: Images
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class DrawnPhoto:
    """A photo explained, in pictures.

    Attributes:
        photo: a small WebP file.
        overlays: method to a small WebP file.
        files: method to a JPEG file of the overlay in the photo's own size.
    """

    photo: bytes
    overlays: dict[str, bytes]
    files: dict[str, bytes]


def seen_blocks(
    photos: Sequence[Photo], preprocessing: Preprocessing, limits: Limits
) -> Iterator[list[SeenPhoto | tuple[Photo, PhotoError]]]:
    """Photos as a network looks at them, or why they can't be read, some at a time and in order."""

    def seen(photo: Photo) -> SeenPhoto | tuple[Photo, PhotoError]:
        try:
            decoded = decode(read_bytes(photo.path, limits), short_side_px=preprocessing.short_side_px, limits=limits)
        except PhotoError as error:
            return photo, error
        top, left, side = preprocessing.square(*decoded.image.shape[:2])
        scale = decoded.height / decoded.image.shape[0], decoded.width / decoded.image.shape[1]
        box = (
            round(left * scale[1]), round(top * scale[0]), round((left + side) * scale[1]),
            round((top + side) * scale[0]),
        )  # fmt: skip
        box = (box[0], box[1], min(box[2], decoded.width), min(box[3], decoded.height))
        return SeenPhoto(photo, preprocessing.image(decoded.image), box)

    with ThreadPoolExecutor(processors(), thread_name_prefix="enxerto-photos") as pool:
        for start in range(0, len(photos), PHOTOS_A_BLOCK):
            yield list(pool.map(seen, photos[start : start + PHOTOS_A_BLOCK]))


def draw_all(explanations: Sequence[Explanation], limits: Limits, *, files: bool, page: bool) -> list[DrawnPhoto]:
    """The pictures of each photo.

    Args:
        explanations: of photos that could be read a moment ago.
        limits: of bytes and pixels a photo.
        files: overlays in the photo's own size are wanted.
        page: small pictures are wanted.

    Raises:
        PhotoError: a photo is gone.
    """
    with ThreadPoolExecutor(processors(), thread_name_prefix="enxerto-overlays") as pool:
        return list(pool.map(lambda one: draw(one, limits, files=files, page=page), explanations))


def draw(explanation: Explanation, limits: Limits, *, files: bool, page: bool) -> DrawnPhoto:
    """As `draw_all` for one photo."""
    if not files and not page:
        return DrawnPhoto(b"", {}, {})
    photo = decode(read_bytes(explanation.path, limits), limits=limits).image
    drawn = {each.method: overlay(photo, each.values, explanation.box) for each in explanation.attributions}
    return DrawnPhoto(
        photo=_small(photo) if page else b"",
        overlays={name: _small(image) for name, image in drawn.items()} if page else {},
        files={name: jpeg(image, FILE_QUALITY) for name, image in drawn.items()} if files else {},
    )


def overlay_of(seen: SeenPhoto, values: NDArray[np.float32], limits: Limits, side_px: int) -> bytes:
    """One map over its photo, as a small WebP file.

    Args:
        seen: the photo.
        values: the map, shape (size, size).
        limits: of bytes and pixels.
        side_px: long side of the picture.
    """
    photo = decode(read_bytes(seen.photo.path, limits), limits=limits).image
    return _small(overlay(photo, values, seen.box), side_px)


def _small(image: Images, side_px: int = PAGE_SIDE_PX) -> bytes:
    return webp(np.asarray(shrunk(image, side_px)), PAGE_QUALITY)
