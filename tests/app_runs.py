"""A command that was run in this process, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        content = json.loads(self.out)
        assert content["schema"] == 1
        return content["result"]

    @property
    def last(self) -> str:
        """The last line on stderr."""
        return self.err.splitlines()[-1]


Run = Callable[..., Ended]
