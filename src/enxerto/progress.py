"""Progress of long work: library code reports counts, the caller decides whether and how they are shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol


class Advance(Protocol):
    """Called with each count of finished items, and with what else there is to say of them."""

    def __call__(self, count: int, note: str = "", /) -> None:
        """Show them."""


class Progress(Protocol):
    """Called with a description, a total of items, and what they are."""

    def __call__(self, description: str, total: int, unit: str = "photos", /) -> AbstractContextManager[Advance]:
        """Begin to show work."""


LINE_EVERY_S = 10.0


@contextmanager
def silent(_description: str, _total: int, _unit: str = "photos") -> Iterator[Advance]:
    """The library's default: nothing is shown."""
    yield lambda _count, _note="": None


@contextmanager
def bar(description: str, total: int, unit: str = "photos") -> Iterator[Advance]:
    """A bar on stderr with rate and time left; where stderr is no terminal, a line every ten seconds."""
    if not sys.stderr.isatty():
        yield _lines(description, total, unit)
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=description, unit=f" {unit}", dynamic_ncols=True, leave=False) as shown:

        def advance(count: int, note: str = "", /) -> None:
            if note:
                shown.set_postfix_str(note, refresh=not count)
            shown.update(count)

        yield advance


def _lines(description: str, total: int, unit: str) -> Advance:
    of_what = "" if unit == "photos" else f" {unit}"
    state: dict[str, Any] = {"done": 0, "start": time.monotonic(), "last": time.monotonic()}

    def advance(count: int, note: str = "", /) -> None:
        state["done"] += count
        now = time.monotonic()
        if now - state["last"] >= LINE_EVERY_S:
            state["last"] = now
            rate = state["done"] / (now - state["start"])
            left_s = (total - state["done"]) / rate if rate else 0.0
            pace = f"{60 * rate:.0f} a minute" if 0 < rate < 1 else f"{rate:.0f} a second"
            print(  # noqa: T201 - the one place where progress is written
                f"{description}: {state['done']} of {total}{of_what}, {pace}, {left_s:.0f} s left"
                f"{', ' * bool(note)}{note}",
                file=sys.stderr,
            )

    return advance
