from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from enxerto.errors import StorageError
from enxerto.files import (
    free_space,
    require_space,
    sha256_of,
    storage_errors,
    sweep,
    sync_directory,
    unfinished_directory,
    write_durably,
)

WAITING = """
import sys
from pathlib import Path
from enxerto.files import unfinished_directory
with unfinished_directory(Path(sys.argv[1])):
    print(flush=True)
    sys.stdin.read()
"""


def fail_at(patch: pytest.MonkeyPatch, target: object, name: str, call: int, error: int = errno.EIO) -> None:
    """The given call of an attribute raises; the others do what they did."""
    real: Callable[..., Any] = getattr(target, name)
    calls = 0

    def sometimes(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(error, os.strerror(error))
        return real(*arguments, **options)

    patch.setattr(target, name, sometimes)


def test_a_checksum_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 300_000)
    assert sha256_of(path) == hashlib.sha256(b"x" * 300_000).hexdigest()


def test_a_file_is_written_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "file"
    write_durably(path, b"old")
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["file"]


def test_the_longest_name_that_the_disk_takes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("🐈" * 63)
    write_durably(path, b"cat")
    assert path.read_bytes() == b"cat"


def test_a_file_has_the_permissions_that_the_user_chose(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_durably(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize(("target", "name", "calls"), [(os, "fsync", 2), (Path, "replace", 1), (Path, "open", 1)])
def test_whatever_fails_the_file_is_the_old_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: object, name: str, calls: int
) -> None:
    path = tmp_path / "file"
    for call in range(1, calls + 1):
        write_durably(path, b"old")
        with monkeypatch.context() as patch:
            fail_at(patch, target, name, call, errno.ENOSPC)
            with pytest.raises(StorageError, match=r"file: No space left on device; \d+ MB free there") as caught:
                write_durably(path, b"new")
        assert caught.value.exit_code == 5
        assert path.read_bytes() in (b"old", b"new")
        assert os.listdir(tmp_path) == ["file"]
    with monkeypatch.context() as patch:
        fail_at(patch, target, name, calls + 1)
        write_durably(path, b"counted")
    assert path.read_bytes() == b"counted"


def test_an_interruption_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_durably(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == []


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="can't write .*below"):
        write_durably(tmp_path / "file" / "below", b"")


def test_storage_errors_are_not_wrapped_twice() -> None:
    error = StorageError("as it was")
    with pytest.raises(StorageError, match="as it was") as caught, storage_errors(Path("other")):
        raise error
    assert caught.value is error


def test_errors_that_are_not_the_systems_pass() -> None:
    with pytest.raises(ZeroDivisionError), storage_errors(Path("file")):
        raise ZeroDivisionError


def test_free_space_is_told_for_paths_that_do_not_exist_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_space(tmp_path / "not" / "yet").endswith("MB free there")
    monkeypatch.chdir(tmp_path)
    assert free_space(Path("relative")).endswith("MB free there")
    fail_at(monkeypatch, Path, "exists", 1)
    assert free_space(tmp_path) == ""


@pytest.mark.skipif(os.name != "posix", reason="directories can't be flushed here")
def test_a_directory_that_is_gone_cannot_be_flushed(tmp_path: Path) -> None:
    sync_directory(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "gone")


def test_an_unfinished_directory_is_deleted_only_when_its_block_fails(tmp_path: Path) -> None:
    with unfinished_directory(tmp_path / "a"):
        (tmp_path / "a").rename(tmp_path / "finished")
    with pytest.raises(ZeroDivisionError), unfinished_directory(tmp_path / "b"):
        (tmp_path / "b" / "file").touch()
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == ["finished"]


@pytest.mark.skipif(os.name != "posix", reason="directories have no locks here")
def test_an_unfinished_directory_is_swept_once_its_process_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "unfinished"
    with unfinished_directory(path):
        sweep(path)
        assert path.exists()
    sweep(path)
    assert not path.exists()
    sweep(path)
    command = [sys.executable, "-c", WAITING, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        sweep(path)
        assert path.exists()
        child.kill()
    sweep(path)
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="directories have no locks here")
def test_an_unfinished_directory_that_is_swept_before_it_is_marked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    path, lock = tmp_path / "unfinished", fcntl.flock
    sweeps = iter(range(2))

    def late(descriptor: int, operation: int) -> None:
        if next(sweeps, None) is not None:
            path.rmdir()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with unfinished_directory(path):
        assert path.is_dir()
    assert next(sweeps, None) is None


@pytest.mark.skipif(os.name != "posix", reason="directories have no locks here")
def test_a_file_system_without_locks_of_directories_does_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    path = tmp_path / "unfinished"
    fail_at(monkeypatch, fcntl, "flock", 1, errno.ENOLCK)
    with unfinished_directory(path):
        assert path.is_dir()
    fail_at(monkeypatch, fcntl, "flock", 1, errno.ENOLCK)
    sweep(path)
    assert not path.exists()


def test_room_is_asked_for_where_a_path_shall_lie(tmp_path: Path) -> None:
    require_space(tmp_path / "deep" / "file", 1, "a file")
    with pytest.raises(StorageError, match=rf"no room for a file: 1,000,000,000,000 MB are needed in {tmp_path}, and "):
        require_space(tmp_path / "deep" / "file", 10**18, "a file")
