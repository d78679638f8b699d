"""Walk folders in a stable order, without following a symbolic link in circles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

IMAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .webp .gif .bmp .dib .tif .tiff".split()  # noqa: SIM905 - reads better
)
_LITTER = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx", "icon\r"})


def is_litter(name: str) -> bool:
    """Whether a name is hidden, or a file that an operating system leaves behind."""
    return name.startswith(".") or name.lower() in _LITTER


def has_image_suffix(path: Path) -> bool:
    """Whether a file name ends like an image's."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def folders_in(folder: Path) -> list[Path]:
    """The folders directly inside a folder, but for litter, sorted by name."""
    with os.scandir(folder) as entries:
        found = [entry.name for entry in entries if not is_litter(entry.name) and entry.is_dir()]
    return [folder / name for name in sorted(found)]


def files_below(folder: Path) -> Iterator[Path]:
    """Everything below a folder that is no folder, whatever it is, but for litter.

    A folder that is named like an image, and one that may not be looked into, are given as if they were files, so
    that they get a verdict. Folders behind symbolic links are walked, each real folder once.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            status = current.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(current) as entries:
                found = sorted((entry for entry in entries if not is_litter(entry.name)), key=lambda entry: entry.name)
        except OSError:
            yield current
            continue
        for entry in found:
            path = current / entry.name
            if _is_folder(entry) and not has_image_suffix(path):
                waiting.append(path)
            else:
                yield path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
