"""Where a long run keeps what it has done so far, beside the model that it will become."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from enxerto.errors import OptionError
from enxerto.files import storage_errors
from enxerto.tuning import Team


def unfinished_path(target: Path) -> Path:
    """The folder of the run that is to become the model at `target`."""
    return target.with_name(f"{target.name}.unfinished")


@contextmanager
def unfinished_run(target: Path | None, team: Team, *, resume: bool, force: bool) -> Iterator[Path]:
    """A folder for a block that does long work; gone after it, but for when it is interrupted.

    Args:
        target: of the model; a temporary folder is used when `None`.
        team: of processes; all of them use the folder, the leader makes and removes it.
        resume: go on with what is there.
        force: otherwise, throw away what is there.

    Raises:
        OptionError: there is an unfinished run, and neither `resume` nor `force`; or several processes and no target.
        StorageError: the folder can't be made.
    """
    if target is None:
        if team.size > 1:
            raise OptionError("several processes need an output that they all see; give one")
        with tempfile.TemporaryDirectory(prefix="enxerto-") as temporary:
            yield Path(temporary)
        return
    folder = unfinished_path(target.resolve())
    if team.leads:
        if folder.exists() and not resume:
            if not force:
                raise OptionError(f"{folder} holds an unfinished run; go on with --resume, or start anew with --force")
            shutil.rmtree(folder, ignore_errors=True)
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
    team.wait()
    yield folder
    team.wait()
    if team.leads:
        shutil.rmtree(folder, ignore_errors=True)
