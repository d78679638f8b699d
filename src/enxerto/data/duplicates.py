"""Find photos that show the same picture: equal files, and copies that were resized, recompressed, trimmed or mirrored.

A thumbprint's discrete cosine transform, weighted by frequency, makes natural pictures' spectra flat; then two
unrelated pictures correlate little, and a copy still correlates with its original. As in perceptual hashes
(Zauner 2010, "Implementation and benchmarking of perceptual image hash functions", 3.2.1), but with real numbers in
place of bits, and mirrored copies cost one change of sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.data.inspect import THUMBPRINT_PX, PhotoRecord
from enxerto.data.union import Union

SAME = 0.9
"""Correlation from which two photos count as near duplicates. On 2,166 photos of four data sets unrelated pairs stay
below 0.82, while 98 % and more of copies trimmed by 2 % on each side, and nearly all others, lie above. Where unrelated
pictures are much alike, more is asked for: see `_least_likeness`."""

_FREQUENCIES = 10
_MOST_CONTRAST_RATIO = 1.3
_LEAST_CONTRAST = 2.0
_BLOCK = 512
_CLOSER = 4.0
_ENOUGH = 16
"""Different pictures that it takes to know how much alike different pictures are."""


@dataclass(frozen=True)
class Duplicates:
    """Photos that show the same picture.

    Attributes:
        indices: two or more, sorted.
        exact: the files are equal byte for byte.
    """

    indices: tuple[int, ...]
    exact: bool


def find_duplicates(records: Sequence[PhotoRecord]) -> list[Duplicates]:
    """Groups of readable photos that show the same picture, in the order of their first photos.

    Photos of fewer than 24 pixels on a side are in a group only with equal files. Takes memory for 512 rows of the
    matrix of all pairs at a time.
    """
    union = Union(len(records))
    first_of: dict[str, int] = {}
    for index, record in enumerate(records):
        if record.good:
            union.merge(first_of.setdefault(record.sha256, index), index)
    for first, second in _near_pairs(records, list(first_of.values())):
        union.merge(first, second)
    return [
        Duplicates(tuple(members), len({records[index].sha256 for index in members}) == 1)
        for members in union.sets()
        if len(members) > 1
    ]


def clusters(count: int, groups: Sequence[Duplicates]) -> list[int]:
    """For each of `count` photos the number of its cluster; a photo without duplicates is a cluster of its own."""
    union = Union(count)
    for group in groups:
        for index in group.indices[1:]:
            union.merge(group.indices[0], index)
    return union.numbers()


def _near_pairs(records: Sequence[PhotoRecord], candidates: list[int]) -> Iterator[tuple[int, int]]:
    printed = [index for index in candidates if _has_detail(records[index])]
    if not printed:
        return
    levels = np.stack([np.frombuffer(records[index].thumbprint, dtype=np.uint8) for index in printed])
    contrast = levels.std(axis=1, dtype=np.float32)
    distinct = np.flatnonzero(contrast >= _LEAST_CONTRAST)
    contrast = contrast[distinct]
    signatures = _signatures(levels[distinct].reshape(-1, THUMBPRINT_PX, THUMBPRINT_PX))
    alike = _merged(signatures, contrast, SAME)
    firsts = sorted({alike.find(index) for index in range(len(distinct))})
    least = _least_likeness(*(each[firsts] for each in signatures)) if len(firsts) < len(distinct) else SAME
    if least > SAME:
        alike = _merged(signatures, contrast, least)
    for members in alike.sets():
        for member in members[1:]:
            yield printed[distinct[members[0]]], printed[distinct[member]]


def _merged(
    signatures: tuple[NDArray[np.float32], NDArray[np.float32]], contrast: NDArray[np.float32], least: float
) -> Union:
    """Photos that are at least so much alike, as they are or mirrored, and have about the same contrast."""
    plain, mirrored = signatures
    union = Union(len(plain))
    for start in range(0, len(plain), _BLOCK):
        rows = slice(start, start + _BLOCK)
        likeness = plain[rows] @ plain[start:].T
        np.maximum(likeness, plain[rows] @ mirrored[start:].T, out=likeness)
        for row, column in np.argwhere(likeness >= least):
            first, second = start + int(row), start + int(column)
            if first < second and _alike(contrast[first], contrast[second]):
                union.merge(first, second)
    return union


def _least_likeness(plain: NDArray[np.float32], mirrored: NDArray[np.float32]) -> float:
    """How much alike two of these pictures must be to count as one, given that these here are different ones.

    Digits, or cells in the middle of their picture, are all much alike: then a likeness that is rare among photos says
    nothing. A pair must be `_CLOSER` times nearer to equal than a typical picture is to the one most like it.
    """
    if len(plain) < _ENOUGH:
        return SAME
    rows = np.unique(np.linspace(0, len(plain) - 1, min(len(plain), _BLOCK)).astype(np.int64))
    likeness = np.maximum(plain[rows] @ plain.T, plain[rows] @ mirrored.T)
    likeness[np.arange(len(rows)), rows] = -1
    return max(SAME, 1 - (1 - float(np.median(likeness.max(axis=1)))) / _CLOSER)


def _has_detail(record: PhotoRecord) -> bool:
    """A photo with fewer pixels than its thumbprint, such as a digit of 8 x 8, has too little of its own to compare."""
    return len(record.thumbprint) == THUMBPRINT_PX**2 and min(record.width, record.height) >= THUMBPRINT_PX


def _alike(first: float, second: float) -> bool:
    return max(first, second) <= _MOST_CONTRAST_RATIO * min(first, second)


def _signatures(thumbprints: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit vectors of thumbprints and of their mirror images, float32, shape (photos, coefficients)."""
    basis = _cosines()
    spectrum = basis @ thumbprints.astype(np.float32) @ basis.T
    vertical, horizontal = np.meshgrid(np.arange(_FREQUENCIES), np.arange(_FREQUENCIES), indexing="ij")
    frequency = np.hypot(vertical, horizontal)
    kept = (frequency > 0) & (frequency < _FREQUENCIES)
    plain = spectrum[:, kept] * frequency[kept].astype(np.float32)
    plain /= np.maximum(np.linalg.norm(plain, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    mirrored = plain * np.where(horizontal[kept] % 2, -1, 1).astype(np.float32)
    return plain, mirrored


def _cosines() -> NDArray[np.float32]:
    """The lowest rows of the orthonormal DCT-II, float32, shape (10, 24)."""
    order = np.arange(_FREQUENCIES)[:, None]
    place = (np.arange(THUMBPRINT_PX)[None] + 0.5) / THUMBPRINT_PX
    basis = np.cos(np.pi * order * place) * np.sqrt(2 / THUMBPRINT_PX)
    basis[0] /= np.sqrt(2)
    cosines: NDArray[np.float32] = basis.astype(np.float32)
    return cosines
