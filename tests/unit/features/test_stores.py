from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_engines import ProjectionEngine, tiny_backbone

from enxerto.backbones import Backbone, View
from enxerto.errors import BusyError
from enxerto.features import converted_networks, list_stores, open_store, prune, store_key, stores, verify_stores
from enxerto.features import store as store_module
from enxerto.features.stores import free_bytes

ROWS = [(bytes([number]) * 32, bytes([number, 200]) * 450) for number in range(20)]
ENGINE = ProjectionEngine()


def filled() -> Path:
    with open_store(ENGINE) as store:
        store.put(ROWS)
        return store.path


def with_preprocessing(**changes: object) -> Callable[[Backbone], Backbone]:
    def change(backbone: Backbone) -> Backbone:
        preprocessing = replace(backbone.preprocessing, **changes)  # type: ignore[arg-type]
        return replace(backbone, entry=replace(backbone.entry, preprocessing=preprocessing))

    return change


CHANGES: dict[str, Callable[[Backbone], Backbone]] = {
    "weights": lambda backbone: replace(backbone, known_identity="1" * 64),
    "architecture": lambda backbone: replace(backbone, entry=replace(backbone.entry, architecture="other")),
    "zoo": lambda backbone: replace(backbone, entry=replace(backbone.entry, zoo="torchvision")),
    "layer": lambda backbone: replace(backbone, layer="blocks.5"),
    "pooling": lambda backbone: replace(backbone, pooling="max"),
    "size": with_preprocessing(size_px=32),
    "crop": with_preprocessing(crop=1.0),
    "interpolation": with_preprocessing(interpolation="bicubic"),
    "mean": with_preprocessing(mean=(0.4, 0.5, 0.5)),
    "std": with_preprocessing(std=(0.5, 0.5, 0.4)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_key_changes_with_whatever_decides_a_feature(change: str) -> None:
    assert store_key(ProjectionEngine(CHANGES[change](tiny_backbone()))) != store_key(ENGINE)


@pytest.mark.parametrize("identity", ["openvino-2025.2-fp32", "projection-2-fp32", "projection-1-bf16"])
def test_the_key_changes_with_engine_version_and_precision(identity: str) -> None:
    engine = ProjectionEngine()
    engine.identity = identity
    assert store_key(engine) != store_key(ENGINE)


def test_the_key_changes_with_the_view_unless_it_is_view_0() -> None:
    keys = [store_key(ENGINE, view) for view in (None, View(0, seed=3), View(1), View(2), View(1, seed=3))]
    assert keys[0] == keys[1] == store_key(ENGINE)
    assert len(set(keys)) == 4


def test_the_key_changes_with_the_decoder_and_the_row_format(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {store_key(ENGINE)}
    for name in ("DECODER", "_ROW_FORMAT"):
        with monkeypatch.context() as patch:
            patch.setattr(stores, name, "another")
            keys.add(store_key(ENGINE))
    monkeypatch.setattr("torch.__version__", "99.0")
    keys.add(store_key(ENGINE))
    assert len(keys) == 4


def test_the_key_does_not_change_with_what_decides_nothing() -> None:
    assert store_key(ProjectionEngine(chunk=8, workers=7)) == store_key(ENGINE)
    renamed = replace(tiny_backbone(), entry=replace(tiny_backbone().entry, name="other"), origin="another place")
    assert store_key(ProjectionEngine(renamed)) == store_key(ENGINE)


def test_a_store_is_kept_under_its_key_and_says_what_it_is(home: Path) -> None:
    path = filled()
    assert path == home / "features" / f"{store_key(ENGINE)}.sqlite"
    (info,) = list_stores()
    assert (info.path, info.photos, info.damaged) == (path, 20, None)
    assert info.about["backbone"] == "tiny"
    assert info.about["weights"] == "0" * 64
    assert info.about["engine"] == "projection-1-fp32"
    assert info.size_bytes == path.stat().st_size
    assert abs(info.used.timestamp() - time.time()) < 60


def test_a_store_that_is_not_kept_leaves_nothing(home: Path) -> None:
    with open_store(ENGINE, keep=False) as store:
        store.put(ROWS)
        assert store.path.exists()
    assert not store.path.parent.exists()
    assert not home.exists()
    assert list_stores() == []


def test_stores_are_listed_largest_first() -> None:
    filled()
    with open_store(ProjectionEngine(tiny_backbone("1" * 64))) as store:
        store.put([(bytes(32), bytes(200_000))])
    assert [info.photos for info in list_stores()] == [1, 20]


def test_verify_deletes_damaged_rows_only() -> None:
    path = filled()
    content = path.read_bytes()
    path.write_bytes(content.replace(ROWS[3][1], ROWS[4][1]))
    assert [(info.photos, info.damaged) for info in verify_stores()] == [(19, 1)]
    assert [(info.photos, info.damaged) for info in verify_stores()] == [(19, 0)]


@pytest.mark.parametrize("where", ["header", "page"])
def test_verify_sets_a_damaged_file_aside(where: str) -> None:
    path = filled()
    content = bytearray(path.read_bytes())
    begin, end = (0, 100) if where == "header" else (4096 * 3, len(content))
    content[begin:end] = b"\xa5" * (end - begin)
    path.write_bytes(content)
    if where == "header":
        assert [(info.about, info.damaged) for info in list_stores()] == [({}, -1)]
    assert [info.damaged for info in verify_stores()] == [-1]
    assert list_stores() == []
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == bytes(content)
    assert prune() >= len(content)
    assert not aside.exists()


def killed_writing(path: Path) -> None:
    """A store whose writer was killed in the middle of a commit: some pages are written, the journal is there."""
    code = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("pragma cache_size = 2")
connection.execute("begin immediate")
rows = [(bytes([i]) * 32, b"?" * 5000) for i in range(99)]
connection.executemany("insert or replace into rows values (?, ?, 1)", rows)
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    assert path.with_name(f"{path.name}-journal").stat().st_size > 512


@pytest.mark.parametrize(("look", "damaged"), [(list_stores, None), (verify_stores, 0)])
def test_a_store_whose_writer_was_killed_is_rolled_back_and_kept(
    look: Callable[[], list[stores.StoreInfo]], damaged: int | None
) -> None:
    path = filled()
    killed_writing(path)
    assert [(info.photos, info.damaged) for info in look()] == [(20, damaged)]
    with open_store(ENGINE) as store:
        assert dict(store.get([key for key, _ in ROWS])) == dict(ROWS)


def test_a_store_that_another_process_holds_is_busy_not_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled()
    connect: Any = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **options: connect(*given, timeout=0.05, **options))
    with closing(connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        for look in (list_stores, verify_stores):
            with pytest.raises(BusyError, match="is held by another process"):
                look()
        other.execute("rollback")
        monkeypatch.undo()
        monkeypatch.setenv("ENXERTO_HOME", str(path.parent.parent))
        monkeypatch.setattr(store_module, "BUSY_TIMEOUT_S", 0.05)
        other.execute("begin immediate")
        with pytest.raises(BusyError, match="is held by another process"):
            verify_stores()
    assert path.exists()
    assert [(info.photos, info.damaged) for info in verify_stores()] == [(20, 0)]


def test_prune_deletes_features_and_networks_but_no_weights(home: Path) -> None:
    path = filled()
    kept = home / "weights" / "mine.safetensors"
    network = home / "networks" / "some.network"
    for file in (kept, network):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"12345")
    expected = path.stat().st_size + 5
    os.utime(network, (time.time() + 1e6, time.time() + 1e6))  # the clock was set back since
    assert prune() == expected
    assert kept.exists()
    assert not path.exists()
    assert not network.exists()
    assert prune() == 0


def test_prune_keeps_what_was_written_lately() -> None:
    path = filled()
    assert prune(older_than_days=1) == 0
    os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    assert prune(older_than_days=2) == 0
    assert prune(older_than_days=1) > 0
    assert not path.exists()


def test_prune_keeps_what_was_only_read_lately() -> None:
    path = filled()
    os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    with open_store(ENGINE) as store:
        assert store.count() == 20
    assert abs(list_stores()[0].used.timestamp() - time.time()) < 60
    assert prune(older_than_days=1) == 0
    assert path.exists()


def test_a_store_whose_times_can_t_be_set_is_opened_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    filled()

    def refused(*_given: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "utime", refused)
    with open_store(ENGINE) as store:
        assert store.count() == 20


def test_converted_networks_are_counted(home: Path) -> None:
    assert converted_networks() == stores.NetworksInfo(0, 0)
    (home / "networks").mkdir(parents=True)
    for name in ("a.network", "b.network", ".c.tmp"):
        (home / "networks" / name).write_bytes(b"12345")
    (home / "networks" / "gone.network").symlink_to("nowhere")  # as one that is deleted at this moment
    assert converted_networks() == stores.NetworksInfo(2, 10)


def test_prune_keeps_the_journal_that_a_kept_store_needs() -> None:
    path = filled()
    killed_writing(path)
    journal = path.with_name(f"{path.name}-journal")
    os.utime(journal, (time.time() - 90_000, time.time() - 90_000))
    assert prune(older_than_days=1) == 0
    assert [(info.photos, info.damaged) for info in verify_stores()] == [(20, 0)]


def test_prune_is_not_stopped_by_files_that_others_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled()
    gone = path.with_name("gone.sqlite")
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [*glob(self, pattern), self / gone.name])
    monkeypatch.setattr(Path, "is_file", lambda _self: True)
    assert prune(older_than_days=0.0) > 0
    assert not path.exists()


def test_free_space_is_that_of_the_disk(tmp_path: Path) -> None:
    assert 0 < free_bytes() < 1 << 60
    assert not (tmp_path / "enxerto-home").exists()
