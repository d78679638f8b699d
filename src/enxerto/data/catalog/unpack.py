"""Unpacking an archive that may be hostile: nothing outside its folder, no links, no devices, no bombs.

Members are written by hand, as plain files in a fresh folder; owners, permissions and times in the archive are passed
over. What operating systems leave behind (`._photo.jpg`, `__MACOSX`, `Thumbs.db`) is not unpacked.

Reference: OWASP ASVS 5.0, 5.2.3 and 5.3.3.
"""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from enxerto.data.walk import is_litter
from enxerto.errors import IntegrityError
from enxerto.files import storage_errors

SUFFIXES = (".zip", ".tar.gz", ".tgz")
_CHUNK = 1 << 20
_UNREADABLE = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError,
)  # fmt: skip
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may hold.

    Attributes:
        members: files and folders.
        total_bytes: of all files, unpacked.
        ratio: of unpacked bytes to the archive's; small archives (below `free_bytes` unpacked) may have any.
        free_bytes: see `ratio`.
    """

    members: int = 200_000
    total_bytes: int = 20 << 30
    ratio: float = 100.0
    free_bytes: int = 64 << 20


LIMITS = UnpackLimits()


@dataclass(frozen=True)
class _Member:
    """A member of an archive: name, `file`, `folder` or what else it is, size, where it ends, how to read it."""

    name: str
    kind: str
    size: int
    end: int
    open: Callable[[], IO[bytes] | None]


def is_archive(name: str) -> bool:
    """Whether a file of this name is unpacked."""
    return name.endswith(SUFFIXES)


def unpack(
    archive: Path, target: Path, *, limits: UnpackLimits = LIMITS, reached: Callable[[int], object] = lambda _: None
) -> None:
    """Unpack a zip or a gzipped tar archive.

    Args:
        archive: whose name ends with one of `SUFFIXES`.
        target: a folder that nobody else writes to.
        limits: of what it may hold.
        reached: called again and again with how many bytes of the archive are behind.

    Raises:
        IntegrityError: the archive is damaged or hostile; what was unpacked so far is left for the caller to delete.
        StorageError: the disk is full.
    """
    budget = _Budget(archive, limits)
    try:
        for member in _members(archive):
            budget.count(member)
            place = _place(archive, member, target)
            if place is None:
                continue
            if member.kind == "folder":
                _make_folder(archive, member, place)
                continue
            _write(archive, member, place, budget)
            reached(member.end)
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise IntegrityError(f"{archive} can't be unpacked: {reason}; get it again") from error


class _Budget:
    """Counts what was unpacked, and stops when it is too much."""

    def __init__(self, archive: Path, limits: UnpackLimits) -> None:
        self._archive, self._limits = archive, limits
        self._packed = archive.stat().st_size
        self._members = self._bytes = self._declared = 0

    def count(self, member: _Member) -> None:
        """One more member; its declared size counts before a byte of it is written."""
        self._members += 1
        self._declared += member.size
        if self._members > self._limits.members:
            self._refuse(f"more than {self._limits.members:,} members")
        self._check(self._declared)

    def spend(self, size: int) -> None:
        """So many bytes were unpacked."""
        self._bytes += size
        self._check(self._bytes)

    def _check(self, total: int) -> None:
        if total > self._limits.total_bytes:
            self._refuse(f"more than {self._limits.total_bytes:,} bytes")
        if total > max(self._limits.free_bytes, self._limits.ratio * self._packed):
            self._refuse(f"more than {self._limits.ratio:g} times its own size")

    def _refuse(self, what: str) -> None:
        raise IntegrityError(f"{self._archive} was refused: it unpacks to {what}, as a bomb does")


def _members(archive: Path) -> Iterator[_Member]:
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                yield _Member(
                    info.filename,
                    _zip_kind(info),
                    info.file_size,
                    info.header_offset + info.compress_size,
                    partial(opened.open, info),
                )
        return
    with archive.open("rb") as raw, gzip.open(raw) as stream, tarfile.open(fileobj=stream, mode="r:") as packed:
        for entry in packed:
            yield _Member(entry.name, _tar_kind(entry), entry.size, raw.tell(), partial(packed.extractfile, entry))
        while stream.read(_CHUNK):  # to the end, where gzip's own checksum is
            pass


def _zip_kind(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "an encrypted file"
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode == stat.S_IFLNK:
        return "a link"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a device or pipe"
    return "folder" if info.is_dir() else "file"


def _tar_kind(entry: tarfile.TarInfo) -> str:
    if entry.isdir():
        return "folder"
    if entry.isreg():
        return "file"
    return "a link" if entry.issym() or entry.islnk() else "a device or pipe"


def _place(archive: Path, member: _Member, target: Path) -> Path | None:
    """Where a member belongs; `None` for litter."""
    path = PurePosixPath(member.name)
    outside = path.is_absolute() or ".." in path.parts or PureWindowsPath(member.name).anchor
    if outside or "\\" in member.name or "\0" in member.name:
        raise IntegrityError(f"{archive} was refused: {member.name!r} would lie outside its folder")
    if member.kind not in ("file", "folder"):
        raise IntegrityError(f"{archive} was refused: {member.name!r} is {member.kind}, no plain file")
    return None if any(map(is_litter, path.parts)) else target / path


def _write(archive: Path, member: _Member, place: Path, budget: _Budget) -> None:
    source = member.open()
    if source is None:
        raise IntegrityError(f"{archive} was refused: {member.name!r} has no content")
    with source, _create(archive, member, place) as file:
        while chunk := source.read(_CHUNK):
            budget.spend(len(chunk))
            with storage_errors(place):
                file.write(chunk)


def _create(archive: Path, member: _Member, place: Path) -> IO[bytes]:
    with storage_errors(place):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            return place.open("xb")
        except (FileExistsError, NotADirectoryError) as error:
            raise IntegrityError(f"{archive} was refused: something else lies at its {member.name!r}") from error


def _make_folder(archive: Path, member: _Member, place: Path) -> None:
    with storage_errors(place):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise IntegrityError(f"{archive} was refused: something else lies at its {member.name!r}") from error
