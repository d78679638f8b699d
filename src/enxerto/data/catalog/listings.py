"""The photos of a data set as a CSV file, `path,label,split`: no photo is copied or moved for it.

Files that are known to be unreadable are listed all the same, so that they get their verdict and are named in reports.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from enxerto.data.catalog.flower_names import FLOWERS
from enxerto.data.names import name_of
from enxerto.data.walk import files_below, folders_in, has_image_suffix
from enxerto.errors import IntegrityError
from enxerto.files import write_durably

LISTING = "photos.csv"
Row = tuple[str, str, str]
"""Path below the folder, label, and side (empty where there is no official split)."""
List = Callable[[Path], Iterator[Row]]


def write_listing(rows: Iterator[Row], path: Path, below: str = "") -> int:
    """Write the rows as a CSV file that `enxerto train` takes.

    Args:
        rows: of the photos.
        path: of the CSV file.
        below: goes in front of every path, where the file doesn't lie in the folder itself.

    Returns:
        How many photos there are.

    Raises:
        IntegrityError: there are none: the files are not those of this data set.
        StorageError: the disk is full.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "label", "split"))
    count = 0
    for photo, label, side in sorted(rows):
        writer.writerow((f"{below}{photo}", label, side))
        count += 1
    if not count:
        raise IntegrityError(f"no photos to list in {path.parent}; its files are not those of this data set")
    write_durably(path, text.getvalue().encode())
    return count


def folders(name: str, *, without: tuple[str, ...] = ()) -> List:
    """For data sets with a folder per class below the folder `name`; `without` names folders that are no classes."""

    def listed(root: Path) -> Iterator[Row]:
        for folder in folders_in(_require_folder(root / name)):
            if folder.name not in without:
                yield from _labelled(root, folder, folder.name)

    return listed


def hymenoptera(root: Path) -> Iterator[Row]:
    """`train` and `val` with a folder per class; without a placeholder that a web site gave in place of a photo."""
    for side in ("train", "val"):
        for folder in folders_in(_require_folder(root / "hymenoptera_data" / side)):
            for photo, label, _ in _labelled(root, folder, folder.name):
                if not photo.endswith("/imageNotFound.gif"):
                    yield photo, label, side


def pets(root: Path) -> Iterator[Row]:
    """`annotations/trainval.txt` and `test.txt`: a photo's name, and figures that its name says, too.

    The breed is the name without its number: `great_pyrenees_12`.
    """
    for file, side in (("trainval.txt", "train"), ("test.txt", "test")):
        for line in _lines(root / "annotations" / file):
            name = line.split()[0]
            breed, _, number = name.rpartition("_")
            if not breed or not number.isdecimal() or "/" in name or "\\" in name:
                raise IntegrityError(
                    f"{root / 'annotations' / file}: expected lines like 'beagle_12 5 2 1', got {line}"
                )
            yield f"images/{name}.jpg", breed, side


def pets_without_split(root: Path) -> Iterator[Row]:
    """The photos of a folder in which breeds are in the file names only, `beagle_12.jpg`, without any split."""
    folder = root / "images" if (root / "images").is_dir() else root
    for path in files_below(folder):
        breed, _, number = path.stem.rpartition("_")
        if breed and number.isdecimal() and has_image_suffix(path):
            yield name_of(path.relative_to(root)), breed, ""


def flowers(root: Path) -> Iterator[Row]:
    """`imagelabels.mat` has a number for each photo, `setid.mat` the numbers of photos on each side."""
    labels = _matrix(root / "imagelabels.mat", "labels")
    sides = root / "setid.mat"
    for key, side in (("trnid", "train"), ("valid", "val"), ("tstid", "test")):
        for number in _matrix(sides, key):
            if not 1 <= number <= len(labels) or not 1 <= labels[number - 1] <= len(FLOWERS):
                raise IntegrityError(f"{sides}: there is no photo {number} with one of {len(FLOWERS)} labels")
            yield f"jpg/image_{number:05d}.jpg", FLOWERS[labels[number - 1] - 1], side


def food(root: Path) -> Iterator[Row]:
    """`meta/train.txt` and `test.txt`: a class and a number a line, `apple_pie/1005649`."""
    for side in ("train", "test"):
        for line in _lines(root / "food-101/meta" / f"{side}.txt"):
            label, _, number = line.partition("/")
            if not label or not number.isdecimal():
                raise IntegrityError(f"{root / 'food-101/meta'}/{side}.txt: expected 'apple_pie/12', got {line!r}")
            yield f"food-101/images/{label}/{number}.jpg", label, side


def _labelled(root: Path, folder: Path, label: str) -> Iterator[Row]:
    for path in files_below(folder):
        yield name_of(path.relative_to(root)), label, ""


def _require_folder(path: Path) -> Path:
    if not path.is_dir():
        raise IntegrityError(f"there is no folder {path}; the files are not those of this data set")
    return path


def _lines(path: Path) -> list[str]:
    """Lines with something on them, without comments."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise IntegrityError(f"can't read {path}: {error}; the files are not those of this data set") from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _matrix(path: Path, key: str) -> list[int]:
    """The whole numbers of one matrix in a MATLAB file."""
    import numpy as np
    from scipy.io import loadmat

    try:
        numbers: list[int] = np.asarray(loadmat(path)[key], dtype=np.int64).ravel().tolist()
    except Exception as error:  # SciPy meets a damaged file with whatever error it runs into
        raise IntegrityError(f"{path} is no MATLAB file with {key!r} in it: {error}") from error
    return numbers
