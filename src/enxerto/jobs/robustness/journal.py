"""What was measured so far, a piece of work a line, so that a report that was killed or ended goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from enxerto.errors import IntegrityError
from enxerto.jobs.lines import Lines

Kind = TypeVar("Kind")
"""A flat frozen dataclass of `enxerto.attack.robustness.records`."""


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
        other = "is of another model, other photos, another seed or version; give those again"
        self._lines = Lines(path, Piece, identity, other)

    @property
    def pieces(self) -> list[Piece]:
        """What was done, the first first."""
        return self._lines.entries

    def add(self, section: str, photos: Sequence[int], seconds: float, records: Sequence[Any]) -> None:
        """Keep a piece of work; when this returns it survives a power loss."""
        rows = tuple(asdict(record) for record in records)
        self._lines.add(Piece(section, tuple(photos), seconds, rows))

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
            raise IntegrityError(f"{self._lines.path} is damaged ({error}); start anew with --force") from error
