"""The photos of a lab: the data set as it was got, a folder in the layout of its archives, or nothing yet."""

from __future__ import annotations

import os
from pathlib import Path

from enxerto.data.catalog import find, get, write_listing
from enxerto.data.catalog.folder import SOURCE, is_ours
from enxerto.data.catalog.listings import LISTING, pets, pets_without_split
from enxerto.errors import DataError, OptionError
from enxerto.files import storage_errors
from enxerto.progress import Progress

PETS = "pets"


def lab_listing(data: Path, target: Path, *, mirror: str | None, offline: bool, progress: Progress) -> Path:
    """The CSV file of a lab's photos, written beside its page where there is none yet.

    Args:
        data: a CSV file, a folder of `enxerto data get pets`, a folder with `images/` and `annotations/`, a folder of
            photos named `breed_12.jpg`, or nothing: then the data set is downloaded there.
        target: the lab's directory.
        mirror: to download from.
        offline: never download.
        progress: how to show it.

    Raises:
        DataError: the data set can't be had, or the folder has no photos of pets.
        OptionError: `data` is a file of another kind.
    """
    if data.is_file():
        if data.suffix.lower() != ".csv":
            raise OptionError(f"{data} is no folder; expected a folder of pets or a CSV file (path,label,split)")
        return data
    if not data.exists() or not any(data.iterdir()) or is_ours(data):
        return get(find(PETS), data, mirror=mirror, offline=offline, progress=progress).listing
    split = (data / "annotations").is_dir()
    rows = list(pets(data) if split else pets_without_split(data))
    if not rows:
        raise DataError(
            f"{data} has neither annotations/ nor photos named like great_pyrenees_12.jpg; give a folder in the layout "
            "of the pets archives, or a new one to download them to"
        )
    with storage_errors(target):
        target.mkdir(parents=True, exist_ok=True)
    write_listing(iter(rows), target / LISTING, f"{Path(os.path.relpath(data, target)).as_posix()}/")
    return target / LISTING


def lab_licence(listing: Path) -> str:
    """Licence and citation of photos that `enxerto data get` brought; empty where nothing is known of them."""
    if not (listing.parent / SOURCE).is_file():
        return ""
    dataset = find(PETS)
    return f"{dataset.title}, {dataset.licence}. {dataset.citation}"
