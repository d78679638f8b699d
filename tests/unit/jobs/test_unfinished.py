from __future__ import annotations

from pathlib import Path

import pytest

from enxerto.errors import OptionError, StorageError
from enxerto.jobs.training.unfinished import unfinished_path, unfinished_run
from enxerto.tuning import Team


def begin(target: Path) -> Path:
    """A run that is interrupted after it wrote something."""
    with pytest.raises(KeyboardInterrupt), unfinished_run(target, Team(), resume=False, force=False) as folder:
        (folder / "final-0.safetensors").write_text("something")
        raise KeyboardInterrupt
    return folder


def test_a_run_that_ends_leaves_nothing(tmp_path: Path) -> None:
    with unfinished_run(tmp_path / "deep" / "model", Team(), resume=False, force=False) as folder:
        assert folder == unfinished_path((tmp_path / "deep" / "model").resolve())
        assert folder.is_dir()
        (folder / "maps").mkdir()
    assert not folder.exists()


def test_one_that_is_interrupted_is_gone_on_with_only_when_asked_for(tmp_path: Path) -> None:
    folder = begin(tmp_path / "model")
    assert folder == tmp_path / "model.unfinished"
    with (
        pytest.raises(OptionError, match=r"model\.unfinished holds an unfinished run; go on with --resume, or start"),
        unfinished_run(tmp_path / "model", Team(), resume=False, force=False),
    ):
        pytest.fail("it goes on")
    assert (folder / "final-0.safetensors").read_text() == "something"
    with unfinished_run(tmp_path / "model", Team(), resume=True, force=False) as again:
        assert (again / "final-0.safetensors").read_text() == "something"
    assert not folder.exists()


def test_by_force_it_starts_anew(tmp_path: Path) -> None:
    begin(tmp_path / "model")
    with unfinished_run(tmp_path / "model", Team(), resume=False, force=True) as folder:
        assert not list(folder.iterdir())


def test_to_resume_wins_over_force(tmp_path: Path) -> None:
    """A model at the output may be replaced by the run that goes on."""
    begin(tmp_path / "model")
    with unfinished_run(tmp_path / "model", Team(), resume=True, force=True) as folder:
        assert list(folder.iterdir())


def test_with_nothing_to_resume_it_starts(tmp_path: Path) -> None:
    with unfinished_run(tmp_path / "model", Team(), resume=True, force=False) as folder:
        assert not list(folder.iterdir())


def test_without_an_output_the_folder_goes_however_it_ends() -> None:
    with unfinished_run(None, Team(), resume=False, force=False) as folder:
        (folder / "maps").mkdir()
    assert not folder.exists()
    with pytest.raises(KeyboardInterrupt), unfinished_run(None, Team(), resume=False, force=False) as folder:
        raise KeyboardInterrupt
    assert not folder.exists()


class Waiting(Team):
    """A team whose other members are not there; counts how often it would have waited for them."""

    waits = 0

    def wait(self) -> None:
        type(self).waits += 1


def test_only_the_leader_makes_and_removes_the_folder_all_wait_for(tmp_path: Path) -> None:
    with unfinished_run(tmp_path / "model", Waiting(1, 2), resume=False, force=False) as folder:
        assert not folder.exists()
        folder.mkdir()
    assert folder.exists()
    assert Waiting.waits == 2
    with unfinished_run(tmp_path / "model", Waiting(0, 2), resume=True, force=False) as folder:
        assert folder.exists()
    assert not folder.exists()
    assert Waiting.waits == 4


def test_several_processes_need_a_place_that_all_see() -> None:
    with (
        pytest.raises(OptionError, match="several processes need an output that they all see"),
        unfinished_run(None, Waiting(0, 2), resume=False, force=False),
    ):
        pytest.fail("it starts")


def test_a_folder_that_can_t_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(StorageError, match="can't write"),
        unfinished_run(tmp_path / "file" / "model", Team(), resume=False, force=False),
    ):
        pytest.fail("it starts")
