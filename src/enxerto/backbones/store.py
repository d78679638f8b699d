"""Enxerto's own store of weights: one safetensors file a backbone, with its SHA-256 beside it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from enxerto.backbones.catalog import Entry
from enxerto.errors import IntegrityError
from enxerto.files import sha256_of, storage_errors, sync_directory, sync_file, write_durably
from enxerto.home import weights_home

SUFFIX = ".safetensors"


def imported_file(entry: Entry) -> Path:
    """Where `enxerto backbones import` puts this backbone's weights, whether or not its tag is typed."""
    return weights_home() / f"{entry.tagged_name}{SUFFIX}"


def record_of(path: Path) -> Path:
    """The file that holds the SHA-256 of a weight file, as `sha256sum` writes and checks it."""
    return path.with_name(f"{path.name}.sha256")


def keep(converted: Path, target: Path) -> None:
    """Move a finished file of the same disk into the store; whoever reads meanwhile gets the old or the new one.

    Raises:
        StorageError: the disk is full, or the store can't be written.
    """
    digest = sha256_of(converted)
    with storage_errors(target):
        sync_file(converted)
        record_of(target).unlink(missing_ok=True)  # a crash from here on leaves no record, never a wrong one
        converted.replace(target)
        sync_directory(target.parent)
    write_durably(record_of(target), f"{digest}  {target.name}\n".encode())


def verify(path: Path) -> bool:
    """Hold a weight file to the SHA-256 beside it; `False` where there is none.

    Raises:
        IntegrityError: it is another file, or a damaged one.
    """
    expected = ""
    with suppress(FileNotFoundError):
        expected = record_of(path).read_text(encoding="utf-8").partition(" ")[0]
    if not expected:
        return False
    found = sha256_of(path)
    if found != expected:
        raise IntegrityError(
            f"{path} should have SHA-256 {expected}, got {found}; it is damaged: delete it and import it again"
        )
    return True
