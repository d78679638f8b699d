"""Features on disk: one SQLite file for each way to make them, one row for each distinct photo content.

SQLite's journal makes a row either there or not after a kill, a full disk or a power loss, and its locks let several
processes share a file. What it doesn't notice, a flipped bit inside a row, the checksum beside each row does.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from enxerto.errors import BusyError, EnxertoError, IntegrityError, StorageError
from enxerto.files import free_space, storage_errors

BUSY_TIMEOUT_S = 60.0
_KEYS_A_QUERY = 500
_SCHEMA = """
create table if not exists about (name text primary key, value text not null) without rowid;
create table if not exists rows (key blob primary key, value blob not null, checksum integer not null);
"""

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR})
"""SQLite says the last one of a file whose header or schema was changed."""

_log = logging.getLogger(__name__)


class Store:
    """A file of rows, each a content hash and the bytes that belong to it.

    Args:
        path: of the file; it and its folder are made when missing. A damaged file is set aside and begun anew.
        about: kept in the file, for people: the backbone's name, the layer, ….

    Raises:
        BusyError: another process holds the file for longer than a minute.
        StorageError: the disk is full, or the path can't be written.

    Every method may also raise an `IntegrityError`: a page of the file is damaged; `verify_stores` sets it aside.
    """

    def __init__(self, path: Path, about: Mapping[str, str] | None = None) -> None:
        self.path = path
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = self._open(about or {})
        except IntegrityError:
            self._connection = self._begin_anew(about or {})

    def _begin_anew(self, about: Mapping[str, str]) -> sqlite3.Connection:
        """Set the file aside, unless another process has just done so."""
        with storage_errors(self.path), FileLock(f"{self.path}.lock"):
            with suppress(IntegrityError):
                return self._open(about)
            aside = set_aside(self.path)
            _log.warning("%s was damaged and set aside as %s; its features are made again", self.path, aside.name)
            return self._open(about)

    def _open(self, about: Mapping[str, str]) -> sqlite3.Connection:
        with self._errors():
            return self._connect(about)

    def _connect(self, about: Mapping[str, str]) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("pragma synchronous = full")
            known = connection.execute("select count(*) from sqlite_master where name in ('about', 'rows')").fetchone()
            if known[0] != 2:
                connection.executescript(f"begin immediate; {_SCHEMA}")
                connection.executemany("insert or ignore into about values (?, ?)", about.items())
                connection.execute("commit")
        except BaseException:
            connection.close()
            raise
        return connection

    def get(self, keys: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """The intact rows of the keys asked for, in no particular order; a row that lost its checksum is left out."""
        wanted = list(keys)
        for start in range(0, len(wanted), _KEYS_A_QUERY):
            some = wanted[start : start + _KEYS_A_QUERY]
            query = f"select key, value, checksum from rows where key in ({','.join('?' * len(some))})"
            with self._errors():
                found = self._connection.execute(query, some).fetchall()
            for key, value, checksum in found:
                if zlib.crc32(key + value) == checksum:
                    yield key, value
                else:
                    _log.warning("a row of %s is damaged; it is made again", self.path)

    def put(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Add or replace rows, all or none; when this returns they survive a power loss."""
        checked = [(key, value, zlib.crc32(key + value)) for key, value in rows]
        with self._errors(), self._transaction():
            self._connection.executemany("insert or replace into rows values (?, ?, ?)", checked)

    def count(self) -> int:
        """How many rows there are."""
        with self._errors():
            return int(self._connection.execute("select count(*) from rows").fetchone()[0])

    def about(self) -> dict[str, str]:
        """What the file says of itself."""
        with self._errors():
            return dict(self._connection.execute("select name, value from about").fetchall())

    def damaged(self) -> list[bytes]:
        """The keys of rows whose checksum fails; reads the whole file.

        Raises:
            IntegrityError: the file itself is damaged, so that its rows can't be told.
        """
        with self._errors():
            (verdict,) = self._connection.execute("pragma integrity_check(1)").fetchone()
            if verdict != "ok":
                raise IntegrityError(
                    f"the cache {self.path} is damaged ({' '.join(verdict.split())}); run: enxerto cache verify"
                )
            rows = self._connection.execute("select key, value, checksum from rows")
            return [key for key, value, checksum in rows if zlib.crc32(key + value) != checksum]

    def remove(self, keys: Sequence[bytes]) -> None:
        """Delete rows."""
        with self._errors(), self._transaction():
            self._connection.executemany("delete from rows where key = ?", [(key,) for key in keys])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("rollback")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise explained(error, self.path) from error


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that a new one can take its place."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    with storage_errors(path):
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # first: the next one is of a new file
        path.replace(aside)
    return aside


def explained(error: sqlite3.DatabaseError, path: Path) -> EnxertoError:
    """What SQLite's error means for the store at `path`."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
    if code in _BUSY:
        return BusyError(f"{path} is held by another process; wait for it to finish, or set ENXERTO_HOME")
    if code in _DAMAGED:
        return IntegrityError(f"the cache {path} is damaged ({error}); run: enxerto cache verify")
    return StorageError(f"can't use the cache {path}: {error}{free_space(path)}; free some space or set ENXERTO_HOME")
