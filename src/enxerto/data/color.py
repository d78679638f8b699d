"""Bring every mode and bit depth that Pillow opens to 8-bit RGB.

* Alpha, whole or by palette or key color: over white.
* 16-bit integers: scaled by 255/65535 and rounded, never clipped. (16-bit RGB arrives from Pillow with its high bytes.)
* 32-bit integers: as 8 bits when all lie in 0..255, as 16 bits when all lie in 0..65535, else stretched.
* Floats: as [0, 1] when all lie there, as 8 bits when all lie in 0..255, else stretched; NaN and infinities are 0.
* Stretched: from the smallest value to the largest; the caller adds the warning `rescaled`.
* CMYK and YCbCr: Pillow's plain conversions, where Adobe's inverted CMYK has been turned back. LAB: littleCMS to sRGB.
* Embedded color profiles are ignored, as in the pretrained networks' own preprocessing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WHITE = (255, 255, 255)


def to_rgb(image: Image.Image) -> tuple[NDArray[np.uint8], bool]:
    """Convert an opened image.

    Returns:
        RGB, uint8, shape (height, width, 3), writable; and whether brightness was stretched.
    """
    if image.mode.startswith("I;16"):
        return _gray(_from_16_bit(np.asarray(image))), False
    if image.mode in ("I", "F"):
        levels, stretched = _from_numbers(np.asarray(image, dtype=np.float64), unit_range=image.mode == "F")
        return _gray(levels), stretched
    if image.mode == "LAB":
        image = _from_lab(image)
    elif image.has_transparency_data:
        image = _over_white(image)
    elif image.mode != "RGB":
        image = image.convert("RGB")
    return np.array(image, dtype=np.uint8), False


def _gray(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(levels[:, :, None], 3, axis=2)


def _from_16_bit(values: NDArray[Any]) -> NDArray[np.uint8]:
    return ((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def _from_numbers(values: NDArray[np.float64], *, unit_range: bool) -> tuple[NDArray[np.uint8], bool]:
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0.0:
        tops = (1.0, 255.0) if unit_range else (255.0, 65535.0)
        for top in tops:
            if high <= top:
                return np.rint(values * (255.0 / top)).astype(np.uint8), False
    if high == low:
        return np.zeros(values.shape, dtype=np.uint8), True
    # Divided first: high - low may overflow.
    stretched = (values / 2 - low / 2) / (high / 2 - low / 2)
    return np.rint(stretched * 255.0).astype(np.uint8), True


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, _WHITE)
    ground.paste(image, mask=image.getchannel("A"))
    return ground
