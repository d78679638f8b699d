from __future__ import annotations

import logging
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from children import children

from enxerto.errors import BusyError, IntegrityError, StorageError
from enxerto.features import store as module
from enxerto.features.store import Store, explained, set_aside

ROWS = [(bytes([number]) * 32, bytes([number, 255 - number]) * 400) for number in range(40)]
ABOUT = {"backbone": "tiny", "layer": "last"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "features" / "store.sqlite"


def filled(path: Path) -> Path:
    with Store(path, ABOUT) as store:
        store.put(ROWS)
    return path


def everything(path: Path) -> dict[bytes, bytes]:
    with Store(path) as store:
        return dict(store.get([key for key, _ in ROWS]))


def flip(path: Path, position: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1 << bit
    path.write_bytes(content)


def test_rows_are_found_again_after_reopening(path: Path) -> None:
    filled(path)
    assert everything(path) == dict(ROWS)
    with Store(path, {"backbone": "not asked again"}) as store:
        assert store.count() == len(ROWS)
        assert store.about() == ABOUT
        assert store.damaged() == []
        assert dict(store.get([b"unknown"])) == {}
        assert dict(store.get([])) == {}


def test_more_keys_than_a_query_takes(path: Path) -> None:
    rows = [(number.to_bytes(4), b"v%d" % number) for number in range(1203)]
    with Store(path) as store:
        store.put(rows)
        assert dict(store.get(key for key, _ in rows)) == dict(rows)


def test_a_row_that_is_put_again_is_replaced(path: Path) -> None:
    with Store(path) as store:
        store.put([(b"key", b"old"), (b"other", b"x")])
        store.put([(b"key", b"new")])
        assert dict(store.get([b"key", b"other"])) == {b"key": b"new", b"other": b"x"}
        assert store.count() == 2


def test_rows_are_removed(path: Path) -> None:
    with Store(filled(path)) as store:
        store.remove([ROWS[0][0], b"unknown"])
        assert store.count() == len(ROWS) - 1


def test_rows_are_kept_all_or_none(path: Path) -> None:
    with Store(path) as store:
        with closing(sqlite3.connect(path)) as other:
            refuse = "create trigger t before insert on rows when new.key = x'02' begin select raise(abort, 'no'); end"
            other.execute(refuse)
        with pytest.raises(StorageError, match="can't use the cache .*: no; .* MB free there; free some space"):
            store.put([(b"\1", b"x"), (b"\2", b"x"), (b"\3", b"x")])
        assert store.count() == 0
        store.put([(b"\3", b"x")])
        assert store.count() == 1


def test_about_is_there_whenever_the_tables_are(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(path, ABOUT), closing(sqlite3.connect(path)) as other:
        assert dict(other.execute("select * from about")) == ABOUT
    fresh = path.with_name("other.sqlite")
    monkeypatch.setattr(module, "_SCHEMA", module._SCHEMA + "insert into nowhere values (1);")
    with pytest.raises(IntegrityError, match="no such table: nowhere"):
        Store(fresh, ABOUT)
    monkeypatch.undo()
    with Store(fresh, ABOUT) as store:
        assert store.about() == ABOUT


@pytest.mark.parametrize("part", ["value", "key", "checksum"])
def test_a_flipped_bit_in_a_row_is_noticed_and_the_row_made_again(
    path: Path, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    key, value = ROWS[7]
    filled(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        if part == "checksum":
            connection.execute("update rows set checksum = checksum + 1 where key = ?", (key,))
        else:
            wrong = bytes([key[0] ^ 1]) + key[1:] if part == "key" else value[:-1] + b"?"
            connection.execute(f"update or replace rows set {part} = ? where key = ?", (wrong, key))
    with caplog.at_level(logging.WARNING):
        found = everything(path)
    assert key not in found
    assert len(found) >= len(ROWS) - 2
    if part != "key":
        assert "a row of" in caplog.text
    with Store(path) as store:
        assert len(store.damaged()) == 1
        store.put([(key, value)])
        assert dict(store.get([key])) == {key: value}


def test_bytes_flipped_in_the_file_itself_are_noticed(path: Path) -> None:
    key, value = ROWS[7]
    position = filled(path).read_bytes().index(value) + 100
    flip(path, position, 3)
    assert everything(path) == {other: kept for other, kept in ROWS if other != key}
    with Store(path) as store:
        assert store.damaged() == [key]


def test_wherever_a_bit_flips_no_wrong_row_comes_out_and_the_store_can_be_mended(path: Path) -> None:
    whole = filled(path).read_bytes()
    dice = random.Random(0)
    for position in [*range(0, 100, 3), *(dice.randrange(100, len(whole)) for _ in range(90))]:
        path.write_bytes(whole)
        flip(path, position, dice.randrange(8))
        try:
            assert everything(path).items() <= dict(ROWS).items()
        except (IntegrityError, StorageError):
            pass
        try:
            with Store(path) as store:
                store.remove(store.damaged())
                store.put(ROWS)
        except IntegrityError:
            set_aside(path)
            with Store(path) as store:
                store.put(ROWS)
        except StorageError as error:
            assert "readonly" in str(error)  # the byte of the header that says who may write
            continue
        assert everything(path) == dict(ROWS), position
        for other in path.parent.iterdir():
            other.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:50],
        lambda whole: bytes(len(whole)),
        lambda _whole: b"garbage " * 1000,
        lambda whole: whole.replace(b"SQLite format 3", b"SQLite format 4"),
        lambda whole: whole[:47] + b"\x09" + whole[48:],
    ],
    ids=["half", "fifty bytes", "zeros", "garbage", "other format", "newer schema format"],
)
def test_a_damaged_file_is_set_aside_and_begun_anew(
    path: Path, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(damage)
    wrong = damage(filled(path).read_bytes())
    path.write_bytes(wrong)
    with caplog.at_level(logging.WARNING), Store(path, ABOUT) as store:
        assert store.count() == 0
        assert store.about() == ABOUT
        store.put(ROWS)
    assert "was damaged and set aside as store.sqlite.damaged-" in caplog.text
    assert everything(path) == dict(ROWS)
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == wrong


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert everything(filled(path)) == dict(ROWS)


def test_a_damaged_page_is_an_error_that_says_what_to_do(path: Path) -> None:
    content = bytearray(filled(path).read_bytes())
    content[4096 * 4 :] = b"\xa5" * (len(content) - 4096 * 4)
    path.write_bytes(content)
    with (
        Store(path) as store,
        pytest.raises(IntegrityError, match="is damaged .*; run: enxerto cache verify") as caught,
    ):
        store.damaged()
    assert caught.value.exit_code == 6


def test_an_index_that_does_not_fit_its_table_is_damage(path: Path) -> None:
    with closing(sqlite3.connect(filled(path))) as connection:
        (root,) = connection.execute("select rootpage from sqlite_master where type = 'index'").fetchone()
    key = ROWS[7][0]
    content = path.read_bytes()
    page = content[(root - 1) * 4096 : root * 4096]
    flip(path, (root - 1) * 4096 + page.index(key), 6)
    with Store(path) as store, pytest.raises(IntegrityError, match=r"is damaged \(.*index"):
        store.damaged()


def test_a_held_store_is_busy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_S", 0.05)
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, Store(path) as store:
        other.execute("begin immediate")
        with pytest.raises(BusyError, match="store.sqlite is held by another process; wait for it") as caught:
            store.put(ROWS)
        assert caught.value.exit_code == 4
        other.execute("rollback")
        other.execute("begin exclusive")
        with pytest.raises(BusyError, match="is held by another process"):
            list(store.get([ROWS[0][0]]))
        with pytest.raises(BusyError, match="is held by another process"):
            Store(path)
        other.execute("rollback")
        store.put(ROWS)
    assert list(path.parent.glob("*.damaged-*")) == []


def test_a_path_that_cannot_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="can't use the cache .*unable to open database file"):
        Store(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="can't write .*store"):
        Store(tmp_path / "file" / "store")


def test_a_closed_store_says_so(path: Path) -> None:
    store = Store(path)
    store.close()
    with pytest.raises(StorageError, match="closed database"):
        store.count()


def test_errors_without_a_code_are_of_storage() -> None:
    assert isinstance(explained(sqlite3.DatabaseError("odd"), Path("store")), StorageError)


def test_a_file_that_cannot_be_set_aside(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="can't write .*gone"):
        set_aside(tmp_path / "gone")


WRITER = """
import sys
from pathlib import Path
from enxerto.features.store import Store
path, number = Path(sys.argv[1]), int(sys.argv[2])
sys.stdin.readline()
with Store(path, {"writer": "any"}) as store:
    for step in range(10):
        store.put([(bytes([number, step, i]), bytes([number, step, i]) * 100) for i in range(5)])
        store.put([(b"common %d" % step, b"the same for all" * 50)])
"""


@pytest.mark.parametrize("before", ["nothing", "garbage"])
def test_eight_processes_write_one_store_at_once(path: Path, before: str) -> None:
    path.parent.mkdir()
    if before == "garbage":
        path.write_bytes(b"garbage" * 5000)
    with children(WRITER, [(path, number) for number in range(8)]):
        pass
    with Store(path) as store:
        assert store.count() == 8 * 50 + 10
        assert store.damaged() == []
        keys = [bytes([number, step, i]) for number in range(8) for step in range(10) for i in range(5)]
        assert dict(store.get(keys)) == {key: key * 100 for key in keys}
    assert len(list(path.parent.glob("*.damaged-*"))) == (before == "garbage")


def test_damaged_files_set_aside_do_not_overwrite_each_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(10))
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    for _ in range(3):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"garbage" * 1000)
        Store(path).close()
    assert len(list(path.parent.glob("*.damaged-*"))) == 3
