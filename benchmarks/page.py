"""What every section of the page is written with."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

Row = tuple[str, ...]
Answer = dict[str, Any]
PETS = {"LABEL_PATTERN": r"(.+)_\d+"}
"""The breed is in the file name."""


def table(header: Row, rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def median(answers: Sequence[Answer], key: str) -> str:
    """The median of one figure."""
    return f"{statistics.median(answer[key] for answer in answers):.1f}"


def rate(answers: Sequence[Answer], key: str) -> str:
    """The median of one figure that is a rate."""
    return f"{statistics.median(answer[key] for answer in answers):.0f}/s"


def times(ratios: Sequence[float]) -> str:
    """The median of ratios."""
    return f"{statistics.median(ratios):.1f}×"
