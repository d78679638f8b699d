"""What happens to files on their way: JPEG, a shift, another size; named as `jpeg:90`, `shift:1`, `resize:0.9`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy import sparse

from enxerto.data.decode import decode
from enxerto.errors import OptionError
from enxerto.types import Images

KINDS = {
    "jpeg": "jpeg:QUALITY with a whole quality from 1 to 95",
    "shift": "shift:PIXELS with whole pixels from 1 to 64",
    "resize": "resize:FACTOR with a factor from 0.1 to 4",
}


_BLOCK = 256


@dataclass(frozen=True)
class Transform:
    """Something done to a photo; this one leaves it as it is.

    What it really does is `apply`; its linear part, for gradients, is a matrix for rows and one for columns.

    Attributes:
        name: as typed; several transforms may share it.
    """

    name: str = ""

    def apply(self, photo: Images) -> Images:
        """The photo afterwards, uint8 RGB, as large as it then is."""
        return photo

    def file(self, photo: Images) -> bytes:
        """The photo afterwards, as the content of a file."""
        buffer = BytesIO()
        Image.fromarray(self.apply(photo)).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def rows(self, height: int) -> Any:
        """Sparse, shape (new height, height)."""
        return sparse.identity(height, dtype=np.float32, format="csr")

    def columns(self, width: int) -> Any:
        """Sparse, shape (new width, width)."""
        return sparse.identity(width, dtype=np.float32, format="csr")


@dataclass(frozen=True)
class Jpeg(Transform):
    """Saved as JPEG with Pillow, colors at half resolution; its derivative is taken to be the identity."""

    quality: int = 90

    def apply(self, photo: Images) -> Images:
        """Decoded again."""
        return decode(self.file(photo)).image

    def file(self, photo: Images) -> bytes:
        """The JPEG."""
        buffer = BytesIO()
        Image.fromarray(photo).save(buffer, "JPEG", quality=self.quality, subsampling="4:2:0")
        return buffer.getvalue()


@dataclass(frozen=True)
class Shift(Transform):
    """Moved by whole pixels; the edge is repeated, so that the size stays."""

    down: int = 0
    right: int = 0

    def apply(self, photo: Images) -> Images:
        """Of the same size."""
        rows, columns = (
            _moved(length, by) for length, by in zip(photo.shape[:2], (self.down, self.right), strict=True)
        )
        return np.ascontiguousarray(photo[rows][:, columns])

    def rows(self, height: int) -> Any:
        """Selects rows."""
        return sparse.identity(height, dtype=np.float32, format="csr")[_moved(height, self.down)]

    def columns(self, width: int) -> Any:
        """Selects columns."""
        return sparse.identity(width, dtype=np.float32, format="csr")[_moved(width, self.right)]


@dataclass(frozen=True)
class Resize(Transform):
    """Another size, bicubic with Pillow."""

    factor: float = 0.9

    def apply(self, photo: Images) -> Images:
        """Of another size."""
        size = (self._length(photo.shape[1]), self._length(photo.shape[0]))
        return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC))

    def rows(self, height: int) -> Any:
        """Interpolates."""
        return resizing(height, self._length(height), "bicubic")

    def columns(self, width: int) -> Any:
        """Interpolates."""
        return resizing(width, self._length(width), "bicubic")

    def _length(self, length: int) -> int:
        return max(1, round(length * self.factor))


def named_transforms(names: str) -> dict[str, tuple[Transform, ...]]:
    """What names such as `jpeg:90,shift:1` mean: each the transforms that a photo must all survive.

    Raises:
        OptionError: there is no such transform, or its number is impossible.
    """
    return {name: _transforms(name) for name in dict.fromkeys(filter(None, map(str.strip, names.split(","))))}


def _transforms(name: str) -> tuple[Transform, ...]:
    kind, _, typed = name.partition(":")
    if kind not in KINDS:
        raise OptionError(f"there is nothing called {name!r} to survive; known: {'; '.join(KINDS.values())}")
    try:
        value = float(typed) if kind == "resize" else int(typed)
    except ValueError:
        value = float("nan")
    if kind == "jpeg" and 1 <= value <= 95:
        return (Jpeg(name, int(value)),)
    if kind == "shift" and 1 <= value <= 64:
        far = int(value)
        return tuple(Shift(name, *by) for by in ((far, 0), (-far, 0), (0, far), (0, -far)))
    if kind == "resize" and 0.1 <= value <= 4:
        return (Resize(name, value),)
    raise OptionError(f"{name!r} can't be survived: expected {KINDS[kind]}")


@cache
def resizing(old: int, new: int, interpolation: str) -> Any:
    """PyTorch's antialiased interpolation along one axis as a sparse matrix, shape (new, old)."""
    if old == new:
        return sparse.identity(old, dtype=np.float32, format="csr")
    blocks = []
    for start in range(0, old, _BLOCK):  # the whole identity would be large for large photos
        unit = torch.zeros(old, min(_BLOCK, old - start))
        unit[start : start + _BLOCK].fill_diagonal_(1)
        sized = (new, unit.shape[1])
        block = torch.nn.functional.interpolate(unit[None, None], sized, mode=interpolation, antialias=True)
        blocks.append(sparse.csr_matrix(block[0, 0].numpy()))
    return sparse.hstack(blocks, format="csr")


def _moved(length: int, by: int) -> Any:
    return np.clip(np.arange(length) - by, 0, length - 1)
