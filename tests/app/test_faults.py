"""Kills and full disks at every durable step, through real processes.

strace kills a child at its N-th system call on the files in question. Where it can't be used, the twins that raise
inside one process still run (`tests/unit/classifier/test_replacement.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tiny_engines import ProjectionEngine, write_photos
from tiny_models import save_tiny

from enxerto.classifier import read_manifest
from enxerto.data import list_unlabeled
from enxerto.features import Store, extract

TESTS = Path(__file__).parents[1]
MOST_POINTS = 10
WRITES = ("pwrite64", "write", "fsync", "fdatasync", "unlink", "unlinkat", "openat")
MOVES = ("rename", "renameat", "renameat2", "mkdir", "mkdirat", "chmod", "fchmodat", "unlinkat", "rmdir")
ROUNDS, ROWS = 4, 6
ABOUT = {"backbone": "tiny"}

PUT = """
import sys, types
from pathlib import Path
import enxerto
package = types.ModuleType("enxerto.features")  # without what the rest of the package imports
package.__path__ = [str(Path(enxerto.__file__).parent / "features")]
sys.modules["enxerto.features"] = package
from enxerto.features.store import Store
from enxerto.errors import EnxertoError
path, rounds, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
try:
    with Store(path, {"backbone": "tiny"}) as store:
        for number in range(rounds):
            rows = [(bytes([number, row]), bytes([number, row]) * size) for row in range(6)]
            if len(dict(store.get(key for key, _ in rows))) < len(rows):
                store.put(rows)
            print(number, flush=True)
except EnxertoError as error:
    print(type(error).__name__, error, file=sys.stderr)
    sys.exit(error.exit_code)
"""
SAVE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tiny_models import save_tiny
save_tiny(Path(sys.argv[1]), 2, force=True)
"""


@cache
def why_no_strace() -> str:
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    works = subprocess.run([strace, "-f", "-o", os.devnull, "true"], capture_output=True, check=False)
    return "" if works.returncode == 0 else f"strace can't trace here: {works.stderr.decode().strip()[:100]}"


def traced(command: Sequence[str], files: Sequence[Path], log: Path, *options: str) -> int:
    """Run a command under strace, which looks only at calls on some files; gives the exit status."""
    watched = [part for file in files for part in ("-P", str(file))]
    run = ["strace", "-f", "-qq", "-o", str(log), *watched, *options, *command]
    return subprocess.run(run, capture_output=True, check=False, timeout=60).returncode


def was_killed(log: Path) -> bool:
    return "killed by SIGKILL" in log.read_text()


