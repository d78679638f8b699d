"""Download one file, over as many connections as it takes; what has arrived is kept and gone on from.

A part that lies on the disk is asked for from where it ends (`Range`), under the condition that the server's file is
still the same (`If-Range` with its ETag or date); a server that can't do that sends everything again. Whether the
whole is right is not for the server to say: the caller checks size and checksum.

Reference: RFC 9110, 8.8, 13.1.5 and 14.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from enxerto.errors import DataError, IntegrityError
from enxerto.files import storage_errors, sync_file, write_durably
from enxerto.meter import MB, Meter
from enxerto.progress import Advance

_CHUNK = 1 << 18
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_PARTIAL, _NOT_SATISFIABLE = 206, 416
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True)
class Patience:
    """When to give up.

    Attributes:
        timeout_s: for a connection, and for the next bytes.
        attempts: connections in a row that bring less than a megabyte.
        pause_s: before the second attempt; it doubles each time.
        longest_pause_s: and no more; a server that asks for more patience than this is given up.
        window_s: a connection that brings less than `least_bytes` in such a time is closed and opened anew.
        least_bytes: see `window_s`.
    """

    timeout_s: float = 30.0
    attempts: int = 5
    pause_s: float = 0.5
    longest_pause_s: float = 30.0
    window_s: float = 60.0
    least_bytes: int = 50_000


PATIENCE = Patience()


class _BrokenError(Exception):
    """A connection that ended early, how long the server asks to wait, and whether the part is of no use."""

    def __init__(self, reason: str, pause_s: float | None = None, *, restart: bool = False) -> None:
        super().__init__(reason)
        self.pause_s, self.restart = pause_s, restart


def download(url: str, part: Path, size_bytes: int | None, advance: Advance, patience: Patience | None = None) -> bool:
    """Bring a file to `part`, going on from what is there of it.

    Args:
        url: http or https.
        part: of the file; after success it has `size_bytes`.
        size_bytes: of the whole file; `None` where only the server knows.
        advance: called with whole megabytes.
        patience: `PATIENCE` by default.

    Returns:
        Whether the file was put together from several connections.

    Raises:
        DataError: the server can't be reached, has no such file, or breaks off again and again.
        IntegrityError: the server's file has another size.
        StorageError: the disk is full.
    """
    patience = patience or PATIENCE
    transfer = _Transfer(url, part, size_bytes, Meter(advance), patience)
    failed, resumed = 0, part.exists()
    while True:
        before = transfer.length
        try:
            transfer.once()
            return resumed
        except _BrokenError as broken:
            if broken.restart:
                transfer.restart()
            failed = 1 if transfer.length - before >= MB else failed + 1
            resumed = True
            pause_s = min(patience.longest_pause_s, patience.pause_s * 2 ** (failed - 1))
            asked_s = broken.pause_s or 0.0
            if failed >= patience.attempts or asked_s > patience.longest_pause_s:
                kept = f"; {transfer.arrived} bytes are kept, the same command goes on from there"
                raise DataError(f"can't download {url}: {broken}{kept * (transfer.length > 0)}") from broken
            time.sleep(max(asked_s, pause_s))


class _Transfer:
    """A file on its way from one address."""

    def __init__(self, url: str, part: Path, size_bytes: int | None, meter: Meter, patience: Patience) -> None:
        self._url, self._part, self._size, self._meter, self._patience = url, part, size_bytes, meter, patience
        self._about = part.with_name(f"{part.name}.json")
        self._meter.set(self.length)

    @property
    def length(self) -> int:
        """Of the part that is there."""
        return self._part.stat().st_size if self._part.exists() else 0

    @property
    def arrived(self) -> str:
        """How many bytes are there, and of how many where that is known."""
        return f"{self.length:,}" if self._size is None else f"{self.length:,} of {self._size:,}"

    def once(self) -> None:
        """Ask for what is missing, and keep what comes."""
        have = self.length
        if self._size is not None and have > self._size:
            self.restart()
            have = 0
        if have == self._size:
            return
        with _opened(self._url, self._headers(have), self._patience.timeout_s) as response:
            start = self._start(response, have)
            self._require_size(response, start)
            self._remember(response, start)
            self._receive(response, start)
        if self._size is not None and self.length < self._size:
            raise _BrokenError(f"the connection ended after {self.arrived} bytes")

    def _headers(self, have: int) -> dict[str, str]:
        if not have:
            return {}
        about = self._remembered()
        condition = {"If-Range": about["validator"]} if about.get("validator") else {}
        return {"Range": f"bytes={have}-"} | condition

    def _start(self, response: http.client.HTTPResponse, have: int) -> int:
        """Where the response begins in the file."""
        if response.status != _PARTIAL:
            return 0
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        about = self._remembered()
        changed = about.get("validator") and _validator(response) not in (None, about["validator"])
        if found is None or int(found[1]) != have or changed:
            raise _BrokenError("the server went on with other bytes than those asked for", restart=True)
        return have

    def _require_size(self, response: http.client.HTTPResponse, start: int) -> None:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        length = response.headers.get("Content-Length", "")
        total = found[2] if found is not None else str(start + int(length)) if length.isdecimal() else "*"
        if self._size is None:
            self._size = int(total) if total.isdecimal() else None
        elif total.isdecimal() and int(total) != self._size:
            kind = response.headers.get_content_type()
            raise IntegrityError(
                f"{self._url} should have {self._size:,} bytes, but the server has {int(total):,} ({kind}): it was "
                "changed, or this is another file; nothing was downloaded"
            )

    def _receive(self, response: http.client.HTTPResponse, start: int) -> None:
        length, since, window = start, time.monotonic(), 0
        with storage_errors(self._part):
            file = self._part.open("r+b" if start else "wb")
        with file:
            file.seek(start)
            while chunk := _read(response):
                length += len(chunk)
                if self._size is not None and length > self._size:
                    raise IntegrityError(f"{self._url} should have {self._size:,} bytes, but the server sends more")
                with storage_errors(self._part):
                    file.write(chunk)
                    file.flush()
                self._meter.set(length)
                window += len(chunk)
                if time.monotonic() - since > self._patience.window_s:
                    if window < self._patience.least_bytes:
                        raise _BrokenError(f"it came at {window / self._patience.window_s:.0f} bytes a second")
                    since, window = time.monotonic(), 0
        with storage_errors(self._part):
            sync_file(self._part)

    def _remember(self, response: http.client.HTTPResponse, start: int) -> None:
        if not start:
            write_durably(self._about, json.dumps({"url": self._url, "validator": _validator(response)}).encode())

    def _remembered(self) -> dict[str, str]:
        """What the server said of the file when the part was begun; nothing where that was another server."""
        with suppress(OSError, ValueError):
            about = json.loads(self._about.read_bytes())
            if isinstance(about, dict) and about.get("url") == self._url:
                return about
        return {}

    def restart(self) -> None:
        """Throw away what is there."""
        discard(self._part)
        self._meter.set(0)


def discard(part: Path) -> None:
    """Delete a part and what is known of it."""
    with storage_errors(part):
        part.unlink(missing_ok=True)
        part.with_name(f"{part.name}.json").unlink(missing_ok=True)


def _opened(url: str, headers: dict[str, str], timeout_s: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "enxerto"} | headers)
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            said = f"the server says {error.code} {error.reason}"
            if error.code == _NOT_SATISFIABLE and "Range" in headers:
                raise _BrokenError(said, restart=True) from error
            if error.code in _RETRIED:
                raise _BrokenError(said, _seconds(error.headers.get("Retry-After"))) from error
            raise DataError(f"can't download {url}: {said}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, socket.gaierror | ssl.SSLError):  # trying again is of no use
            raise DataError(f"can't download {url}: {error.reason}") from error
        raise _BrokenError(str(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(str(error) or type(error).__name__) from error
    return response


def _read(response: http.client.HTTPResponse) -> bytes:
    """What has come; a slow server's few bytes are not waited on until they are many."""
    try:
        return response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(str(error) or type(error).__name__) from error


def _validator(response: http.client.HTTPResponse) -> str | None:
    """What names this version of the file: a strong ETag, else the date of its last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _seconds(retry_after: str | None) -> float | None:
    """How long the server asks to wait."""
    if not retry_after:
        return None
    if retry_after.isdecimal():
        return float(retry_after)
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    return None
