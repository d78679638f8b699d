"""The folder of a data set: what was unpacked there, whether it is still whole, and where it came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from enxerto.data.catalog.datasets import Dataset
from enxerto.data.catalog.listings import LISTING
from enxerto.errors import IntegrityError

CONTENTS = "contents.txt"
"""Every file of the folder but this one with its size, a line each: bytes, a tab, the path."""
SOURCE = "SOURCE.txt"
"""Licence, citation, addresses and checksums, for people."""


def write_contents(folder: Path) -> None:
    """List every file of a finished folder, so that it can be told from a half-finished one later."""
    lines = [f"{size}\t{path}\n" for path, size in sorted(_files(folder).items())]
    (folder / CONTENTS).write_text("".join(lines), encoding="utf-8", errors="surrogateescape")


def is_ours(folder: Path) -> bool:
    """Whether a folder was made by `enxerto data get`."""
    return (folder / CONTENTS).is_file() and (folder / SOURCE).is_file()


def lacks(folder: Path) -> list[str]:
    """Files that are missing or have another size than when they were unpacked."""
    there = _files(folder)
    return sorted(path for path, size in _listed(folder).items() if there.get(path) != size)


def strangers(folder: Path) -> list[str]:
    """Files that somebody else has put there."""
    return sorted(_files(folder).keys() - _listed(folder).keys() - {CONTENTS})


def source_text(dataset: Dataset, photos: int, addresses: list[str]) -> str:
    """What a data set is and whose it is, for people.

    Args:
        dataset: which.
        photos: that were listed.
        addresses: where each archive came from.
    """
    lines = [
        dataset.title,
        "",
        f"Homepage: {dataset.homepage}",
        f"Licence:  {dataset.licence}",
        f"Cite:     {dataset.citation}",
        f"Photos:   {photos:,} of {dataset.classes} classes, listed in {LISTING}; official split: {dataset.split}",
        *(f"Known:    {oddity}" for oddity in dataset.oddities),
        *(f"From:     {address}" for address in addresses),
        *(
            f"File:     {archive.name}, {archive.size_bytes:,} bytes, {archive.checksum}"
            for archive in dataset.archives
        ),
    ]
    return "\n".join(lines) + "\n"


def _listed(folder: Path) -> dict[str, int]:
    text = (folder / CONTENTS).read_text(encoding="utf-8", errors="surrogateescape")
    try:
        pairs = [line.split("\t", 1) for line in text.splitlines()]
        return {path: int(size) for size, path in pairs}
    except ValueError as error:
        raise IntegrityError(f"{folder / CONTENTS} is damaged; delete the folder and get it again") from error


def _files(folder: Path) -> dict[str, int]:
    return dict(_walk(folder, ""))


def _walk(folder: Path, below: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{below}{entry.name}/")
            else:
                yield f"{below}{entry.name}", entry.stat(follow_symlinks=False).st_size
