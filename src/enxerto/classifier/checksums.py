"""`checksums.json`: every file of a model directory with its size and SHA-256; nothing else may be there."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec

from enxerto.data.walk import is_litter
from enxerto.errors import IntegrityError
from enxerto.files import sha256_of

NAME = "checksums.json"


@dataclass(frozen=True)
class Checksum:
    """Of one file."""

    sha256: str
    bytes: int


def write_checksums(folder: Path) -> None:
    """List every file of a folder."""
    listed = {path.name: Checksum(sha256_of(path), path.stat().st_size) for path in sorted(folder.iterdir())}
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(listed), indent=2))


def verify_checksums(folder: Path) -> None:
    """Compare a folder with its list.

    Raises:
        IntegrityError: a file is missing, extra, changed, a link or no file; or there is no intact list.
    """
    try:
        listed = msgspec.json.decode((folder / NAME).read_bytes(), type=dict[str, Checksum])
    except FileNotFoundError:
        raise IntegrityError(f"{folder} is no Enxerto model: it has no {NAME}") from None
    except (msgspec.DecodeError, OSError) as error:
        raise IntegrityError(f"{folder / NAME} can't be read: {error}") from error
    found = {entry.name for entry in os.scandir(folder) if not is_litter(entry.name)} - {NAME}
    if extra := found - set(listed):
        raise IntegrityError(f"{folder} holds {sorted(extra)[0]!r}, which {NAME} doesn't list; remove it")
    for name, checksum in listed.items():
        if name != Path(name).name or name in ("", ".", ".."):
            raise IntegrityError(f"{NAME} lists {name!r}, which is no plain file name")
        _verify(folder / name, checksum)


def _verify(path: Path, checksum: Checksum) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        raise IntegrityError(f"{path} is missing; copy the whole model directory again") from None
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise IntegrityError(f"{path} is a link or no regular file; a model holds plain files only")
    if status.st_size != checksum.bytes:
        raise IntegrityError(f"{path} should have {checksum.bytes} bytes, got {status.st_size}; copy it again")
    if sha256_of(path) != checksum.sha256:
        raise IntegrityError(f"{path} was changed or damaged: its SHA-256 is not the listed one; copy it again")
