"""Progress of long work: library code reports counts, the caller decides whether and how they are shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

Advance = Callable[[int], None]
Progress = Callable[[str, int], AbstractContextManager[Advance]]
"""Called with a description and a total; gives a context whose value is called with each count of finished items."""

LINE_EVERY_S = 10.0


@contextmanager
def silent(_description: str, _total: int) -> Iterator[Advance]:
    """The library's default: nothing is shown."""
    yield lambda _count: None


@contextmanager
def bar(description: str, total: int) -> Iterator[Advance]:
    """A bar on stderr with rate and time left; where stderr is no terminal, a line every ten seconds."""
    if not sys.stderr.isatty():
        yield _lines(description, total)
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=description, unit=" photos", dynamic_ncols=True, leave=False) as shown:

        def advance(count: int) -> None:
            shown.update(count)

        yield advance


def _lines(description: str, total: int) -> Advance:
    state: dict[str, Any] = {"done": 0, "start": time.monotonic(), "last": time.monotonic()}

    def advance(count: int) -> None:
        state["done"] += count
        now = time.monotonic()
        if now - state["last"] >= LINE_EVERY_S:
            state["last"] = now
            rate = state["done"] / (now - state["start"])
            left_s = (total - state["done"]) / rate if rate else 0.0
            print(  # noqa: T201 - the one place where progress is written
                f"{description}: {state['done']} of {total}, {rate:.0f} a second, {left_s:.0f} s left", file=sys.stderr
            )

    return advance
