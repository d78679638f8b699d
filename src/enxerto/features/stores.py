"""Which store belongs to which way of making features, and the house-keeping of all of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from enxerto.backbones import View
from enxerto.data import DECODER
from enxerto.engines import Engine
from enxerto.errors import IntegrityError
from enxerto.features.store import Store, explained, set_aside
from enxerto.files import storage_errors
from enxerto.home import features_home, networks_home

_ROW_FORMAT = "row-1"


def store_key(engine: Engine, view: View | None = None) -> str:
    """SHA-256 of everything that decides a feature besides the photo's content.

    Decoder and its libraries, preprocessing, weights, layer, pooling, engine and its version, precision, and the view
    unless it is view 0. Left out on purpose: the number of threads and the chunk size, which change nothing (a test
    holds them to it).
    """
    import torch  # its antialiased resize is part of the preprocessing

    parts = [_ROW_FORMAT, DECODER, f"resize-torch-{torch.__version__}", engine.backbone.fingerprint, engine.identity]
    if view is not None and view.identity:
        parts.append(view.identity)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


@contextmanager
def open_store(engine: Engine, *, keep: bool = True, view: View | None = None) -> Iterator[Store]:
    """The store for an engine and a view of photos.

    Args:
        engine: what will compute features.
        keep: keep features for the next time; otherwise they go to a temporary file that is deleted.
        view: how photos are looked at; as in use when `None`, which is view 0.
    """
    backbone = engine.backbone
    about = {
        "backbone": backbone.name,
        "weights": backbone.identity,
        "origin": backbone.origin,
        "layer": backbone.layer,
        "pooling": backbone.pooling,
        "engine": engine.identity,
        "decoder": DECODER,
    }
    if view is not None and view.identity:
        about |= {"view": str(view.number), "augmentation": view.identity}
    if keep:
        with Store(features_home() / f"{store_key(engine, view)}.sqlite", about) as store:
            with suppress(OSError):
                os.utime(store.path)  # `prune` goes by that: a store that is only read is in use, too
            yield store
        return
    with (
        tempfile.TemporaryDirectory(prefix="enxerto-") as folder,
        Store(Path(folder) / "features.sqlite", about) as store,
    ):
        yield store


@dataclass(frozen=True)
class StoreInfo:
    """One store as `enxerto cache` shows it.

    Attributes:
        path: of the file.
        about: what the file says of itself; empty when it can't be opened.
        photos: rows.
        size_bytes: of the file.
        used: when it was last opened for features, or written, UTC.
        damaged: rows whose checksum fails, -1 when the file itself is damaged, `None` when nobody checked the rows.
    """

    path: Path
    about: dict[str, str]
    photos: int
    size_bytes: int
    used: datetime
    damaged: int | None = None


@dataclass(frozen=True)
class NetworksInfo:
    """The converted networks as `enxerto cache` shows them.

    Attributes:
        count: how many.
        size_bytes: of all of them.
    """

    count: int
    size_bytes: int


def list_stores() -> list[StoreInfo]:
    """Every feature store, largest first."""
    infos = [_info(path) for path in sorted(features_home().glob("*.sqlite"))]
    return sorted(infos, key=lambda info: -info.size_bytes)


def converted_networks() -> NetworksInfo:
    """How many networks are kept converted, and their size."""
    sizes = []
    for path in networks_home().glob("*.network"):
        with suppress(FileNotFoundError):  # another process prunes
            sizes.append(path.stat().st_size)
    return NetworksInfo(len(sizes), sum(sizes))


def verify_stores() -> list[StoreInfo]:
    """Check every row of every store; damaged rows are deleted and damaged files set aside, to be made again.

    Raises:
        BusyError: another process holds a store.
        StorageError: the disk is full, or a store can't be written.
    """
    return [_verified(path) for path in sorted(features_home().glob("*.sqlite"))]


def prune(*, older_than_days: float = 0.0) -> int:
    """Delete stores, converted networks and what was set aside, unless used lately; imported weights stay.

    Args:
        older_than_days: keep what was used more recently than that; 0 deletes all.

    Returns:
        The bytes that were freed.
    """
    limit = time.time() - older_than_days * 86_400
    freed = 0
    for folder in (features_home(), networks_home()):
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            with suppress(FileNotFoundError):  # what other processes write comes and goes
                if path.is_file() and (older_than_days <= 0 or _last_used(path) <= limit):
                    freed += path.stat().st_size
                    with storage_errors(path):
                        path.unlink(missing_ok=True)
    return freed


def _last_used(path: Path) -> float:
    """A journal is as old as its store: without it, a store can't roll a killed write back."""
    store = path.with_name(path.name.removesuffix("-journal"))
    return (store if store.is_file() else path).stat().st_mtime


def free_bytes() -> int:
    """Space left on the disk of the cache."""
    folder = next(parent for parent in (features_home(), *features_home().parents) if parent.exists())
    return shutil.disk_usage(folder).free


def _info(path: Path, damaged: int | None = None) -> StoreInfo:
    status = path.stat()
    used = datetime.fromtimestamp(status.st_mtime, UTC)
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)  # rw: after a kill it rolls back
        try:
            about = dict(connection.execute("select name, value from about").fetchall())
            photos = connection.execute("select count(*) from rows").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        reason = explained(error, path)
        if not isinstance(reason, IntegrityError):
            raise reason from error
        return StoreInfo(path, {}, 0, status.st_size, used, -1)
    return StoreInfo(path, about, photos, status.st_size, used, damaged)


def _verified(path: Path) -> StoreInfo:
    before = _info(path)
    if before.damaged is not None:
        set_aside(path)
        return before
    try:
        with Store(path) as store:
            bad = store.damaged()
            store.remove(bad)
    except IntegrityError:
        set_aside(path)
        return StoreInfo(path, before.about, before.photos, before.size_bytes, before.used, -1)
    return _info(path, damaged=len(bad))
