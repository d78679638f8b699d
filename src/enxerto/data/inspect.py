"""What is kept of a photo after a look at it: a verdict, a checksum, and a thumbprint for finding duplicates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from enxerto.data.decode import DecodedPhoto, Limits, decode
from enxerto.errors import PhotoError

GOOD = "good"
THUMBPRINT_PX = 24
_SAMPLES = 4
_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """The result of looking at one photo.

    Attributes:
        sha256: of the file's content, in hex; empty when the file could not be read.
        code: `good`, or one of `enxerto.data.decode.REASONS`.
        detail: the reason in words; empty when good.
        warnings: (code, detail) pairs of a photo that is used nevertheless.
        format: by content, e.g. `JPEG`; empty when unknown.
        width: of the upright original; 0 when unknown.
        height: likewise.
        thumbprint: green levels of the photo squeezed to 24 x 24, row by row; empty when not decoded.
    """

    sha256: str
    code: str
    detail: str = ""
    warnings: tuple[tuple[str, str], ...] = ()
    format: str = ""
    width: int = 0
    height: int = 0
    thumbprint: bytes = b""

    @property
    def good(self) -> bool:
        """The photo can be decoded."""
        return self.code == GOOD

    def to_bytes(self) -> bytes:
        """The record as compact MessagePack."""
        return _ENCODER.encode(
            (self.sha256, self.code, self.detail, self.warnings, self.format, self.width, self.height, self.thumbprint)
        )

    @classmethod
    def from_bytes(cls, packed: bytes) -> PhotoRecord:
        """The record that `to_bytes` packed.

        Raises:
            msgspec.DecodeError: the bytes are no record.
        """
        return cls(*_DECODER.decode(packed))


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[str, str, str, tuple[tuple[str, str], ...], str, int, int, bytes])


def inspect(
    data: bytes, *, short_side_px: int | None = None, limits: Limits = _DEFAULT_LIMITS
) -> tuple[PhotoRecord, DecodedPhoto | None]:
    """Look at a photo's content once: checksum, verdict, thumbprint and, when good, its pixels."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        decoded = decode(data, short_side_px=short_side_px, limits=limits)
    except PhotoError as error:
        return PhotoRecord(sha256, error.code, error.detail), None
    record = PhotoRecord(
        sha256,
        GOOD,
        "",
        decoded.warnings,
        decoded.format,
        decoded.width,
        decoded.height,
        thumbprint(decoded.image),
    )
    return record, decoded


def thumbprint(image: NDArray[np.uint8]) -> bytes:
    """The green levels of an image squeezed to 24 x 24, each cell the mean of some sixteen samples or more.

    Green carries most of the brightness, and one channel of a regular sample costs a third of converting to gray.

    Args:
        image: RGB, uint8, shape (height, width, 3).

    Returns:
        576 bytes, row by row.
    """
    from PIL import Image

    step = max(1, min(image.shape[:2]) // (_SAMPLES * THUMBPRINT_PX))
    green = Image.fromarray(np.ascontiguousarray(image[step // 2 :: step, step // 2 :: step, 1]))
    enlarging = min(green.size) < 2 * THUMBPRINT_PX
    smoothing = Image.Resampling.BILINEAR if enlarging else Image.Resampling.BOX
    return green.resize((THUMBPRINT_PX, THUMBPRINT_PX), smoothing).tobytes()
