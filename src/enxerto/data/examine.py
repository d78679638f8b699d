"""Look over all photos: read and decode every file, then put together what is wrong with them."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from enxerto.data.decode import Limits, read_bytes
from enxerto.data.duplicates import Duplicates, find_duplicates
from enxerto.data.health import ClassCount, DataHealth, DuplicateGroup, PhotoIssue
from enxerto.data.inspect import PhotoRecord, inspect
from enxerto.data.photo import Photo, PhotoSet
from enxerto.errors import PhotoError
from enxerto.progress import Progress, silent

_DEFAULT_LIMITS = Limits()
_MOST_WORKERS = 8
_THUMBPRINT_SIDE_PX = 96
_AHEAD = 4
_SUFFIXES = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"},
    "PNG": {".png", ".apng"},
    "WEBP": {".webp"},
    "GIF": {".gif"},
    "BMP": {".bmp", ".dib"},
    "TIFF": {".tif", ".tiff"},
}


def check(
    photos: PhotoSet, *, limits: Limits = _DEFAULT_LIMITS, workers: int | None = None, progress: Progress = silent
) -> tuple[list[PhotoRecord], DataHealth]:
    """Read and decode every file, changing none.

    Args:
        photos: to look over.
        limits: how large a photo may be.
        workers: threads; the number of processors, at most 8, by default. Each holds one decoded photo.
        progress: told of every finished photo.

    Returns:
        One record per photo, and the health of the whole.
    """
    workers = workers or min(_MOST_WORKERS, os.cpu_count() or 1)
    records: list[PhotoRecord] = []
    waiting: deque[Future[PhotoRecord]] = deque()
    with progress("checking", len(photos)) as advance, ThreadPoolExecutor(workers, "check") as pool:
        try:
            for photo in photos.photos:
                waiting.append(pool.submit(look_at, photo.path, limits))
                if len(waiting) >= _AHEAD * workers:
                    records.append(waiting.popleft().result())
                    advance(1)
            while waiting:
                records.append(waiting.popleft().result())
                advance(1)
        finally:
            for future in waiting:
                future.cancel()
    return records, examine(photos, records)


def look_at(path: Path, limits: Limits = _DEFAULT_LIMITS) -> PhotoRecord:
    """The record of one file; one that can't be read has an empty `sha256`."""
    try:
        data = read_bytes(path, limits)
    except PhotoError as error:
        return PhotoRecord("", error.code, error.detail)
    return inspect(data, short_side_px=_THUMBPRINT_SIDE_PX, limits=limits)[0]


def examine(photos: PhotoSet, records: Sequence[PhotoRecord]) -> DataHealth:
    """Put together the health of photos from their records.

    Args:
        photos: n photos.
        records: n records, in the same order.
    """
    pairs = list(zip(photos.photos, records, strict=True))
    skipped = tuple(PhotoIssue(photo.name, record.code, record.detail) for photo, record in pairs if not record.good)
    warned = tuple(
        PhotoIssue(photo.name, code, detail)
        for photo, record in pairs
        if record.good
        for code, detail in (*record.warnings, *_wrong_extension(photo, record))
    )
    readable = Counter(photo.label for photo, record in pairs if record.good)
    unreadable = Counter(photo.label for photo, record in pairs if not record.good)
    names = sorted({*photos.classes, *photos.empty_classes})
    counts = tuple(ClassCount(name, readable[name], unreadable[name]) for name in names)
    groups = tuple(_named(photos, group) for group in find_duplicates(records))
    return DataHealth(len(pairs), len(pairs) - len(skipped), skipped, warned, counts, groups, _imbalance(counts))


def _wrong_extension(photo: Photo, record: PhotoRecord) -> tuple[tuple[str, str], ...]:
    suffix = photo.path.suffix.lower()
    if suffix in _SUFFIXES.get(record.format, {suffix}):
        return ()
    return (("wrong-extension", f"named {suffix or 'without an ending'}, but the content is {record.format}"),)


def _named(photos: PhotoSet, group: Duplicates) -> DuplicateGroup:
    members = [photos.photos[index] for index in group.indices]
    labels = sorted({photo.label for photo in members if photo.label is not None})
    splits = sorted({photo.split for photo in members if photo.split is not None})
    return DuplicateGroup(tuple(sorted(photo.name for photo in members)), tuple(labels), tuple(splits), group.exact)


def _imbalance(counts: Sequence[ClassCount]) -> float:
    """The largest class divided by the smallest, of those that have a readable photo; 1.0 without any."""
    sizes = [count.readable for count in counts if count.readable]
    return max(sizes) / min(sizes) if sizes else 1.0
