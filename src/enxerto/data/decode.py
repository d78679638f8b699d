"""Bytes in, upright 8-bit RGB out: the one decoder of the whole package.

The format is told from the content, never from the name; only JPEG, PNG, WebP, GIF, BMP and TIFF are read. Size limits
are checked before any pixel is allocated. JPEGs go straight to libjpeg-turbo (`simplejpeg`), which is strict: what it
refuses, Pillow gets to judge. Everything else is opened by Pillow's own class of that format instead of `Image.open`,
whose check for decompression bombs warns and raises by a process-wide setting; ours has its own limit. So this module
touches no setting that other threads might see, but for one filter of Pillow's warnings on odd metadata, installed
once: see `_quiet_pillow`.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import PIL
import simplejpeg
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin
from PIL import WebPImagePlugin as WebpImagePlugin

from enxerto.data import jpeg
from enxerto.data.color import to_rgb
from enxerto.data.orientation import UPRIGHT, orientation_of, upright
from enxerto.data.reading import REASONS, WARNINGS, Limits, read_bytes
from enxerto.data.sniff import gif_size, is_cut, sniff, webp_size
from enxerto.errors import PhotoError

__all__ = ["DECODER", "REASONS", "WARNINGS", "DecodedPhoto", "Limits", "decode", "read_bytes"]

DECODER = f"decode-1/pillow-{PIL.__version__}/simplejpeg-{simplejpeg.__version__}"
"""The decoder's identity for cache keys; the recipe number grows whenever pixels may change."""

_SCAN = b"\xff\xda"
_MOST_SCANS = 500
_MANY_PIXELS = 2.0


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """A decoded photo.

    Attributes:
        image: upright RGB, uint8, shape (height, width, 3), writable; smaller than the original where
            `short_side_px` allowed it.
        format: `JPEG`, `PNG`, `WEBP`, `GIF`, `BMP` or `TIFF`, by content.
        mode: Pillow's name of the color mode in the file.
        width: of the upright original.
        height: of the upright original.
        warnings: (code, detail) pairs; codes are those of `WARNINGS`.
    """

    image: NDArray[np.uint8]
    format: str
    mode: str
    width: int
    height: int
    warnings: tuple[tuple[str, str], ...] = ()


_DEFAULT_LIMITS = Limits()


def decode(data: bytes, *, short_side_px: int | None = None, limits: Limits = _DEFAULT_LIMITS) -> DecodedPhoto:
    """Decode a photo.

    Args:
        data: the file's content.
        short_side_px: the size that the caller will shrink the short side to; large JPEGs are then decoded at 1/2,
            1/4 or 1/8 size as long as twice this many pixels are left.
        limits: checked before decoding.

    Raises:
        PhotoError: anything that keeps the photo from being decoded; `code` is one of `REASONS`.
    """
    name = sniff(data)
    if len(data) > limits.bytes:
        raise PhotoError("too-large", f"{len(data):,} bytes, allowed are {limits.bytes:,}")
    if name == "JPEG":
        return _decode_jpeg(data, short_side_px, limits)
    return _decode_with_pillow(data, name, short_side_px, limits)


def _decode_jpeg(data: bytes, short_side_px: int | None, limits: Limits) -> DecodedPhoto:
    header = jpeg.read_header(data)
    if (header is None or header.progressive) and data.count(_SCAN) > _MOST_SCANS:
        raise PhotoError("bomb", f"more than {_MOST_SCANS} scans in a JPEG")
    if header is None:
        return _decode_with_pillow(data, "JPEG", short_side_px, limits, complaint="bytes between the header's segments")
    _require_pixels((header.width, header.height), limits)
    if header.bits != 8:
        raise PhotoError("unsupported-format", f"a JPEG of {header.bits} bits a sample; read are those of 8")
    if header.components not in (1, 3):
        return _decode_with_pillow(data, "JPEG", short_side_px, limits)
    scale = jpeg.scale_for(header.width, header.height, short_side_px)
    try:
        image = jpeg.decode_jpeg(data, header, scale)
    except ValueError as error:
        return _decode_with_pillow(data, "JPEG", short_side_px, limits, complaint=str(error))
    width, height = header.width, header.height
    if header.orientation != UPRIGHT:
        image = upright(image, header.orientation)
        if header.orientation >= 5:
            width, height = height, width
    notes = (("animated", "more pictures follow the first"),) if header.several else ()
    return DecodedPhoto(image, "JPEG", "L" if header.components == 1 else "RGB", width, height, notes)


