"""What was measured so far, a piece of work a line, so that a report that was killed or ended goes on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from enxerto.errors import IntegrityError, OptionError
from enxerto.files import storage_errors

Kind = TypeVar("Kind")
"""A flat frozen dataclass of `enxerto.attack.robustness.results`."""


@dataclass(frozen=True)
class Piece:
    """A piece of work: one section on some photos.

    Attributes:
        section: name of the section.
        photos: numbers of the photos, in the order in which they are measured.
        seconds: that it took.
        rows: its records, as plain values.
    """

    section: str
    photos: tuple[int, ...]
    seconds: float
    rows: tuple[dict[str, Any], ...]


class Journal:
    """Pieces of work, in memory and, where there is an output, on the disk.

    Args:
        path: of the file; `None` keeps nothing on the disk.
        identity: of everything that decides what is measured; the first line of the file.

    Raises:
        OptionError: the file is of another model, photos or seed.
        IntegrityError: the file is damaged before its last line, which a kill may have cut off.
        StorageError: the disk is full.
    """

    def __init__(self, path: Path | None, identity: str) -> None:
        self._path = path
        self.pieces: list[Piece] = []
        lines = _whole_lines(path)
        if not lines:
            self._append(identity.encode(), "wb")
            return
        if lines[0] != identity.encode():
            raise OptionError(
                f"{path} is of another model, other photos, another seed or version; give those again, or start anew "
                "with --force"
            )
        try:
            self.pieces = [msgspec.json.decode(line, type=Piece) for line in lines[1:]]
        except msgspec.DecodeError as error:
            raise IntegrityError(f"{path} is damaged ({error}); start anew with --force") from error

    def add(self, section: str, photos: Sequence[int], seconds: float, records: Sequence[Any]) -> None:
        """Keep a piece of work; when this returns it survives a power loss."""
        piece = Piece(section, tuple(photos), seconds, tuple(asdict(record) for record in records))
        self._append(msgspec.json.encode(piece), "ab")
        self.pieces.append(piece)

    def done(self, section: str) -> set[int]:
        """Numbers of the photos that a section has measured."""
        return {number for piece in self.pieces if piece.section == section for number in piece.photos}

    def seconds(self, section: str | None = None) -> float:
        """That a section took so far, or all of them together."""
        return sum(piece.seconds for piece in self.pieces if section in (None, piece.section))

    def records(self, section: str, kind: type[Kind]) -> list[Kind]:
        """What a section has measured.

        Args:
            section: its name.
            kind: the records' class.

        Raises:
            IntegrityError: a row is no such record.
        """
        rows = [row for piece in self.pieces if piece.section == section for row in piece.rows]
        try:
            return [msgspec.convert(row, kind) for row in rows]
        except msgspec.ValidationError as error:
            raise IntegrityError(f"{self._path} is damaged ({error}); start anew with --force") from error

    def _append(self, line: bytes, mode: str) -> None:
        if self._path is None:
            return
        with storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open(mode) as file:
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())


def _whole_lines(path: Path | None) -> list[bytes]:
    """The whole lines of a file; what a kill left of another one is cut off."""
    if path is None or not path.is_file():
        return []
    with storage_errors(path):
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(path, len(whole))
    return whole.splitlines()
