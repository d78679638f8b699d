"""Plain text for a terminal: aligned tables and folded sentences, nothing that a terminal obeys."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from enxerto.report.wording import columns_of

_DEFAULT_COLUMNS = 100
_PLAIN = str.maketrans(
    {
        "\u00a0": " ",
        "\u2068": None,
        "\u2069": None,
        "\u2212": "-",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\ufffd": None,
    }
    | {chr(code): None for code in range(0x2400, 0x2422)}
)


def plain(text: str) -> str:
    """Text without the marks that are for pages: isolates, typographic quotes and minus signs."""
    return text.translate(_PLAIN)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its first column to the left and figures to the right; cells may hold wide characters."""
    cells = [[plain(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(columns_of, column)) for column in zip_longest(*cells, fillvalue="")]
    lines = [
        "  ".join(_padded(cell, width, left=i == 0) for i, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _padded(cell: str, width: int, *, left: bool) -> str:
    space = " " * (width - columns_of(cell))
    return cell + space if left else space + cell


def wrapped(text: str, columns: int, indent: int = 0) -> str:
    """Text folded at spaces; a word longer than the line is left whole, so that a path can still be copied."""
    line = ""
    lines: list[str] = []
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if line and columns_of(candidate) + (indent if lines else 0) > columns:
            lines.append(line)
            line = word
        else:
            line = candidate
    return ("\n" + " " * indent).join([*lines, line])


def terminal_columns() -> int:
    """The width to fold to, 40 at least."""
    return max(40, shutil.get_terminal_size((_DEFAULT_COLUMNS, 24)).columns)
