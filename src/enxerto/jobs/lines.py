"""What a long job has done so far, one line each, so that a job that was killed goes on where it was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from enxerto.errors import IntegrityError, OptionError
from enxerto.files import storage_errors

Entry = TypeVar("Entry")
"""A frozen dataclass of plain values."""


class Lines(Generic[Entry]):
    """Entries, in memory and, where there is a file, on the disk.

    Args:
        path: of the file; `None` keeps nothing on the disk.
        kind: the entries' class.
        identity: of everything that decides them; the first line of the file.
        other: what to say where the file has another identity.

    Raises:
        OptionError: the file has another identity.
        IntegrityError: the file is damaged before its last line, which a kill may have cut off.
        StorageError: the disk is full.
    """

    def __init__(self, path: Path | None, kind: type[Entry], identity: str, other: str) -> None:
        self.path = path
        self.entries: list[Entry] = []
        lines = _whole_lines(path)
        if not lines:
            self._append(identity.encode(), "wb")
            return
        if lines[0] != identity.encode():
            raise OptionError(f"{path} {other}, or start anew with --force")
        try:
            self.entries = [msgspec.json.decode(line, type=kind) for line in lines[1:]]
        except msgspec.DecodeError as error:
            raise IntegrityError(f"{path} is damaged ({error}); start anew with --force") from error

    def add(self, entry: Entry) -> None:
        """Keep an entry; when this returns it survives a power loss."""
        self._append(msgspec.json.encode(entry), "ab")
        self.entries.append(entry)

    def _append(self, line: bytes, mode: str) -> None:
        if self.path is None:
            return
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open(mode) as file:
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
