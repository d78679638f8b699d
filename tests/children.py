"""Python processes that begin at the same moment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parent


@contextmanager
def children(code: str, arguments: Sequence[Sequence[object]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run code once for each list of arguments; it waits in `sys.stdin.readline()` for all of them.

    At the end every child must have succeeded. None outlives the block.
    """
    started = [
        subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{code}", *map(str, each)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for each in arguments
    ]
    try:
        for child in started:
            assert child.stdin is not None
            child.stdin.write(b"\n")
            child.stdin.flush()
        yield started
        said = [child.communicate(timeout=120)[1] for child in started]
        assert [child.returncode for child in started] == [0] * len(started), said
    finally:
        for child in started:
            child.kill()
            child.communicate()
