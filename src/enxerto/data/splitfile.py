"""Splits as a CSV file, `path,label,split,group`, that people can read, change and give back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from enxerto.data.photo import PhotoSet
from enxerto.data.split import ALWAYS, TEST, TRAIN, VAL, Split
from enxerto.data.table import SPLITS, read_rows
from enxerto.errors import DataError

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_FOLD = re.compile(r"fold(0|[1-9]\d{0,3})")
_EXAMPLES = 3


def format_split(photos: PhotoSet, split: Split, groups: Sequence[int]) -> bytes:
    """Which side each photo is on, as a CSV file that `read_split` takes back.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front; `read_split` takes it off.

    Args:
        photos: n photos.
        split: with n sides.
        groups: n numbers; photos with one number were kept together.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "label", "split", "group"))
    for photo, side, group in zip(photos.photos, split.sides, groups, strict=True):
        writer.writerow((_neutral(photo.name), _neutral(photo.label or ""), side, group))
    return text.getvalue().encode()


def read_split(path: Path, photos: PhotoSet, among: PhotoSet | None = None) -> Split:
    """Read a split back, for the same photos in any order.

    Args:
        path: of the CSV file.
        photos: every one of them must be on a side.
        among: photos that the file may name besides, such as those that can't be read.

    Raises:
        DataError: the file isn't such a table, or names other photos than `photos`, or wrong sides.
    """
    header, rows = read_rows(path)
    for column in ("path", "split"):
        if column not in header:
            raise DataError(f"{path}, line 1: no column {column!r}; expected path,label,split,group, got {header}")
    at_path, at_split = header.index("path"), header.index("split")
    wanted = {photo.name for photo in photos.photos}
    known = wanted | {photo.name for photo in (among or photos).photos}
    side_of: dict[str, str] = {}
    for line, cells in rows:
        name, side = _plain(cells[at_path]), cells[at_split].lower()
        side = SPLITS.get(side, side)
        if name not in known:
            raise DataError(f"{path}, line {line}, column 'path': {name!r} is not among the photos of {photos.root}")
        if name in side_of:
            raise DataError(f"{path}, line {line}, column 'path': {name!r} stands there twice")
        if side not in (TRAIN, VAL, TEST, ALWAYS) and not _FOLD.fullmatch(side):
            raise DataError(
                f"{path}, line {line}, column 'split': expected train, val or test, or fold0, fold1, … and always, "
                f"got {side!r}"
            )
        side_of[name] = side
    missing = sorted(wanted - side_of.keys())
    if missing:
        raise DataError(
            f"{path} lacks {len(missing)} of {len(wanted)} photos, e.g. {', '.join(missing[:_EXAMPLES])}; write it anew"
        )
    sides = tuple(side_of[photo.name] for photo in photos.photos)
    _require_whole(path, set(sides))
    holds_out = "" if set(sides) != {ALWAYS} else " holds no photo out"
    return Split(sides, f"the split file {path.name}{holds_out}", 0)


def listed_in_split(path: Path) -> list[tuple[str, str]]:
    """Name and label of every photo that a split file names, in its order.

    Raises:
        DataError: the file isn't such a table.
    """
    header, rows = read_rows(path)
    columns = []
    for column in ("path", "label"):
        if column not in header:
            raise DataError(f"{path}, line 1: no column {column!r}; expected path,label,split,group, got {header}")
        columns.append(header.index(column))
    return [(_plain(cells[columns[0]]), _plain(cells[columns[1]])) for _, cells in rows]


def _require_whole(path: Path, sides: set[str]) -> None:
    folds = {side for side in sides if side.startswith("fold")}
    if folds and (
        folds != sides - {ALWAYS} or folds != {f"fold{number}" for number in range(len(folds))} or len(folds) < 2
    ):
        raise DataError(f"{path}: folds must be fold0, fold1, … without a gap, two or more, got {sorted(sides)}")
    if not folds and sides != {ALWAYS} and (TRAIN not in sides or ALWAYS in sides or len(sides) < 2):
        raise DataError(f"{path}: expected train and one of val and test, got only {sorted(sides)}")


def _neutral(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
