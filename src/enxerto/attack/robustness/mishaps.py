"""What ordinarily happens to photos: blur, noise, JPEG, brightness, rotation and crop, each at five strengths.

References: Hendrycks & Dietterich 2019, arXiv:1903.12261 (ImageNet-C), whose settings blur, noise, JPEG and brightness
take; there photos have a short side of 256 pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from enxerto.attack.file.survival import Jpeg
from enxerto.errors import OptionError, UnknownNameError
from enxerto.types import Floats, Images

STRENGTHS = (1, 2, 3, 4, 5)
SHORT_SIDE_PX = 256
"""That widths of blur are stated for."""


@dataclass(frozen=True)
class Mishap:
    """Something that happens to a photo.

    Attributes:
        kind: its name.
        settings: one for each strength, rising in harm.
        words: says a setting.
        apply: the photo afterwards, from photo, setting and a photo's own dice.
    """

    kind: str
    settings: tuple[float, ...]
    words: str
    apply: Callable[[Images, float, np.random.Generator], Images]


def happen(photo: Images, kind: str, strength: int, *, seed: int = 0) -> Images:
    """The photo afterwards.

    What is random (noise, direction, place) depends on the photo's values, the kind and the seed; it is the same at
    each strength.

    Args:
        photo: uint8 RGB, shape (height, width, 3).
        kind: one of `MISHAPS`.
        strength: 1 (slight) to 5 (severe).
        seed: of what is random.

    Returns:
        uint8 RGB; smaller after a crop.

    Raises:
        UnknownNameError: there is no such kind.
        OptionError: there is no such strength.
    """
    mishap = _mishap(kind)
    setting = _setting(mishap, strength)
    digest = hashlib.blake2b(f"{seed} {kind} {photo.shape} ".encode() + photo.tobytes(), digest_size=8).digest()
    return mishap.apply(photo, setting, np.random.default_rng(int.from_bytes(digest, "big")))


def describe(kind: str, strength: int) -> str:
    """What a strength of a kind means, in words; raises as `happen`."""
    mishap = _mishap(kind)
    return mishap.words.format(_setting(mishap, strength))


def shrunk(photo: Images, short_side_px: int) -> Images:
    """The photo with this short side, if it is larger; bicubic with Pillow."""
    short = min(photo.shape[:2])
    if short <= short_side_px:
        return photo
    height, width = (max(1, round(length * short_side_px / short)) for length in photo.shape[:2])
    return np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))


def _mishap(kind: str) -> Mishap:
    if kind not in MISHAPS:
        raise UnknownNameError("corruption", kind, MISHAPS)
    return MISHAPS[kind]


def _setting(mishap: Mishap, strength: int) -> float:
    if strength not in STRENGTHS:
        raise OptionError(f"`strength` must be a whole number from 1 to {len(STRENGTHS)}, got {strength}")
    return mishap.settings[strength - 1]


def _blur(photo: Images, sigma: float, dice: np.random.Generator) -> Images:
    del dice
    blur = ImageFilter.GaussianBlur(sigma * min(photo.shape[:2]) / SHORT_SIDE_PX)
    return np.asarray(Image.fromarray(photo).filter(blur))


def _noise(photo: Images, sigma: float, dice: np.random.Generator) -> Images:
    return _levels(photo + sigma * 255 * dice.standard_normal(photo.shape, dtype=np.float32))


def _jpeg(photo: Images, quality: float, dice: np.random.Generator) -> Images:
    del dice
    return Jpeg(quality=int(quality)).apply(photo)


def _brightness(photo: Images, added: float, dice: np.random.Generator) -> Images:
    """Brighter or darker: the largest of the three colors moves, the other two keep their ratio to it."""
    value = photo.max(2, keepdims=True).astype(np.float32)
    moved = np.clip(value + (added if dice.random() < 0.5 else -added) * 255, 0, 255)
    return _levels(np.where(value > 0, photo * (moved / np.maximum(value, 1)), moved))


def _rotation(photo: Images, degrees: float, dice: np.random.Generator) -> Images:
    """Either way around; what comes in from outside is the photo mirrored at its edge."""
    angle = degrees if dice.random() < 0.5 else -degrees
    return _levels(ndimage.rotate(photo.astype(np.float32), angle, reshape=False, order=1, mode="reflect"))


def _crop(photo: Images, side: float, dice: np.random.Generator) -> Images:
    """Any part of this share of both sides."""
    sizes = [max(1, round(length * side)) for length in photo.shape[:2]]
    top, left = (int(dice.random() * (length - size + 1)) for length, size in zip(photo.shape[:2], sizes, strict=True))
    return np.ascontiguousarray(photo[top : top + sizes[0], left : left + sizes[1]])


def _levels(values: Floats) -> Images:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


MISHAPS = {
    mishap.kind: mishap
    for mishap in (
        Mishap("blur", (1, 2, 3, 4, 6), "Gaussian blur of {:g} px where the short side has 256", _blur),
        Mishap("noise", (0.08, 0.12, 0.18, 0.26, 0.38), "Gaussian noise of {:g} of the range", _noise),
        Mishap("jpeg", (25, 18, 15, 10, 7), "JPEG quality {:g}", _jpeg),
        Mishap("brightness", (0.1, 0.2, 0.3, 0.4, 0.5), "brighter or darker by {:g} of the range", _brightness),
        Mishap("rotation", (5, 10, 15, 22.5, 30), "turned by {:g} degrees", _rotation),
        Mishap("crop", (0.9, 0.8, 0.7, 0.6, 0.5), "a part of {:g} of both sides", _crop),
    )
}
