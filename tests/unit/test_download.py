"""Downloads from servers that are good, broken, slow, truncated or lying."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mirror_server import MirrorServer, Served, serving

from enxerto.download import Patience, discard, download
from enxerto.errors import DataError, IntegrityError, StorageError

BODY = random.Random(3).randbytes(2_500_000)
QUICK = Patience(timeout_s=0.4, attempts=3, pause_s=0.01, longest_pause_s=0.05)


@pytest.fixture
def server() -> Iterator[MirrorServer]:
    with serving({}) as running:
        yield running


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "file.zip.part"


def _get(server: MirrorServer, part: Path, served: Served, patience: Patience = QUICK) -> tuple[bool, list[int]]:
    """Whether it was resumed, and the megabytes that were reported."""
    server.files["/file.zip"] = served
    megabytes: list[int] = []
    resumed = download(f"{server.url}/file.zip", part, len(BODY), lambda count, _="": megabytes.append(count), patience)
    return resumed, megabytes


def _ranges(server: MirrorServer) -> list[str | None]:
    return [asked for _, asked in server.asked]


def test_a_good_server_is_asked_once(server: MirrorServer, part: Path) -> None:
    resumed, megabytes = _get(server, part, Served(BODY))
    assert part.read_bytes() == BODY
    assert (resumed, sum(megabytes), _ranges(server)) == (False, 2, [None])
    assert _get(server, part, Served(b"")) == (True, [2])  # it is there: the server isn't asked
    assert len(server.asked) == 1


def test_a_broken_connection_is_gone_on_from(server: MirrorServer, part: Path) -> None:
    resumed, megabytes = _get(server, part, Served(BODY, etag='"v1"', breaks=[700_000, 1_000_000]))
    assert part.read_bytes() == BODY
    assert (resumed, sum(megabytes)) == (True, 2)
    assert _ranges(server) == [None, "bytes=700000-", "bytes=1700000-"]


def test_another_process_goes_on_later(server: MirrorServer, part: Path) -> None:
    served = Served(BODY, modified="Tue, 01 Jul 2025 08:00:00 GMT", breaks=[900_000] + [0] * 3)
    with pytest.raises(DataError, match=r"ended after 900,000 of 2,500,000 bytes; 900,000 of 2,500,000 bytes are kept"):
        _get(server, part, served)
    resumed, megabytes = _get(server, part, served)
    assert (resumed, sum(megabytes), part.read_bytes()) == (True, 2, BODY)
    assert _ranges(server)[-1] == "bytes=900000-"


def test_a_server_without_ranges_sends_everything_again(server: MirrorServer, part: Path) -> None:
    _, megabytes = _get(server, part, Served(BODY, ranges=False, breaks=[1_200_000]))
    assert (part.read_bytes(), sum(megabytes)) == (BODY, 2)
    assert _ranges(server) == [None, "bytes=1200000-"]


@pytest.mark.parametrize("name", ["etag", "modified"])
def test_a_changed_file_is_begun_anew(server: MirrorServer, part: Path, name: str) -> None:
    old, new = '"old"', '"new"'
    with pytest.raises(DataError, match="ended after 500,000"):
        _get(server, part, Served(bytes(len(BODY)), breaks=[500_000] + [0] * 3, **{name: old}))  # type: ignore[arg-type]
    _get(server, part, Served(BODY, **{name: new}))  # type: ignore[arg-type]
    assert part.read_bytes() == BODY


def test_a_server_that_ignores_the_condition_is_found_out(server: MirrorServer, part: Path) -> None:
    with pytest.raises(DataError, match="ended after 500,000"):
        _get(server, part, Served(bytes(len(BODY)), etag='"old"', breaks=[500_000] + [0] * 3))
    served = Served(BODY, etag='"new"')
    served.modified = '"old"'  # so that the server takes the old condition for met
    _get(server, part, served)
    assert part.read_bytes() == BODY


def test_a_server_that_goes_on_elsewhere_is_asked_for_everything(server: MirrorServer, part: Path) -> None:
    part.write_bytes(BODY[:1000])
    _get(server, part, Served(BODY, shift=7))
    assert part.read_bytes() == BODY
    assert _ranges(server) == ["bytes=1000-", None]


def test_a_part_that_is_too_long_is_thrown_away(server: MirrorServer, part: Path) -> None:
    part.write_bytes(BODY + b"more")
    assert _get(server, part, Served(BODY))[0]
    assert (part.read_bytes(), _ranges(server)) == (BODY, [None])


def test_a_server_without_a_length(server: MirrorServer, part: Path) -> None:
    _get(server, part, Served(BODY, length=""))
    assert part.read_bytes() == BODY


@pytest.mark.parametrize(
    ("served", "why"),
    [
        (Served(b"<html>sign in</html>", kind="text/html"), r"the server has 20 \(text/html\)"),
        (Served(BODY, length="2500001"), r"the server has 2,500,001 \(application/octet-stream\)"),
        (Served(BODY + b"more", length=""), "the server sends more"),
    ],
)
def test_a_server_with_another_file(server: MirrorServer, part: Path, served: Served, why: str) -> None:
    with pytest.raises(IntegrityError, match=rf"file.zip should have 2,500,000 bytes, but {why}"):
        _get(server, part, served)


def test_a_truncated_answer_without_a_length(server: MirrorServer, part: Path) -> None:
    with pytest.raises(DataError, match="the connection ended after 400 of 2,500,000 bytes"):
        _get(server, part, Served(BODY[:400], length="", ranges=False))


def test_a_server_that_falls_silent(server: MirrorServer, part: Path) -> None:
    with pytest.raises(DataError, match=r"can't download .*: timed out"):
        _get(server, part, Served(BODY, stalls_s=3.0, ranges=False))


def test_a_server_that_drips(server: MirrorServer, part: Path) -> None:
    dripping = Patience(timeout_s=5.0, attempts=1, window_s=0.05, least_bytes=1_000)
    part.write_bytes(BODY[:-4])
    with pytest.raises(DataError, match="it came at [0-9]+ bytes a second"):
        _get(server, part, Served(BODY, stalls_s=0.06), dripping)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: MirrorServer, part: Path, status: int) -> None:
    _get(server, part, Served(BODY, statuses=[status, status], headers={"Retry-After": "0"}))
    assert (part.read_bytes(), len(server.asked)) == (BODY, 3)
    with pytest.raises(DataError, match=f"the server says {status}"):
        discard(part)
        _get(server, part, Served(BODY, statuses=[status] * 9))
    assert len(server.asked) == 6


@pytest.mark.parametrize("later", ["3600", "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_a_server_that_asks_to_wait_long_is_given_up(server: MirrorServer, part: Path, later: str) -> None:
    with pytest.raises(DataError, match="the server says 503"):
        _get(server, part, Served(BODY, statuses=[503] * 9, headers={"Retry-After": later}))
    assert len(server.asked) == 1


def test_a_date_that_is_none(server: MirrorServer, part: Path) -> None:
    _get(server, part, Served(BODY, statuses=[503], headers={"Retry-After": "soon"}))
    assert part.read_bytes() == BODY


@pytest.mark.parametrize("status", [403, 404, 410, 416])
def test_no_such_file_is_not_asked_for_again(server: MirrorServer, part: Path, status: int) -> None:
    with pytest.raises(DataError, match=f"can't download .*file.zip: the server says {status}"):
        _get(server, part, Served(BODY, statuses=[status] * 9))
    assert len(server.asked) == 1


def test_nobody_listens(part: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/file.zip"
        with pytest.raises(DataError, match=r"can't download .*refused"):
            download(address, part, 10, lambda *_: None, QUICK)


def test_a_name_that_nobody_knows_fails_at_once(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def unknown(*arguments: Any, **_: Any) -> None:
        asked.append(arguments)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DataError, match="Name or service not known"):
        download("http://no.such.host/file.zip", part, 10, lambda *_: None, QUICK)
    assert len(asked) == 1


def test_a_server_that_speaks_something_else(part: Path) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection = listening.accept()[0]
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example.org\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/file.zip"
        with pytest.raises(DataError, match="can't download .*220 mail"):
            download(address, part, 10, lambda *_: None, Patience(timeout_s=2.0, attempts=1))
        thread.join()


def test_a_full_disk(server: MirrorServer, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("enxerto.download.sync_file", full)
    with pytest.raises(StorageError, match=r"can't write .*file.zip.part: No space left on device; \d+ MB free there"):
        _get(server, part, Served(BODY))


def test_a_part_that_the_server_has_nothing_after_is_thrown_away(server: MirrorServer, part: Path) -> None:
    part.write_bytes(bytes(1000))
    _get(server, part, Served(BODY, statuses=[416]))
    assert (part.read_bytes(), _ranges(server)) == (BODY, ["bytes=1000-", None])


def test_a_damaged_note_about_a_part_is_passed_over(server: MirrorServer, part: Path) -> None:
    part.write_bytes(BODY[:1000])
    part.with_name(f"{part.name}.json").write_text("{")
    _get(server, part, Served(BODY, etag='"v1"'))
    assert part.read_bytes() == BODY
    discard(part)
    assert list(part.parent.iterdir()) == []


def test_a_size_that_only_the_server_knows(server: MirrorServer, part: Path) -> None:
    server.files["/file.zip"] = Served(BODY, breaks=[1_200_000, 900])
    assert download(f"{server.url}/file.zip", part, None, lambda *_: None, QUICK)
    assert part.read_bytes() == BODY
    assert _ranges(server) == [None, "bytes=1200000-", "bytes=1200900-"]


def test_a_size_that_nobody_knows(server: MirrorServer, part: Path) -> None:
    server.files["/file.zip"] = Served(BODY, length="")
    assert not download(f"{server.url}/file.zip", part, None, lambda *_: None, QUICK)
    assert part.read_bytes() == BODY


def test_what_is_kept_of_an_unknown_size_is_said(server: MirrorServer, part: Path) -> None:
    part.write_bytes(BODY[:10])
    server.files["/file.zip"] = Served(BODY, statuses=[503] * 3)
    with pytest.raises(DataError, match="; 10 bytes are kept, the same command goes on from there"):
        download(f"{server.url}/file.zip", part, None, lambda *_: None, QUICK)
