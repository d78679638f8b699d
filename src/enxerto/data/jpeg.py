"""Read JPEG headers, and decode JPEGs by libjpeg-turbo straight into an array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from enxerto.data.orientation import UPRIGHT, orientation_of

SCALES = (8, 4, 2)
"""The only reductions that make decoding faster; others are slower than full size."""

_EXIF, _MULTI, _START_OF_SCAN, _FILL, _END = 0xE1, 0xE2, 0xDA, 0xFF, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the first scan.

    Attributes:
        width: in the file, before turning upright.
        height: likewise.
        components: 1 gray, 3 color, 4 CMYK.
        bits: per sample.
        progressive: the picture comes in several scans.
        orientation: 1 to 8.
        several: more pictures follow the first (a multi-picture file).
    """

    width: int
    height: int
    components: int
    bits: int
    progressive: bool
    orientation: int
    several: bool


def read_header(data: bytes) -> JpegHeader | None:
    """The header of a JPEG; `None` when it isn't well-formed.

    Reference: ITU-T T.81, B.1.1.2 and B.2.2.
    """
    position, frame, progressive, orientation, several = 2, -1, False, 0, False
    try:
        while True:
            if data[position] != _FILL:
                return None
            marker = data[position + 1]
            if marker == _FILL:
                position += 1
                continue
            if marker in (_START_OF_SCAN, _END):
                break
            if marker in _FRAMES:
                frame, progressive = position, marker in _PROGRESSIVE
            length = data[position + 2] << 8 | data[position + 3]
            if marker == _EXIF and not orientation and data[position + 4 : position + 10] == b"Exif\0\0":
                orientation = orientation_of(data[position + 10 : position + 2 + length])
            elif marker == _MULTI and data[position + 4 : position + 8] == b"MPF\0":
                several = True
            position += 2 + length
        if frame < 0:
            return None
        bits, components = data[frame + 4], data[frame + 9]
        height = data[frame + 5] << 8 | data[frame + 6]
        width = data[frame + 7] << 8 | data[frame + 8]
    except IndexError:
        return None
    if width == 0 or height == 0:
        return None
    return JpegHeader(width, height, components, bits, progressive, orientation or UPRIGHT, several)


def scale_for(width: int, height: int, short_side_px: int | None) -> int:
    """The largest of 8, 4, 2, 1 that leaves at least twice `short_side_px` on the short side."""
    if short_side_px is None:
        return 1
    short = min(width, height)
    return next((scale for scale in SCALES if short // scale >= 2 * short_side_px), 1)


def decode_jpeg(data: bytes, header: JpegHeader, scale: int) -> NDArray[np.uint8]:
    """Decode gray and color JPEGs at 1/`scale` size.

    Returns:
        RGB, uint8, shape (ceil(height / scale), ceil(width / scale), 3), not yet upright.

    Raises:
        ValueError: the data is damaged, if ever so slightly.
    """
    if scale == 1:
        decoded: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB")
        return decoded
    height, width = -(-header.height // scale), -(-header.width // scale)
    reduced: NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data, "RGB", min_height=height, min_width=width, min_factor=scale
    )
    return reduced