class _Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF whose damaged metadata doesn't cost its pixels."""

    def load_end(self) -> None:
        with suppress(Exception):
            super().load_end()
        if self._size != self.im.size:
            self._size = self.im.size


_OPENERS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebpImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": _Tiff,
}


def _decode_with_pillow(
    data: bytes, name: str, short_side_px: int | None, limits: Limits, complaint: str = ""
) -> DecodedPhoto:
    _quiet_pillow()
    try:
        _require_header_pixels(data, name, limits)
        image = _OPENERS[name](BytesIO(data))
        _require_pixels(image.size, limits)
        if isinstance(image, _Tiff):
            _require_tiles(image, limits)
        size, mode, notes = image.size, image.mode, _notes(image, complaint)
        if name == "JPEG" and (scale := jpeg.scale_for(*size, short_side_px)) > 1:
            image.draft(None, (size[0] // scale, size[1] // scale))
        image.load()
        pixels, stretched = to_rgb(image)
    except PhotoError:
        raise
    except Exception as error:  # a hostile file may make a parser raise anything
        raise _verdict(error, data, name) from error
    if stretched:
        notes += (("rescaled", WARNINGS["rescaled"]),)
    orientation = UPRIGHT if name == "TIFF" else orientation_of(_exif(image))  # Pillow turns TIFFs itself
    width, height = size if orientation < 5 else size[::-1]
    return DecodedPhoto(upright(pixels, orientation), name, mode, width, height, notes)


def _require_header_pixels(data: bytes, name: str, limits: Limits) -> None:
    """Check the limit before opening, where opening would allocate the canvas."""
    size = webp_size(data) if name == "WEBP" else gif_size(data) if name == "GIF" else None
    if size is not None:
        _require_pixels(size, limits)


def _require_pixels(size: tuple[int, int], limits: Limits) -> None:
    if size[0] * size[1] > limits.pixels:
        raise PhotoError("bomb", f"{size[0]} x {size[1]} pixels, allowed are {limits.pixels:,} in all")
    if size[0] < 1 or size[1] < 1:
        raise PhotoError("unreadable", f"{size[0]} x {size[1]} pixels")


def _require_tiles(image: TiffImagePlugin.TiffImageFile, limits: Limits) -> None:
    sides = (image.tag_v2.get(TiffImagePlugin.TILEWIDTH, 1), image.tag_v2.get(TiffImagePlugin.TILELENGTH, 1))
    if all(isinstance(side, int) for side in sides) and sides[0] * sides[1] > _MANY_PIXELS * limits.pixels:
        raise PhotoError("bomb", f"tiles of {sides[0]} x {sides[1]} pixels")


def _notes(image: ImageFile.ImageFile, complaint: str) -> tuple[tuple[str, str], ...]:
    notes: tuple[tuple[str, str], ...] = ()
    if complaint:
        notes += (("recovered", complaint),)
    if getattr(image, "is_animated", False):
        notes += (("animated", WARNINGS["animated"]),)
    return notes


def _exif(image: ImageFile.ImageFile) -> bytes:
    exif = image.info.get("exif", b"")
    return exif if isinstance(exif, bytes) else b""


def _verdict(error: Exception, data: bytes, name: str) -> PhotoError:
    words = " ".join(str(error).split())[:200] or type(error).__name__
    if "bomb" in words or "too large" in words.lower() or "Too much memory" in words:
        return PhotoError("bomb", words)
    if isinstance(error, MemoryError):
        return PhotoError("bomb", "not enough memory to decode it")
    if isinstance(error, EOFError) or "truncated" in words.lower() or is_cut(data, name):
        return PhotoError("truncated", f"the {name} ends before the image does ({words})")
    return PhotoError("unreadable", f"damaged {name}: {words}")


_QUIET = r"PIL\.(Tiff|Png)ImagePlugin"


def _quiet_pillow() -> None:
    """Have Pillow keep its remarks on odd TIFF tags and APNG chunks to itself, whatever the filters were before.

    Entering and leaving `warnings.catch_warnings` at each photo would race with other threads, so the filter is
    installed once and stays; it is installed again only if somebody has reset the filters.
    """
    if not any(getattr(entry[3], "pattern", None) == _QUIET for entry in warnings.filters):
        warnings.filterwarnings("ignore", category=UserWarning, module=_QUIET)
