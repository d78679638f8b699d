"""The runs of a comparison, kept one a line as they end, so that a comparison that was killed goes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from enxerto.errors import IntegrityError, OptionError
from enxerto.files import storage_errors

RUNS = "runs.jsonl"


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        setting: as it is typed; empty for the default recipe.
        seed: of the run.
        right: of each photo measured on, whether it was told right.
        losses: -log of the probability of each photo's label.
        seconds: that learning took.
        total_seconds: with all that was made for it.
        at_start: no epoch was better than the start, so that it was the start that was measured.
    """

    setting: str
    seed: int
    right: tuple[bool, ...]
    losses: tuple[float, ...]
    seconds: float
    total_seconds: float
    at_start: bool


class RunLog:
    """A file of runs; its first line says which comparison they belong to.

    Args:
        folder: that the file is in.
        identity: of everything that decides the runs.

    Raises:
        OptionError: the runs there are of another comparison.
        IntegrityError: the file is damaged before its last line, which a kill may have cut off.
        StorageError: the disk is full.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._path = folder / RUNS
        self.runs: list[Run] = []
        lines = self._lines()
        if not lines:
            self._append(identity.encode(), "wb")
            return
        if lines[0] != identity.encode():
            raise OptionError(
                f"{folder} is from a comparison with other photos, options or versions; give those again, or start "
                "anew with --force"
            )
        try:
            self.runs = [msgspec.json.decode(line, type=Run) for line in lines[1:]]
        except msgspec.DecodeError as error:
            raise IntegrityError(f"{self._path} is damaged ({error}); start anew with --force") from error

    def add(self, run: Run) -> None:
        """Keep a run; when this returns it survives a power loss."""
        self._append(msgspec.json.encode(run), "ab")
        self.runs.append(run)

    def _lines(self) -> list[bytes]:
        """The whole lines; what a kill left of another one is cut off."""
        if not self._path.is_file():
            return []
        with storage_errors(self._path):
            content = self._path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                os.truncate(self._path, len(whole))
        return whole.splitlines()

    def _append(self, line: bytes, mode: str) -> None:
        with storage_errors(self._path), self._path.open(mode) as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
