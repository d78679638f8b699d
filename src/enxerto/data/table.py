"""Read a CSV file of photos: `path,label`, and `split` and `group` if wanted."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from enxerto.data.names import label_of, name_of, printable
from enxerto.data.photo import Photo, PhotoSet
from enxerto.errors import DataError

SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Names of folders and CSV cells, in any case, that name a side -> the side."""

_MOST_BYTES = 256 * 1024 * 1024
_REQUIRED = ("path", "label")


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, in lower case, and the numbered rows of a CSV file.

    UTF-8 with or without a byte order mark, else Latin-1; `,`, `;` or tab between cells; any line ends. Rows without
    any content are passed over.

    Raises:
        DataError: the file can't be read, is empty, is too large, or a row has more or fewer cells than the header.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path} is larger than {_MOST_BYTES:,} bytes; is it a CSV file of photos?")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror or error}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    numbered: list[tuple[int, list[str]]] = []
    try:
        numbered += ((lines.line_num, [cell.strip() for cell in cells]) for cells in lines)
    except csv.Error as error:
        raise DataError(f"{path}, line {lines.line_num}: {error}") from error
    numbered = [(line, cells) for line, cells in numbered if any(cells)]
    if not numbered:
        raise DataError(f"{path} is empty; expected a first line such as path,label")
    header = [cell.lower() for cell in numbered[0][1]]
    for line, cells in numbered[1:]:
        if len(cells) != len(header):
            raise DataError(f"{path}, line {line}: expected {len(header)} cells as in the first line, got {len(cells)}")
    return header, numbered[1:]


def list_table(path: Path) -> PhotoSet:
    """The photos that a CSV file names; files that don't exist are kept, so that they get their verdict.

    Args:
        path: of the CSV file; paths in it are relative to its folder. Other columns are passed over.

    Raises:
        DataError: the message names the line and the column.
    """
    header, rows = read_rows(path)
    for column in _REQUIRED:
        if column not in header:
            raise DataError(f"{path}, line 1: no column {column!r}; expected path,label[,split][,group], got {header}")
    if not rows:
        raise DataError(f"no photos in {path}: nothing below the first line")
    photos: dict[str, Photo] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        photo = _photo(path, line, dict(zip(header, cells, strict=True)))
        if photo.name in photos:
            raise DataError(f"{path}, line {line}, column 'path': {photo.name} stands in line {lines[photo.name]} too")
        photos[photo.name], lines[photo.name] = photo, line
    return PhotoSet(path, tuple(photos[name] for name in sorted(photos)), "CSV file")


def _photo(path: Path, line: int, row: dict[str, str]) -> Photo:
    for column in _REQUIRED:
        if not row[column]:
            raise DataError(f"{path}, line {line}, column {column!r}: the cell is empty")
    if "\0" in row["path"]:
        raise DataError(f"{path}, line {line}, column 'path': a zero byte in {printable(row['path'])}")
    split = row.get("split", "").lower()
    if split and split not in SPLITS:
        raise DataError(f"{path}, line {line}, column 'split': expected train, val or test, got {split!r}")
    location = Path(row["path"])
    return Photo(
        path.parent / location, name_of(location), label_of(row["label"]), SPLITS.get(split), row.get("group") or None
    )


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)
