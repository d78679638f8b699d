from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from children import children
from tiny_models import save_tiny

from enxerto.classifier import checksums, directory, read_manifest, replacement, require_free
from enxerto.errors import IntegrityError, OptionError, StorageError
from enxerto.files import unfinished_directory


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models" / "model"


def seed_of(path: Path) -> int:
    """Which model is there, checksums and all."""
    return read_manifest(path).provenance.seed


def test_a_model_is_saved_and_nothing_lies_beside_it(path: Path) -> None:
    save_tiny(path, 1)
    assert seed_of(path) == 1
    assert os.listdir(path.parent) == ["model"]
    assert len({file.stat().st_mode for file in path.iterdir()}) == 1


def test_an_empty_folder_is_taken(path: Path) -> None:
    path.mkdir(parents=True)
    save_tiny(path, 1)
    assert seed_of(path) == 1


def test_a_model_is_replaced_only_when_asked(path: Path) -> None:
    save_tiny(path, 1)
    with pytest.raises(OptionError, match=r"there is a model at .*model already; pass --force to replace it"):
        save_tiny(path, 2)
    assert seed_of(path) == 1
    save_tiny(path, 2, force=True)
    assert seed_of(path) == 2
    assert os.listdir(path.parent) == ["model"]


def _file(path: Path) -> None:
    path.write_bytes(b"important")


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("important")


def _folder_with_somebody_elses_model(path: Path) -> None:
    _folder(path)
    (path / "model.json").write_text("{}")


def _model_and_more(path: Path) -> None:
    save_tiny(path, 1)
    (path / "notes.txt").write_text("important")


def _model_under_version_control(path: Path) -> None:
    save_tiny(path, 1)
    (path / ".git").mkdir()
    (path / ".git" / "HEAD").write_text("important")


@pytest.mark.parametrize(
    "make", [_file, _folder, _folder_with_somebody_elses_model, _model_and_more, _model_under_version_control]
)
def test_what_is_no_model_is_never_replaced(path: Path, make: Callable[[Path], None]) -> None:
    path.parent.mkdir()
    make(path)
    before = {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()}
    with pytest.raises(OptionError, match="there is something that is no model at .*; choose another path"):
        save_tiny(path, 2, force=True)
    assert {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()} == before


def test_a_link_is_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    for seed in (1, 2, 3):
        save_tiny(path, seed, force=True)
        assert seed_of(path) == seed
        assert seed_of(tmp_path / "elsewhere") == seed
        assert path.is_symlink()
    assert os.listdir(path.parent) == ["model"]


def test_the_current_folder_is_a_path_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.mkdir(parents=True)
    monkeypatch.chdir(path)
    save_tiny(Path(), 1)
    monkeypatch.chdir(path)
    assert seed_of(Path()) == 1
    require_free(Path(), force=True)
    with pytest.raises(OptionError, match="no model at /"):
        require_free(Path("/"), force=True)


def test_a_path_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="can't write .*model"):
        save_tiny(tmp_path / "file" / "model", 1)


def test_a_model_that_was_moved_aside_comes_back(path: Path) -> None:
    save_tiny(path, 1)
    path.rename(path.parent / ".model.replaced")
    assert seed_of(path) == 1
    path.rename(path.parent / ".model.replaced")
    with pytest.raises(OptionError, match="there is a model at"):
        require_free(path, force=False)


def test_what_killed_saves_left_is_swept_and_what_others_write_is_not(path: Path) -> None:
    path.parent.mkdir()
    stale, running, foreign = (path.parent / name for name in (".model.unfinished-1", ".model.unfinished-2", ".model2"))
    for folder in (stale, foreign):
        folder.mkdir()
        (folder / "file").touch()
    (path.parent / ".model.replaced").mkdir()
    with unfinished_directory(running):
        save_tiny(path, 1, force=True)
    assert sorted(os.listdir(path.parent)) == [".model.unfinished-2", ".model2", "model"]
    save_tiny(path, 2, force=True)
    assert sorted(os.listdir(path.parent)) == [".model2", "model"]


def test_brackets_in_a_name_match_nothing_else(path: Path) -> None:
    other = path.parent / ".model1.unfinished-x"
    other.mkdir(parents=True)
    mine = path.parent / ".model[12].unfinished-x"
    mine.mkdir()
    save_tiny(path.with_name("model[12]"), 1)
    assert other.exists()
    assert not mine.exists()


STEPS: list[tuple[object, str]] = [
    (os, "fsync"),
    (Path, "mkdir"),
    (Path, "rename"),
    (Path, "write_bytes"),
    (Path, "chmod"),
    (shutil, "rmtree"),
]


class Killed(BaseException):
    """As a kill, but that this process goes on: no clean-up of the code under test may run after it."""


