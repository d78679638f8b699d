"""Work that ends when its time is over; what was finished is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from enxerto.progress import Advance, Progress


class OutOfTimeError(Exception):
    """The time is over; for this package only, never for users."""


def until(deadline: float, progress: Progress) -> Progress:
    """A progress that raises `OutOfTimeError` in the middle of work once the time is over.

    Args:
        deadline: by `time.monotonic`.
        progress: how to show it.
    """

    @contextmanager
    def limited(description: str, total: int, unit: str = "photos", /) -> Iterator[Advance]:
        with progress(description, total, unit) as advance:

            def step(count: int, note: str = "", /) -> None:
                advance(count, note)
                if time.monotonic() > deadline:
                    raise OutOfTimeError

            yield step

    return limited
