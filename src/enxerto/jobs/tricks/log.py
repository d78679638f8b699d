"""The runs of a comparison, kept one a line as they end, so that a comparison that was killed goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from enxerto.jobs.lines import Lines

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
        other = "is from a comparison with other photos, options or versions; give those again"
        self._lines = Lines(folder / RUNS, Run, identity, other)

    @property
    def runs(self) -> list[Run]:
        """Those that have ended, the first first."""
        return self._lines.entries

    def add(self, run: Run) -> None:
        """Keep a run; when this returns it survives a power loss."""
        self._lines.add(run)