def dying_at(patch: pytest.MonkeyPatch, target: object, name: str, call: int) -> None:
    """From the given call on, every durable step of the process raises, so that nothing is tidied up."""
    calls = 0
    dead = False

    def wrap(real: Callable[..., Any], counted: bool) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal calls, dead
            calls += counted
            if dead or (counted and calls == call):
                dead = True
                raise Killed
            return real(*arguments, **options)

        return step

    for other, attribute in STEPS:
        patch.setattr(other, attribute, wrap(getattr(other, attribute), (other, attribute) == (target, name)))


def points(path: Path, target: object, name: str) -> Iterator[int]:
    """Every number of a call at which a save can be stopped, each with an old model in place."""
    call = 1
    while True:
        shutil.rmtree(path.parent, ignore_errors=True)
        save_tiny(path, 1)
        yield call
        call += 1
        assert call < 60


@pytest.mark.parametrize(("target", "name"), STEPS, ids=[name for _, name in STEPS])
def test_killed_at_any_step_there_is_the_old_model_or_the_new_one(path: Path, target: object, name: str) -> None:
    seen = set()
    for call in points(path, target, name):
        with pytest.MonkeyPatch.context() as patch:
            dying_at(patch, target, name, call)
            try:
                save_tiny(path, 2, force=True)
                finished = True
            except Killed:
                finished = False
        seen.add(seed_of(path))
        if finished:
            break
        save_tiny(path, 3, force=True)
        assert seed_of(path) == 3
        assert os.listdir(path.parent) == ["model"]
    assert call > 1
    assert 2 in seen
    if name in ("fsync", "write_bytes", "rename"):
        assert 1 in seen


@pytest.mark.parametrize(("target", "name"), STEPS, ids=[name for _, name in STEPS])
def test_a_step_that_fails_is_told_and_leaves_a_whole_model(path: Path, target: object, name: str) -> None:
    for call in points(path, target, name):
        with pytest.MonkeyPatch.context() as patch:
            failing = _failing(getattr(target, name), call)
            patch.setattr(target, name, failing)
            try:
                save_tiny(path, 2, force=True)
            except StorageError as error:
                assert "No space left on device" in str(error)
            if not failing.failed:
                break
        assert seed_of(path) in (1, 2)
        assert not list(path.parent.glob("*unfinished*")) or name == "rmtree"
    assert seed_of(path) == 2


def _failing(real: Callable[..., Any], call: int) -> Any:
    calls = 0

    def step(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            step.failed = True  # type: ignore[attr-defined]
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **options)

    step.failed = False  # type: ignore[attr-defined]
    return step


def test_a_loader_that_brings_the_old_model_back_does_not_stop_a_save(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_tiny(path, 1)
    rename = Path.rename
    between = iter([True])

    def renamed(self: Path, target: Path) -> Path:
        if "unfinished" in self.name and next(between, False):
            assert seed_of(path) == 1  # another process loads between the two renames
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", renamed)
    save_tiny(path, 2, force=True)
    assert seed_of(path) == 2
    assert os.listdir(path.parent) == ["model"]


def test_a_path_that_keeps_being_taken_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def taken(self: Path, _target: Path) -> Path:
        tries.append(self)
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))

    monkeypatch.setattr(Path, "rename", taken)
    with pytest.raises(StorageError, match="Directory not empty"):
        save_tiny(path, 1)
    assert len(tries) == replacement._ATTEMPTS
    assert os.listdir(path.parent) == []


def test_another_process_was_faster(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `force`, a model that appears while this one is being written is not replaced."""
    write = checksums.write_checksums

    def meanwhile(folder: Path) -> None:
        monkeypatch.undo()
        save_tiny(path, 2)
        write(folder)

    monkeypatch.setattr(directory, "write_checksums", meanwhile)
    with pytest.raises(OptionError, match="there is a model at"):
        save_tiny(path, 1)
    assert seed_of(path) == 2
    assert os.listdir(path.parent) == ["model"]


SAVER = """
import sys
from pathlib import Path
from children import children
from tiny_models import save_tiny
sys.stdin.readline()
for step in range(12):
    save_tiny(Path(sys.argv[1]), int(sys.argv[2]) * 100 + step, force=True)
"""


def test_processes_that_save_and_load_at_once_never_see_a_mixture(path: Path) -> None:
    save_tiny(path, 1)
    seeds = set()
    with children(SAVER, [(path, number) for number in (1, 2, 3)]) as started:
        while any(child.poll() is None for child in started):
            try:
                manifest, contents = directory._read(path, ("split.csv", "report.html"))
            except (IntegrityError, OptionError):
                continue  # it was being replaced
            assert contents["split.csv"] == b"name,side\n%d,train\n" % manifest.provenance.seed
            assert contents["report.html"] == b"<p>%d" % manifest.provenance.seed * 500
            seeds.add(manifest.provenance.seed)
    assert len(seeds) > 1
    assert seed_of(path) in (111, 211, 311)
    assert os.listdir(path.parent) == ["model"]
