"""`checksums.json`: every file of a model directory with its size and SHA-256; nothing else may be there."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection
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


def read_verified(folder: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """Compare a folder with its list.

    What is returned was read once and is what was compared, so that a model which another process replaces meanwhile
    gives an error and never a mixture of two.

    Args:
        folder: of a model.
        wanted: names of files to return the content of, where the list has them.

    Raises:
        IntegrityError: a file is missing, extra, changed, a link or no file; or there is no intact list.
    """
    listed = _read_list(folder)
    try:
        extra = unlisted(folder, listed)
    except OSError as error:
        raise IntegrityError(f"{folder} can't be looked into: {error.strerror or error}") from error
    if extra is not None:
        raise IntegrityError(f"{folder} holds {extra!r}, which {NAME} doesn't list; remove it")
    contents = {}
    for name, checksum in listed.items():
        if name != Path(name).name or name in ("", ".", "..") or "\0" in name:
            raise IntegrityError(f"{NAME} lists {name!r}, which is no plain file name")
        content = _verified(folder / name, checksum, keep=name in wanted)
        if content is not None:
            contents[name] = content
    return contents


def owns_everything(folder: Path) -> bool:
    """Whether a folder has a list and holds nothing else, so that deleting it deletes a model only."""
    try:
        return unlisted(folder, _read_list(folder), passed_over=_is_junk) is None
    except (IntegrityError, OSError):
        return False


def unlisted(folder: Path, listed: Collection[str], *, passed_over: Callable[[str], bool] = is_litter) -> str | None:
    """The first name in a folder that a list doesn't have and that isn't passed over."""
    found = {entry.name for entry in os.scandir(folder) if not passed_over(entry.name)}
    return min(found - set(listed) - {NAME}, default=None)


def _is_junk(name: str) -> bool:
    """Litter that nobody misses, which can't be said of every hidden file."""
    return is_litter(name) and (not name.startswith(".") or name == ".DS_Store" or name.startswith("._"))


def _read_list(folder: Path) -> dict[str, Checksum]:
    path = folder / NAME
    try:
        _require_plain(path)
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Checksum])
    except FileNotFoundError:
        raise IntegrityError(f"{folder} is no Enxerto model: it has no {NAME}") from None
    except (msgspec.DecodeError, OSError, ValueError, RecursionError) as error:
        raise IntegrityError(f"{path} can't be read: {error}") from error


def _verified(path: Path, checksum: Checksum, *, keep: bool) -> bytes | None:
    try:
        size = _require_plain(path)
        if size != checksum.bytes:
            raise IntegrityError(f"{path} should have {checksum.bytes} bytes, got {size}; copy it again")
        content = path.read_bytes() if keep else None
        found = sha256_of(path) if content is None else hashlib.sha256(content).hexdigest()
    except FileNotFoundError:
        raise IntegrityError(f"{path} is missing; copy the whole model directory again") from None
    except OSError as error:
        raise IntegrityError(f"{path} can't be read: {error.strerror or error}") from error
    if found != checksum.sha256:
        raise IntegrityError(f"{path} was changed or damaged: its SHA-256 is not the listed one; copy it again")
    return content


def _require_plain(path: Path) -> int:
    """The size of a regular file with one name; nothing else is opened."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise IntegrityError(f"{path} is a link or no regular file; a model holds plain files only")
    return status.st_size
