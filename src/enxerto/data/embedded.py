"""Photos that come with a package: faces and a cat with one that Enxerto depends on anyway, digits with scikit-learn.

The faces are scikit-image's subset of Labeled Faces in the Wild (Huang et al. 2007, University of Massachusetts,
Amherst, Technical Report 07-49): 100 faces and 100 patches without one, gray, 25 x 25 pixels. The cat, Chelsea, is
in the public domain (CC0, by Stéfan van der Walt). The digits are the test set of Optical Recognition of Handwritten
Digits (Alpaydin & Kaynak 1998, UCI Machine Learning Repository, CC BY 4.0): 1,797 of them, gray, 8 x 8 pixels.
"""

from __future__ import annotations

import importlib.resources
import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from enxerto.data.decode import decode
from enxerto.errors import DataError, StorageError
from enxerto.files import storage_errors, write_durably
from enxerto.types import Images

FACES = 100
"""How many of the 200 small photos show a face; they come first."""


def write_faces(target: Path) -> Path:
    """Write the 200 small photos as PNG files into `face/` and `other/` below a folder; equal bytes each time.

    Args:
        target: the folder; made if need be. Files that are there already and equal are left alone.

    Returns:
        `target`.

    Raises:
        StorageError: a file of that name with other content is there, or the disk is full. Nothing is overwritten.
    """
    content = {}
    for index, levels in enumerate(_small_photos()):
        name, number = ("face", index) if index < FACES else ("other", index - FACES)
        content[target / name / f"{name}_{number:03d}.png"] = _png(levels)
    return _write_new(target, content)


def write_digits(target: Path) -> Path:
    """Write 1,797 handwritten digits as PNG files of 8 x 8 pixels into `0/` to `9/` below a folder.

    Args:
        target: the folder; made if need be. Files that are there already and equal are left alone.

    Returns:
        `target`.

    Raises:
        DataError: scikit-learn, which carries them, is not installed.
        StorageError: a file of that name with other content is there, or the disk is full. Nothing is overwritten.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DataError("the digits come with scikit-learn, which is missing; pip install 'enxerto[digits]'") from error
    digits = load_digits()
    content = {}
    for number, (ink, label) in enumerate(zip(digits.images, digits.target.tolist(), strict=True)):
        levels = np.rint(ink * (255.0 / 16.0)).astype(np.uint8)  # ink is 0 to 16
        content[target / str(label) / f"digit_{number:04d}.png"] = _png(levels)
    return _write_new(target, content)


def _write_new(target: Path, content: Mapping[Path, bytes]) -> Path:
    """Write files below a folder, unless one is there with other content."""
    for path, png in content.items():
        if path.exists() and (not path.is_file() or path.read_bytes() != png):
            raise StorageError(f"{path} is there already, with other content; choose an empty folder")
    with storage_errors(target):
        for folder in dict.fromkeys(path.parent for path in content):
            folder.mkdir(parents=True, exist_ok=True)
    for path, png in content.items():
        if not path.exists():
            write_durably(path, png)
    return target


def cat_photo() -> Images:
    """A photo of a cat: RGB, uint8, shape (300, 451, 3)."""
    return decode(_packaged("chelsea.png")).image


def _small_photos() -> Images:
    """Gray levels, uint8, shape (200, 25, 25)."""
    levels = np.load(io.BytesIO(_packaged("lfw_subset.npy")), allow_pickle=False)
    rounded: Images = np.rint(np.clip(levels, 0.0, 1.0) * 255.0).astype(np.uint8)
    return rounded


def _packaged(name: str) -> bytes:
    return (importlib.resources.files("skimage") / "data" / name).read_bytes()


def _png(levels: Images) -> bytes:
    """A gray PNG without compression, whose bytes depend on no library's version.

    Reference: PNG specification, third edition, 5.3 and 11.2.
    """
    height, width = levels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
