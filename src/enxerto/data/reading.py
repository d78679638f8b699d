"""Read a photo's bytes from disk without ever blocking, within a size limit."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from enxerto.errors import PhotoError

REASONS: dict[str, str] = {
    "empty": "the file has no content",
    "unreadable": "the image data is damaged",
    "truncated": "the file ends before the image does",
    "not-an-image": "the content is no image",
    "unsupported-format": "an image of a kind that is not read",
    "bomb": "more pixels, scans or metadata than allowed",
    "too-large": "more bytes than allowed",
    "not-a-file": "a directory, pipe, socket or device",
    "dangling-link": "a symbolic link that leads nowhere",
    "no-permission": "this user may not read it",
    "vanished": "no such file",
    "read-error": "the disk or operating system refused to read it",
}
"""Why a photo was skipped: reason code -> words."""

WARNINGS: dict[str, str] = {
    "recovered": "slightly damaged, yet every pixel could be decoded",
    "animated": "several frames or pages; the first is used",
    "rescaled": "brightness beyond 16 bits; stretched from its darkest to its brightest value",
    "wrong-extension": "the file name's ending names another format",
}
"""Why a photo was used with a warning: code -> words."""


@dataclass(frozen=True)
class Limits:
    """How large a photo may be.

    Attributes:
        bytes: of the file.
        pixels: width times height, before decoding.
    """

    bytes: int = 256 * 1024 * 1024
    pixels: int = 64_000_000


_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def read_bytes(path: Path, limits: Limits = Limits()) -> bytes:
    """The content of a regular file; pipes, sockets and devices are refused without being opened.

    Raises:
        PhotoError: the file can't be read; `code` is one of `REASONS`.
    """
    try:
        _require_regular(os.stat(path).st_mode, path)  # noqa: PTH116 - one call, half the time
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            status = os.fstat(descriptor)
            _require_regular(status.st_mode, path)
            _require_size(status.st_size, limits, path)
            return _read_all(descriptor, status.st_size, limits, path)
        finally:
            os.close(descriptor)
    except PhotoError:
        raise
    except (OSError, ValueError) as error:
        raise _reason(error, path) from error


def _require_regular(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        kind = next((words for is_kind, words in _KINDS if is_kind(mode)), "no regular file")
        raise PhotoError("not-a-file", f"expected an image file, got {kind}", path)


def _require_size(size: int, limits: Limits, path: Path) -> None:
    if size > limits.bytes:
        raise PhotoError("too-large", f"{size:,} bytes or more, allowed are {limits.bytes:,}", path)


def _read_all(descriptor: int, size: int, limits: Limits, path: Path) -> bytes:
    content = os.read(descriptor, size + 1)
    if len(content) == size:
        return content
    pieces, total = [content], len(content)
    while piece := os.read(descriptor, 1 << 20):  # a short read, or a file that grows while it is read
        pieces.append(piece)
        total += len(piece)
        _require_size(total, limits, path)
    _require_size(total, limits, path)
    return b"".join(pieces)


def _reason(error: OSError | ValueError, path: Path) -> PhotoError:
    number = getattr(error, "errno", None)
    if number == errno.ELOOP:
        return PhotoError("dangling-link", "a symbolic link that leads back to itself", path)
    if number in (errno.ENOENT, errno.ENOTDIR):
        if path.is_symlink():
            return PhotoError("dangling-link", f"a symbolic link to {path.readlink()}, which doesn't exist", path)
        return PhotoError("vanished", "no such file", path)
    if number in (errno.EACCES, errno.EPERM):
        return PhotoError("no-permission", "this user may not read it", path)
    return PhotoError("read-error", str(getattr(error, "strerror", None) or error), path)
