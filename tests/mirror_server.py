"""A web server on this machine that serves files well, badly, or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """A file, and how it is served.

    Attributes:
        body: its bytes.
        ranges: whether the server knows ranges.
        etag: that it sends, and holds `If-Range` against.
        modified: the date that it sends.
        breaks: after how many bytes each of the first connections ends; later ones go on to the end.
        stalls_s: how long it waits before each of its last bytes.
        length: that it claims, if not the true one; "" for none at all.
        statuses: answers of the first connections instead of the file.
        headers: sent with those statuses.
        shift: by how many bytes ranges are off.
        kind: the content type.
    """

    body: bytes
    ranges: bool = True
    etag: str | None = None
    modified: str | None = None
    breaks: list[int] = field(default_factory=list)
    stalls_s: float = 0.0
    length: str | None = None
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    shift: int = 0
    kind: str = "application/octet-stream"


@dataclass
class MirrorServer:
    """What a running server serves, and what it was asked for.

    Attributes:
        url: its address.
        files: by path.
        asked: path and range of every request.
    """

    url: str
    files: dict[str, Served]
    asked: list[tuple[str, str | None]]


@contextmanager
def serving(files: dict[str, Served]) -> Iterator[MirrorServer]:
    """Serve files from a thread; it ends with the block."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # every answer ends its connection

        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Range")))
            served = files.get(self.path)
            if served is None:
                self.send_error(404)
            elif served.statuses:
                self.send_response(served.statuses.pop(0))
                for name, value in served.headers.items():
                    self.send_header(name, value)
                self.end_headers()
            else:
                self._send(served)

        def _send(self, served: Served) -> None:
            start = self._start(served)
            end = len(served.body)
            self.send_response(206 if start else 200)
            self.send_header("Content-Type", served.kind)
            if start:
                self.send_header("Content-Range", f"bytes {start + served.shift}-{end - 1}/{end}")
            length = str(end - start) if served.length is None else served.length
            for name, value in (("Content-Length", length), ("ETag", served.etag), ("Last-Modified", served.modified)):
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self._write(served, served.body[start:])

        def _start(self, served: Served) -> int:
            asked_for = self.headers.get("Range")
            condition = self.headers.get("If-Range")
            same = condition is None or condition in (served.etag, served.modified)
            return int(asked_for[len("bytes=") : -1]) if asked_for and served.ranges and same else 0

        def _write(self, served: Served, body: bytes) -> None:
            if served.breaks:
                body = body[: served.breaks.pop(0)]
            try:
                self.wfile.write(body[:-4] if served.stalls_s else body)
                for byte in body[-4:] if served.stalls_s else b"":
                    time.sleep(served.stalls_s)
                    self.wfile.write(bytes([byte]))
            except OSError:  # the client had enough
                pass

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield MirrorServer(f"http://127.0.0.1:{server.server_port}", files, asked)
        finally:
            server.shutdown()
            thread.join()
