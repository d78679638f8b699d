"""Builders of strange and broken photos, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def scene(width: int = 96, height: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth picture without any symmetry, uint8 RGB."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return np.array(coarse.resize((width, height), Image.Resampling.BICUBIC))


def encoded(image: NDArray[np.uint8] | Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, format=kind, **options)
    return buffer.getvalue()


def with_orientation(image: NDArray[np.uint8], kind: str, value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return encoded(image, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))


def segment(marker: int, body: bytes) -> bytes:
    """One JPEG marker segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, bits: int, color: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def rgb_png_16(values: NDArray[np.uint16]) -> bytes:
    """A PNG with 16 bits a channel, which Pillow can read but not write."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(values.shape[1], values.shape[0], 16, 2, chunk(b"IDAT", zlib.compress(rows)))


def png_bomb(side: int = 65500) -> bytes:
    return png(side, side, 1, 0, chunk(b"IDAT", zlib.compress(b"\0" * 100_000)))


def text_bomb(kind: bytes = b"zTXt") -> bytes:
    """100 MB of text in 100 KB of PNG."""
    packed = zlib.compress(b"\0" * 100_000_000)
    between = b"\0\0" if kind == b"zTXt" else b"\0\1\0\0\0"
    return png(1, 1, 8, 0, chunk(kind, b"note" + between + packed), chunk(b"IDAT", zlib.compress(b"\0\0")))


def many_frames_gif(count: int) -> bytes:
    first, second = (Image.fromarray(np.full((4, 4), level, np.uint8)) for level in (0, 255))
    start = encoded(first, "GIF", save_all=True, append_images=[second])
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 4, 4, 0) + b"\x02\x02\x84\x51\x00"
    return start[:-1] + frame * count + b"\x3b"


def looping_tiff() -> bytes:
    """A TIFF whose second directory is its first one again."""
    data = bytearray(encoded(scene(8, 8), "TIFF"))
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * entries, first)
    return bytes(data)


def tiff(image: NDArray[np.generic], sample_format: int = 1, photometric: int = 1) -> bytes:
    """An uncompressed TIFF of one strip with any type of numbers."""
    height, width = image.shape[:2]
    channels = image.shape[2] if image.ndim == 3 else 1
    body = image.astype(image.dtype.newbyteorder("<")).tobytes()
    bits = struct.pack(f"<{channels}H", *[image.itemsize * 8] * channels)
    after = 8 + len(body)
    inline = channels == 1
    entries = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, channels, image.itemsize * 8 if inline else after),
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, 1, 8),
        (277, 3, 1, channels),
        (278, 3, 1, height),
        (279, 4, 1, len(body)),
        (339, 3, 1, sample_format),
    ]
    padding = b"" if inline else bits
    return _tiff_of(body + padding, entries)


def tiled_tiff(side: int) -> bytes:
    """A picture of 16 x 16 pixels that claims to lie in a tile of `side` x `side`."""
    body = bytes(256)
    entries = [
        (256, 3, 1, 16),
        (257, 3, 1, 16),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (322, 3, 1, side),
        (323, 3, 1, side),
        (324, 4, 1, 8),
        (325, 4, 1, len(body)),
    ]
    return _tiff_of(body, entries)


def _tiff_of(body: bytes, entries: list[tuple[int, int, int, int]]) -> bytes:
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II\x2a\0" + struct.pack("<I", 8 + len(body)) + body + directory + b"\0\0\0\0"
