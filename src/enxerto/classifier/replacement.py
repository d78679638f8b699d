"""A model directory in place of another: whatever is killed when, there is one of them, whole."""

from __future__ import annotations

import errno
import shutil
from glob import escape
from pathlib import Path

from enxerto.classifier.checksums import owns_everything
from enxerto.classifier.manifest import NAME as MANIFEST
from enxerto.errors import OptionError
from enxerto.files import storage_errors, sweep, sync_directory

_ATTEMPTS = 5
_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT})
"""What moving says when another process moves the same directories at the same moment."""


def require_free(path: Path, *, force: bool, manifest: str = MANIFEST, kind: str = "model") -> None:
    """Raise an `OptionError` when a model can't be written to `path`, before any work is done.

    A directory counts as a model only when everything in it is listed by the model's own checksums, so that `force`
    never deletes anything else.

    Args:
        path: of the directory.
        force: replace the model that is there.
        manifest: the file that a directory of this kind has, besides its checksums.
        kind: what such a directory is called.
    """
    for _ in range(_ATTEMPTS):  # what another process is replacing looks like no model for a moment
        recover(path)
        if not path.exists() or _is_empty(path):
            return
        if (path / manifest).is_file() and owns_everything(path):
            if force:
                return
            raise OptionError(f"there is a {kind} at {path} already; pass --force to replace it")
    raise OptionError(f"there is something that is no {kind} at {path}, or a {kind} and more; choose another path")


def _is_empty(path: Path) -> bool:
    try:
        return not any(path.iterdir())
    except OSError:
        return False


def sweep_beside(path: Path) -> None:
    """Delete what killed saves of this model left behind."""
    for stale in path.parent.glob(f".{escape(path.name)}.unfinished-*"):
        sweep(stale)


def move_into_place(
    unfinished: Path, path: Path, *, force: bool, manifest: str = MANIFEST, kind: str = "model"
) -> None:
    """Let a finished directory take the place of what `require_free` allows to replace.

    Args:
        unfinished: the directory, beside `path`, every file of it flushed to the disk.
        path: where it belongs, without symbolic links.
        force: as for `require_free`; asked again, as another process may have put a model there meanwhile.
        manifest: as for `require_free`.
        kind: as for `require_free`.
    """
    old = _aside(path)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            require_free(path, force=force, manifest=manifest, kind=kind)
            shutil.rmtree(old, ignore_errors=True)
            if path.exists():
                path.rename(old)
            unfinished.rename(path)
            break
        except OSError as error:
            if error.errno not in _TAKEN or attempt == _ATTEMPTS:
                raise
    sync_directory(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def recover(path: Path) -> None:
    """Bring back a model that a killed `save` had moved aside."""
    old = _aside(path)
    if old.is_dir() and not path.exists():
        with storage_errors(path):
            try:
                old.rename(path.resolve())
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise


def _aside(path: Path) -> Path:
    """Where the old model lies while the new one takes its place."""
    path = path.resolve()
    return path.parent / f".{path.name}.replaced"
