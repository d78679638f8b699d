"""Results of many files as one directory: after a crash there is the old one or the whole new one, never a part."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from enxerto.classifier.checksums import write_checksums
from enxerto.classifier.manifest import NAME as MODEL
from enxerto.classifier.replacement import move_into_place, require_free, sweep_beside
from enxerto.errors import OptionError
from enxerto.files import storage_errors, sync_directory, sync_file, unfinished_directory

Content = bytes | Callable[[Path], None]
"""What a file holds, or a function that writes it."""


@dataclass(frozen=True)
class Kind:
    """A kind of result.

    Attributes:
        name: what such a directory is called in messages.
        record: the file that every directory of this kind has.
    """

    name: str
    record: str


def require_free_directory(path: Path, kind: Kind, *, force: bool) -> None:
    """See that a result can be written, before any work is done.

    Args:
        path: of the directory to come.
        kind: of result.
        force: replace a whole result of the same kind that is there; nothing else is ever replaced.

    Raises:
        OptionError: there is something already, or the place is inside a model.
    """
    if any((parent / MODEL).exists() for parent in path.absolute().parents):
        raise OptionError(f"{path} lies in a model's directory, which would be no intact model; choose another path")
    require_free(path, force=force, manifest=kind.record, kind=kind.name)


def write_directory(path: Path, kind: Kind, files: Mapping[str, Content], *, force: bool) -> None:
    """Write every file of a result and list them with their checksums.

    Args:
        path: of the directory.
        kind: of result; its record is one of the files.
        files: by name.
        force: as for `require_free_directory`.

    Raises:
        OptionError: as for `require_free_directory`.
        StorageError: the disk is full, or the path can't be written.
    """
    require_free_directory(path, kind, force=force)
    path = path.resolve()
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep_beside(path)
        unfinished = path.with_name(f".{path.name}.unfinished-{secrets.token_hex(4)}")
        with unfinished_directory(unfinished):
            for name, content in files.items():
                if isinstance(content, bytes):
                    (unfinished / name).write_bytes(content)
                else:
                    content(unfinished / name)
            write_checksums(unfinished)
            for written in unfinished.iterdir():
                sync_file(written)
            sync_directory(unfinished)
            move_into_place(unfinished, path, force=force, manifest=kind.record, kind=kind.name)
