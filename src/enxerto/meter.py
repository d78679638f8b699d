"""Progress in whole megabytes, from a count of bytes."""

from __future__ import annotations

from enxerto.progress import Advance

MB = 1_000_000


class Meter:
    """Reports how far work on a file has come."""

    def __init__(self, advance: Advance) -> None:
        self._advance, self._shown = advance, 0

    def set(self, length: int) -> None:
        """So many bytes are done; fewer than before where work was begun anew."""
        whole = length // MB
        if whole != self._shown:
            self._advance(whole - self._shown)
            self._shown = whole
