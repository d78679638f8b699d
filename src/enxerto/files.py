"""Files that are either the old or the new version after a crash, never a mixture, and their checksums."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from enxerto.errors import StorageError


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's errors into a `StorageError` that names the path and the space left."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        free = ""
        with suppress(OSError):
            existing = next(parent for parent in (path, *path.parents) if parent.exists())
            free = f"; {shutil.disk_usage(existing).free / 1e6:.0f} MB free there"
        raise StorageError(f"can't write {path}: {error.strerror or error}{free}") from error


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a power loss it holds either its old or its new content.

    Raises:
        StorageError: the disk is full, or the path can't be written.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
        sync_directory(path.parent)


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Flush a directory's entries to the disk, so that a rename in it survives a power loss."""
    if os.name == "posix":
        sync_file(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
