"""One split for both sides of a comparison, as a CSV file that both read."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from enxerto.data import (
    Split,
    check,
    clusters,
    find_duplicates,
    format_split,
    list_photos,
    merge_groups,
    split_photos,
)

FOLDS = 5
SEED = 0


@dataclass(frozen=True)
class Side:
    """The photos of one side.

    Attributes:
        paths: of the photos.
        labels: theirs.
    """

    paths: list[Path]
    labels: list[str]


def write_sides(photos: Path, target: Path, label_pattern: str | None, fold: int) -> int:
    """Write who is in train and test: as the folders say, else one fold of five against the four others.

    Folds are Enxerto's own: stratified, with copies of a photo on one side.

    Args:
        photos: the folder.
        target: the CSV file to write.
        label_pattern: finds the label in a file name.
        fold: the one to test on, from 0; of no account where the folders say.

    Returns:
        How many photos are in the test.
    """
    listed = list_photos(photos, label_pattern=label_pattern)
    records, _ = check(listed)
    groups = merge_groups(clusters(len(listed), find_duplicates(records)), [photo.group for photo in listed.photos])
    given = [photo.split for photo in listed.photos]
    drawn = split_photos(
        [photo.label or "" for photo in listed.photos],
        groups,
        given=given if any(given) else None,
        folds=FOLDS,
        seed=SEED,
    )
    tested = [side in ("test", f"fold{fold}") for side in drawn.sides]
    sides = Split(tuple("test" if test else "train" for test in tested), drawn.protocol, SEED)
    target.write_bytes(format_split(listed, sides, groups))
    return sum(tested)


def read_side(photos: Path, table: Path, name: str) -> Side:
    """The photos of a side, for who doesn't have Enxerto read the file."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == name]
    return Side([photos / row["path"] for row in rows], [row["label"] for row in rows])
