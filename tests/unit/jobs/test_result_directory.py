from __future__ import annotations

from pathlib import Path

import pytest

from enxerto.errors import OptionError, StorageError
from enxerto.jobs.result_directory import Kind, require_free_directory, write_directory

KIND = Kind("set of pictures", "pictures.json")


def write(path: Path, content: bytes, *, force: bool = False) -> None:
    write_directory(path, KIND, {"pictures.json": content, "a.bin": lambda file: _save(file, content)}, force=force)


def _save(file: Path, content: bytes) -> None:
    file.write_bytes(content * 2)


def test_every_file_is_there_with_its_checksum(tmp_path: Path) -> None:
    write(tmp_path / "deep/out", b"x")
    assert {path.name for path in (tmp_path / "deep/out").iterdir()} == {"a.bin", "checksums.json", "pictures.json"}
    assert (tmp_path / "deep/out/a.bin").read_bytes() == b"xx"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_a_result_is_replaced_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, b"x")
    with pytest.raises(OptionError, match="there is a set of pictures at .*out already; pass --force to replace it"):
        write(out, b"y")
    write(out, b"y", force=True)
    assert (out / "pictures.json").read_bytes() == b"y"


def test_what_is_not_its_own_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, b"x")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(OptionError, match="something that is no set of pictures at .*, or a set of pictures and more"):
        write(out, b"y", force=True)
    assert (out / "notes.txt").read_text() == "mine"
    other = Kind("model", "model.json")
    (out / "notes.txt").unlink()
    with pytest.raises(OptionError, match="something that is no model"):
        require_free_directory(out, other, force=True)


def test_nothing_is_written_into_a_model(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.json").write_text("{}")
    with pytest.raises(OptionError, match="lies in a model's directory, which would be no intact model"):
        write(tmp_path / "model/deep/out", b"x")


def test_a_failure_leaves_the_old_result_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, b"x")

    def fail(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match=r"can't write .*out: No space left on device"):
        write_directory(out, KIND, {"pictures.json": b"y", "b.bin": fail}, force=True)
    assert (out / "pictures.json").read_bytes() == b"x"
    assert [path.name for path in tmp_path.iterdir() if path.name != "enxerto-home"] == ["out"]


def test_what_a_killed_run_left_behind_is_swept(tmp_path: Path) -> None:
    stale = tmp_path / ".out.unfinished-0123"
    stale.mkdir()
    (stale / "half.png").write_bytes(b"half")
    write(tmp_path / "out", b"x")
    assert not stale.exists()