def points(log: Path, calls: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Every kind of writing call in a log with the numbers at which to kill, evenly spread where there are many."""
    counts = Counter(re.findall(r"^\d+ +(\w+)\(", log.read_text(), flags=re.MULTILINE))
    for call in calls:
        total = counts[call]
        for number in np.unique(np.linspace(1, total, min(total, MOST_POINTS)).round().astype(int)).tolist():
            yield call, number


def rows_of(path: Path) -> dict[int, dict[bytes, bytes]]:
    """The rows of each round, as a reader that comes later sees them."""
    with Store(path, ABOUT) as store:
        assert store.about() == ABOUT
        assert store.damaged() == []
        keys = [bytes([number, row]) for number in range(ROUNDS) for row in range(ROWS)]
        found = dict(store.get(keys))
        assert store.count() == len(found)
    return {number: {key: value for key, value in found.items() if key[0] == number} for number in range(ROUNDS)}


def put(path: Path, rounds: int = ROUNDS, size: int = 400) -> list[str]:
    return [sys.executable, "-c", PUT, str(path), str(rounds), str(size)]


@pytest.mark.timeout(120)
def test_a_store_survives_a_kill_at_every_step(tmp_path: Path) -> None:
    if reason := why_no_strace():
        pytest.skip(reason)
    log, clean = tmp_path / "log", tmp_path / "clean"

    def files(folder: Path) -> list[Path]:
        return [folder, folder / "s.sqlite", folder / "s.sqlite-journal"]

    clean.mkdir()
    assert traced(put(clean / "s.sqlite"), files(clean), log) == 0
    expected = rows_of(clean / "s.sqlite")
    assert all(len(rows) == ROWS for rows in expected.values())
    steps = list(points(log, WRITES))
    assert len({call for call, _ in steps}) >= 4
    states = set()
    for call, number in steps:
        folder = tmp_path / f"{call}-{number}"
        folder.mkdir()
        kill = ("-e", f"inject={call}:signal=KILL:when={number}")
        traced(put(folder / "s.sqlite"), files(folder), log, *kill)
        assert was_killed(log), (call, number)
        after = rows_of(folder / "s.sqlite")
        for round_number, rows in after.items():
            assert rows in ({}, expected[round_number]), (call, number)
        states.add(sum(1 for rows in after.values() if rows))
        subprocess.run(put(folder / "s.sqlite"), check=True, capture_output=True)
        assert rows_of(folder / "s.sqlite") == expected, (call, number)
        assert os.listdir(folder) == ["s.sqlite"]
        shutil.rmtree(folder)
    assert len(states) >= 3


@pytest.mark.timeout(120)
def test_a_model_survives_a_kill_at_every_step(tmp_path: Path) -> None:
    if reason := why_no_strace():
        pytest.skip(reason)
    log, folder = tmp_path / "log", tmp_path / "models"
    path = folder / "model"
    command = [sys.executable, "-B", "-c", SAVE, str(path), str(TESTS)]
    watched = ",".join(f"?{call}" for call in (*MOVES, "fsync"))
    save_tiny(path, 1)
    assert traced(command, [], log, "-e", f"trace={watched}") == 0
    assert read_manifest(path).provenance.seed == 2
    steps = list(points(log, (*MOVES, "fsync")))
    assert len({call for call, _ in steps}) >= 4
    seen = set()
    for call, number in steps:
        shutil.rmtree(folder)
        save_tiny(path, 1)
        traced(command, [], log, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
        assert was_killed(log), (call, number)
        seen.add(read_manifest(path).provenance.seed)
        save_tiny(path, 3, force=True)
        assert read_manifest(path).provenance.seed == 3
        assert os.listdir(folder) == ["model"], (call, number)
    assert seen == {1, 2}


@pytest.mark.parametrize("error", ["fsync:error=EIO", "fsync:error=ENOSPC", "rename:error=EIO"])
def test_a_model_survives_a_disk_that_fails(tmp_path: Path, error: str) -> None:
    if reason := why_no_strace():
        pytest.skip(reason)
    path, log = tmp_path / "models" / "model", tmp_path / "log"
    save_tiny(path, 1)
    command = [sys.executable, "-c", SAVE, str(path), str(TESTS)]
    call = error.split(":")[0]
    assert traced(command, [], log, "-e", f"trace={call}", "-e", f"inject={error}:when=1") == 1
    assert read_manifest(path).provenance.seed == 1
    assert os.listdir(path.parent) == ["model"]


@pytest.mark.parametrize("error", ["pwrite64:error=ENOSPC", "pwrite64:error=EIO", "fdatasync:error=EIO"])
def test_a_store_survives_a_disk_that_fails(tmp_path: Path, error: str) -> None:
    if reason := why_no_strace():
        pytest.skip(reason)
    path, log = tmp_path / "s.sqlite", tmp_path / "log"
    files = [tmp_path, path, tmp_path / "s.sqlite-journal"]
    for first in (1, 12, 20):
        path.unlink(missing_ok=True)
        assert traced(put(path), files, log, "-e", f"inject={error}:when={first}+") == 5, first
        for rows in rows_of(path).values():
            assert len(rows) in (0, ROWS)
        subprocess.run(put(path), check=True, capture_output=True)
        assert [len(rows) for rows in rows_of(path).values()] == [ROWS] * ROUNDS


def check_full(path: Path, done: subprocess.CompletedProcess[str]) -> None:
    """A full disk ends with code 5 and a message; what was finished is there, and the store can be used."""
    assert done.returncode == 5, done.stderr
    assert done.stderr.startswith("StorageError")
    assert str(path) in done.stderr
    assert "MB free there" in done.stderr
    finished = len(done.stdout.split())
    assert finished > 0
    after = rows_of(path)
    assert [len(rows) for rows in after.values()] == [ROWS] * finished + [0] * (ROUNDS - finished)


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_FSIZE")
def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
    command = put(path, size=10_000)
    done = subprocess.run(
        [*command[:2], limit + command[2], *command[3:]], capture_output=True, text=True, check=False, timeout=60
    )
    check_full(path, done)
    subprocess.run(put(path, size=10_000), check=True, capture_output=True)
    assert [len(rows) for rows in rows_of(path).values()] == [ROWS] * ROUNDS


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and os.name == "posix" and os.geteuid() == 0
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if not mounted or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_store_on_a_disk_that_fills_up(small_disk: Path) -> None:
    path = small_disk / "s.sqlite"
    done = subprocess.run(put(path, size=35_000), capture_output=True, text=True, check=False, timeout=60)
    check_full(path, done)
    again = subprocess.run(put(path, rounds=1, size=35_000), capture_output=True, text=True, check=False, timeout=60)
    assert again.returncode == 0, again.stderr


def test_a_model_on_a_disk_that_fills_up(small_disk: Path) -> None:
    path = small_disk / "model"
    save_tiny(path, 1)
    with suppress(OSError), (small_disk / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    done = subprocess.run(
        [sys.executable, "-c", SAVE, str(path), str(TESTS)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "No space left on device; 0 MB free there" in done.stderr
    assert read_manifest(path).provenance.seed == 1
    assert sorted(os.listdir(small_disk)) == ["filling", "model"]


EXTRACT = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tiny_engines import ProjectionEngine
from enxerto.data import list_unlabeled
from enxerto.features import Store, extract, open_store
module = sys.modules["enxerto.features.extract"]
module.ROWS_A_COMMIT, module.SECONDS_A_COMMIT = 5, 1e9
left = int(sys.argv[2])

class Dying(ProjectionEngine):
    def _features(self, batch):
        if self.photos > left:
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._features(batch)

with open_store(ProjectionEngine()) as store:
    extract(list_unlabeled([Path(sys.argv[1])]), Dying(chunk=1, workers=1), store)
"""


@pytest.mark.parametrize("left", [0, 11, 30])
def test_extraction_goes_on_where_a_killed_one_stopped(tmp_path: Path, home: Path, left: int) -> None:
    from enxerto.features import open_store

    folder = tmp_path / "photos"
    write_photos(folder, 40)
    command = [sys.executable, "-c", EXTRACT, str(folder), str(left), str(TESTS)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    photos = list_unlabeled([folder])
    with Store(tmp_path / "fresh.sqlite") as fresh:
        expected = extract(photos, ProjectionEngine(), fresh)
        with open_store(ProjectionEngine()) as store:
            assert home in store.path.parents
            kept = store.count()
            table = extract(photos, ProjectionEngine(), store)
            assert table.computed == 40 - kept
            assert (kept == 0) == (left == 0)
            assert table.records == expected.records
            assert table.matrix().tobytes() == expected.matrix().tobytes()


def test_the_command_line_says_busy_full_and_damaged(tmp_path: Path) -> None:
    """The documented exit codes: 5 for a cache that can't be written, 6 for one that was damaged."""
    environment = {**os.environ, "ENXERTO_HOME": str(tmp_path / "home")}

    def cache(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "enxerto", "cache", *arguments], capture_output=True, text=True, env=environment,
            check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stderr

    path = tmp_path / "home" / "features" / "x.sqlite"
    with Store(path) as store:
        store.put([(b"key", b"value" * 100)])
    assert cache("verify") == (0, "")
    path.write_bytes(path.read_bytes().replace(b"valuevalue", b"valuevalve"))
    code, said = cache("verify")
    assert code == 6
    assert "1 damaged rows were deleted" in said
    assert cache("verify") == (0, "")
    path.write_bytes(b"garbage" * 1000)
    assert cache("verify")[0] == 6
    assert cache("show") == (0, "")
