"""Fetching torchvision's weight files to where PyTorch, too, looks for them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from enxerto.backbones.torchvision_files import PUBLISHED, checkpoints_home
from enxerto.download import discard, download
from enxerto.errors import BusyError, DataError, IntegrityError, OptionError, WeightsMissingError
from enxerto.files import require_space, sha256_of, storage_errors
from enxerto.home import downloads_home
from enxerto.meter import MB
from enxerto.progress import bar

PUBLISHER = "https://download.pytorch.org/models"
MIRROR = "ENXERTO_TORCHVISION_MIRROR"


def fetch(file: str) -> Path:
    """Bring one of torchvision's files to where PyTorch keeps them, going on with what arrived before.

    Raises:
        OptionError: the mirror is no web address.
        WeightsMissingError: it can't be had.
        IntegrityError: what was sent is another file.
        BusyError: another process is downloading it.
        StorageError: the disk is full, or too small.
    """
    address = os.environ.get(MIRROR) or PUBLISHER
    if not address.startswith(("http://", "https://")):
        raise OptionError(f"{MIRROR} must be an http(s):// address that has torchvision's files, got {address!r}")
    size = next(each.megabytes for each in PUBLISHED if each.file == file)
    target = checkpoints_home() / file
    part, lock = target.with_name(f"{file}.part"), FileLock(downloads_home() / f"{file}.lock")
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        downloads_home().mkdir(parents=True, exist_ok=True)
        with suppress(Timeout):
            lock.acquire(timeout=0)
    if not lock.is_locked:
        raise BusyError(f"another process is downloading {file} already; wait for it")
    try:
        if not target.is_file():
            begun = part.stat().st_size if part.is_file() else 0
            require_space(target, size * MB - begun, file)
            _receive(f"{address.rstrip('/')}/{file}", part, target, size)
    finally:
        lock.release()
    return target


def _receive(url: str, part: Path, target: Path, megabytes: int) -> None:
    try:
        with bar(target.name, megabytes, "MB") as advance:
            resumed = download(url, part, None, advance)
            if resumed and not _is_right(part, target):  # parts of two versions, perhaps
                discard(part)
                download(url, part, None, advance)
    except DataError as error:
        raise WeightsMissingError(str(error)) from error
    if not _is_right(part, target):
        found = sha256_of(part)
        discard(part)
        raise IntegrityError(
            f"{url} should have a SHA-256 that begins with {target.stem[-8:]}, got {found[:8]}: the server sent "
            "another file, and nothing of it was kept"
        )
    with storage_errors(target):
        part.replace(target)
    discard(part)


def _is_right(part: Path, target: Path) -> bool:
    return sha256_of(part).startswith(target.stem[-8:])
