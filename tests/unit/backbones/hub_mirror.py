"""A mirror of the Hugging Face hub on this machine that serves one file, honestly or not."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPOSITORY = "timm/test_resnet.r160_in1k"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def sha256(content: bytes) -> str:
    """What the hub calls a large file."""
    return hashlib.sha256(content).hexdigest()


def git_sha1(content: bytes) -> str:
    """What the hub calls a small file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Mirror:
    """What is served, and what was asked for.

    Attributes:
        content: of the file.
        etag: its name in the cache; by default its SHA-256.
        status: of every answer.
        headers: further ones of every answer.
        is_hub: whether answers name the commit, as the hub's do.
        drop_after: bytes after which the connection is dropped, the first time.
        requests: method and path of what was asked, in order.
    """

    content: bytes
    etag: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_hub: bool = True
    drop_after: int | None = None
    requests: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        """What `HF_ENDPOINT` is set to."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serve(mirror: Mirror) -> Iterator[Mirror]:
    """Serve on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            _answer(self, mirror)

        def do_GET(self) -> None:
            _answer(self, mirror)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        mirror.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield mirror
        finally:
            server.shutdown()
            thread.join()


def _answer(handler: BaseHTTPRequestHandler, mirror: Mirror) -> None:
    mirror.requests.append((handler.command, handler.path))
    found = handler.path == f"/{REPOSITORY}/resolve/main/model.safetensors"
    status = mirror.status if found else 404
    body = mirror.content if status == 200 else b""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    if mirror.is_hub:
        handler.send_header("X-Repo-Commit", COMMIT)
    handler.send_header("ETag", f'"{mirror.etag or sha256(mirror.content)}"')
    for name, value in mirror.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command == "HEAD":
        return
    if mirror.drop_after is not None:
        body, mirror.drop_after = body[: mirror.drop_after], None
        handler.close_connection = True
    handler.wfile.write(body)
