from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from enxerto.data.reading import REASONS, Limits, read_bytes
from enxerto.errors import PhotoError

NO_LIMITS = Limits()


def refusal(path: Path, limits: Limits = NO_LIMITS) -> str:
    with pytest.raises(PhotoError, match=r".") as caught:
        read_bytes(path, limits)
    assert caught.value.path == path
    assert caught.value.code in REASONS
    return caught.value.code


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(b"12345")
    assert read_bytes(path, Limits(bytes=5)) == b"12345"
    with pytest.raises(PhotoError, match=r"5 bytes or more, allowed are 4 \(too-large\)"):
        read_bytes(path, Limits(bytes=4))


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert read_bytes(tmp_path / "empty") == b""


def test_a_file_that_comes_in_pieces_or_grows_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo"
    path.write_bytes(b"abcdef" * 10)
    whole = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, _size: whole(descriptor, 7))
    assert read_bytes(path) == b"abcdef" * 10
    shrunk = os.stat_result((0o100644, 0, 0, 1, 0, 0, 10, 0, 0, 0))
    monkeypatch.setattr(os, "fstat", lambda _descriptor: shrunk)
    assert refusal(path, Limits(bytes=20)) == "too-large"


def test_what_is_no_file_is_refused_without_blocking(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(PhotoError, match="a named pipe"):
        read_bytes(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="a directory"):
        read_bytes(tmp_path / "folder.jpg")
    with pytest.raises(PhotoError, match="a device"):
        read_bytes(Path("/dev/null"))
    with socket.socket(socket.AF_UNIX) as listening:
        monkey = Path(os.path.relpath(tmp_path / "s.jpg"))
        listening.bind(str(monkey))
        with pytest.raises(PhotoError, match="a socket"):
            read_bytes(monkey)


def test_a_pipe_that_takes_a_files_place_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "file").write_bytes(b"x")
    regular = (tmp_path / "file").stat()
    monkeypatch.setattr("enxerto.data.reading.os.stat", lambda _path: regular)
    assert refusal(tmp_path / "pipe.jpg") == "not-a-file"


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "dangling.jpg").symlink_to("gone.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with pytest.raises(PhotoError, match=r"gone.jpg, which doesn't exist \(dangling-link\)"):
        read_bytes(tmp_path / "dangling.jpg")
    with pytest.raises(PhotoError, match=r"back to itself \(dangling-link\)"):
        read_bytes(tmp_path / "loop.jpg")


def test_files_that_are_gone_or_can_have_no_such_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "gone.jpg") == "vanished"
    assert refusal(tmp_path / "file" / "below.jpg") == "vanished"
    assert refusal(tmp_path / ("x" * 300)) == "read-error"
    assert refusal(tmp_path / "zero\0byte") == "read-error"


@pytest.mark.parametrize(
    ("error", "code"), [(PermissionError(13, "Permission denied"), "no-permission"), (OSError(5, "I/O"), "read-error")]
)
def test_the_systems_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, code: str) -> None:
    (tmp_path / "file").touch()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("enxerto.data.reading.os.open", fail)
    assert refusal(tmp_path / "file") == code
