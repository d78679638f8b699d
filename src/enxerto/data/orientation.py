"""Turn a photo upright by its EXIF orientation."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1
_TAG = 0x0112
_SHORT, _LONG = 3, 4
_MOST_ENTRIES = 512


def orientation_of(exif: bytes) -> int:
    r"""The orientation, 1 to 8, in an EXIF block; 1 where the block is absent, damaged or says nonsense.

    Args:
        exif: a TIFF structure, with or without the leading `Exif\0\0`.

    Reference: Exif 2.32, 4.6.2 and 4.6.4 A, tag 274.
    """
    start = 6 if exif[:6] == b"Exif\0\0" else 0
    order = {b"II": "<", b"MM": ">"}.get(exif[start : start + 2])
    if order is None:
        return UPRIGHT
    try:
        (first,) = struct.unpack_from(order + "I", exif, start + 4)
        (entries,) = struct.unpack_from(order + "H", exif, start + first)
        for entry in range(min(entries, _MOST_ENTRIES)):
            position = start + first + 2 + 12 * entry
            tag, kind = struct.unpack_from(order + "HH", exif, position)
            if tag == _TAG:
                layout = {_SHORT: "H", _LONG: "I"}.get(kind)
                value = struct.unpack_from(order + layout, exif, position + 8)[0] if layout else UPRIGHT
                return value if 1 <= value <= 8 else UPRIGHT
    except struct.error:
        return UPRIGHT
    return UPRIGHT


def upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The image as its photographer saw it.

    Args:
        image: shape (height, width, 3).
        orientation: 1 to 8 as in EXIF.

    Returns:
        A contiguous array; height and width are exchanged for orientations 5 to 8.
    """
    if orientation == UPRIGHT:
        return image
    turned = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: a[::-1].transpose(1, 0, 2),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: a[:, ::-1].transpose(1, 0, 2),
    }[orientation](image)
    return np.ascontiguousarray(turned)
