"""Where an archive comes from: a mirror that the user names, what was downloaded before, or its official address.

A mirror is a folder or a web server with `NAME/FILE`, e.g. `pets/images.tar.gz`; a folder may have the files without
the folder `pets`, too. Checksums hold for mirrors as for official servers.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from enxerto.data.catalog.checksum import is_intact, verify
from enxerto.data.catalog.datasets import Archive, Dataset
from enxerto.download import discard, download
from enxerto.errors import DataError, IntegrityError, OptionError
from enxerto.files import storage_errors
from enxerto.meter import MB
from enxerto.progress import Progress

MIRROR = "ENXERTO_MIRROR"
Mirror = Path | str | None
"""A folder, the address of a web server, or none."""


def is_offline() -> bool:
    """Whether the environment forbids downloads."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}


def mirror_of(given: str | None) -> Mirror:
    """The mirror that was asked for: `given`, or `ENXERTO_MIRROR`.

    Raises:
        OptionError: it is neither a folder nor an http address.
    """
    named = given or os.environ.get(MIRROR)
    if not named:
        return None
    scheme, host = urlsplit(named)[:2] if "://" in named else ("", "")
    if scheme in ("http", "https") and host:
        return named.rstrip("/")
    folder = Path(named).expanduser()
    if scheme or not folder.is_dir():
        raise OptionError(f"a mirror is a folder or an http(s):// address, got {named!r}, which is neither")
    return folder


def obtain(
    dataset: Dataset, archive: Archive, folder: Path, *, mirror: Mirror, offline: bool, progress: Progress
) -> Path:
    """An archive on this disk, with the right checksum.

    Args:
        dataset: that it belongs to.
        archive: which.
        folder: where downloads go.
        mirror: to ask instead of the official address.
        offline: never download.
        progress: how to show it.

    Raises:
        DataError: it can't be had.
        IntegrityError: what can be had is another file.
        StorageError: the disk is full.
    """
    if isinstance(mirror, Path):
        return _from_folder(dataset, archive, mirror)
    kept = folder / archive.name
    if is_kept(archive, folder):
        return kept
    url = archive.url if mirror is None else f"{mirror}/{dataset.name}/{archive.name}"
    if offline:
        raise DataError(
            f"{dataset.name} needs {archive.name}, which is not on this machine, and downloads are off; bring it from "
            f"{archive.url}, then: enxerto data get {dataset.name} --mirror FOLDER"
        )
    part = folder / f"{archive.name}.part"
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with progress(archive.name, archive.size_bytes // MB, "MB") as advance:
        resumed = download(url, part, archive.size_bytes, advance)
        if resumed and not is_intact(part, archive.checksum):  # parts of two versions, perhaps
            discard(part)
            download(url, part, archive.size_bytes, advance)
    try:
        verify(part, archive.checksum, url)
    except IntegrityError:
        discard(part)
        raise
    with storage_errors(kept):
        part.replace(kept)
    discard(part)
    return kept


def is_kept(archive: Archive, folder: Path) -> bool:
    """Whether a download from before is there and intact; a damaged one is deleted."""
    kept = folder / archive.name
    if not kept.is_file():
        return False
    if is_intact(kept, archive.checksum):
        return True
    with storage_errors(kept):
        kept.unlink()
    return False


def _from_folder(dataset: Dataset, archive: Archive, mirror: Path) -> Path:
    places = [mirror / dataset.name / archive.name, mirror / archive.name]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise DataError(f"the mirror {mirror} has no {dataset.name}/{archive.name}; bring it from {archive.url}")
    verify(found, archive.checksum, str(found))
    return found
