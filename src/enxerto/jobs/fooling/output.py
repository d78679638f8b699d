"""Where attacked photos go: PNGs, pictures of what was changed, the page and its figures, as one directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from enxerto.errors import OptionError
from enxerto.jobs.fooling.attacking import Attacked
from enxerto.jobs.imagining.names import file_names
from enxerto.jobs.result_directory import Kind, require_free_directory, write_directory
from enxerto.report.attack.contents import AttackContents

PAGE, RECORD = "attack.html", "attack.json"
KIND = Kind("record of an attack", RECORD)


@dataclass(frozen=True)
class PhotoFiles:
    """The files of one photo.

    Attributes:
        png: name of the file that fools; empty without one.
        contents: by name.
    """

    png: str
    contents: Mapping[str, bytes]


def require_writable(output: Path, photos: Sequence[Path], *, force: bool) -> None:
    """See that an attack can be written to a folder, before any work is done.

    Raises:
        OptionError: a photo to attack lies there, or there is something that can't be replaced.
    """
    place = output.resolve()
    for photo in photos:
        if photo.resolve().is_relative_to(place):
            raise OptionError(f"the output {output} holds the photo {photo}, which would be lost; take another")
    require_free_directory(output, KIND, force=force)


def attack_files(attacked: Sequence[Attacked]) -> list[PhotoFiles]:
    """Name the files of each photo after it and the class that it became."""
    parts = [(Path(each.card.name).stem, each.card.after[0]) for each in attacked]
    names = file_names(parts, [None] * len(parts))
    return [
        PhotoFiles(
            f"{name}.png",
            {
                f"{name}.png": each.png,
                f"{name}.difference.png": each.difference,
                f"{name}.side-by-side.png": each.side_by_side,
            },
        )
        if each.png
        else PhotoFiles("", {})
        for name, each in zip(names, attacked, strict=True)
    ]


def write_attack(output: Path, contents: AttackContents, html: str, files: Mapping[str, bytes], *, force: bool) -> None:
    """Write everything as one directory.

    Raises:
        OptionError: there is something at the output that can't be replaced.
        StorageError: the disk is full, or the folder can't be written.
    """
    record = {"format": "enxerto-attack", "version": 1, "contents": contents}
    content = msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"
    write_directory(output, KIND, {**files, PAGE: html.encode(), RECORD: content}, force=force)
