"""Tell a file's format from its first bytes, and its size from its header where opening it would cost memory."""

from __future__ import annotations

import struct

from enxerto.errors import PhotoError

_FORMATS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II\x2a\x00", "TIFF"),
    (b"MM\x00\x2a", "TIFF"),
    (b"II\x2b\x00", "TIFF"),
    (b"MM\x00\x2b", "TIFF"),
)
_OTHER_IMAGES = (
    (b"8BPS", "Photoshop"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"SIMPLE  =", "FITS"),
    (b"v/1\x01", "OpenEXR"),
    (b"P1", "PNM"),
    (b"P2", "PNM"),
    (b"P3", "PNM"),
    (b"P4", "PNM"),
    (b"P5", "PNM"),
    (b"P6", "PNM"),
)
_DOCUMENTS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_WINDOW = 1024


def sniff(data: bytes) -> str:
    """The format that the content begins like: `JPEG`, `PNG`, `WEBP`, `GIF`, `BMP` or `TIFF`.

    Raises:
        PhotoError: the file is empty, no image, or an image of another kind.
    """
    if not data:
        raise PhotoError("empty", "the file has no content")
    for signature, name in _FORMATS:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise _refusal(data)


def _refusal(data: bytes) -> PhotoError:
    read = "read are JPEG, PNG, WebP, GIF, BMP and TIFF"
    if data[4:8] == b"ftyp":
        brand = data[8:12].decode("latin-1")
        kind = {"avif": "an AVIF image", "heic": "a HEIC image", "mif1": "a HEIF image"}.get(brand, "a video or HEIF")
        return PhotoError("unsupported-format", f"{kind}; {read}")
    for signature, name in _OTHER_IMAGES:
        if data.startswith(signature):
            return PhotoError("unsupported-format", f"a {name} image; {read}")
    for signature, words in _DOCUMENTS:
        if data.startswith(signature):
            return PhotoError("not-an-image", f"{words}; {read}")
    text = data[:_WINDOW].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return PhotoError("unsupported-format", f"an SVG drawing; {read}")
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        return PhotoError("not-an-image", f"a web page or XML text; {read}")
    return PhotoError("not-an-image", f"begins with {data[:8]!r}; {read}")


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP; opening one already allocates its canvas. `None` when the header is damaged.

    Reference: WebP container specification, "Extended file format"; RFC 6386, 9.1; WebP lossless, 3.
    """
    chunk = data[12:16]
    if len(data) < 30:
        return None
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def gif_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a GIF's canvas, extended to its first frame; `None` when the header is damaged.

    Reference: GIF89a specification, 18 and 20.
    """
    try:
        width, height, flags = struct.unpack_from("<HHB", data, 6)
        position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        while data[position] == 0x21:
            position += 2
            while length := data[position]:
                position += 1 + length
            position += 1
        if data[position] != 0x2C:
            return None
        left, top, frame_width, frame_height = struct.unpack_from("<HHHH", data, position + 1)
    except (struct.error, IndexError):
        return None
    return max(width, left + frame_width), max(height, top + frame_height)


def is_cut(data: bytes, name: str) -> bool:
    """Whether the file ends before its own structure says that it does."""
    if name == "PNG":
        return b"IEND" not in data[-64:] and not _png_is_whole(data)
    if name == "WEBP":
        return len(data) < 12 or int.from_bytes(data[4:8], "little") + 8 > len(data)
    if name == "GIF":
        return b"\x3b" not in data[-16:]
    if name == "JPEG":
        return b"\xff\xd9" not in data
    if name == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    return False


def _png_is_whole(data: bytes) -> bool:
    position = 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"IEND":
            return True
        position += 12 + length
    return False
