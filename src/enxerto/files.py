"""Files that are either the old or the new version after a crash, never a mixture, and their checksums."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
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
        raise StorageError(f"can't write {path}: {error.strerror or error}{free_space(path)}") from error


def free_space(path: Path) -> str:
    """How much room a path's disk has, as the end of a message; empty where nobody can tell."""
    with suppress(OSError):
        existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
        return f"; {shutil.disk_usage(existing).free / 1e6:.0f} MB free there"
    return ""


def require_space(path: Path, size_bytes: int, what: str) -> None:
    """See that so many bytes will fit where a path lies or shall lie.

    Raises:
        StorageError: they won't.
    """
    existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < size_bytes:
        raise StorageError(
            f"no room for {what}: {size_bytes / 1e6:,.0f} MB are needed in {existing}, and {free / 1e6:,.0f} MB are "
            "free; make room or choose another place"
        )


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a power loss it holds either its old or its new content.

    Raises:
        StorageError: the disk is full, or the path can't be written.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_directory(path.parent)


@contextmanager
def unfinished_directory(path: Path) -> Iterator[None]:
    """Make a directory for a block that fills it and then renames it; when the block fails, it is deleted.

    `sweep` in another process leaves it alone until the block ends or the process does, however it ends.
    """
    descriptor = None
    while descriptor is None:
        path.mkdir()
        with suppress(FileNotFoundError):  # swept before it was marked
            descriptor = _lock(path, wait=True)
            if descriptor is None:
                break
            if not path.exists():
                os.close(descriptor)
                descriptor = None
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    finally:
        if descriptor is not None:
            os.close(descriptor)


def sweep(path: Path) -> None:
    """Delete an `unfinished_directory` that a killed process left behind."""
    with suppress(FileNotFoundError, BlockingIOError):
        descriptor = _lock(path, wait=False)
        shutil.rmtree(path, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """A descriptor that holds a directory's lock, `None` where there are no such locks."""
    if os.name != "posix":
        return None
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # a network file system without locks of directories
        os.close(descriptor)
        return None
    return descriptor


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
