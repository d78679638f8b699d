from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from enxerto.backbones import find, store, weights
from enxerto.errors import IntegrityError, StorageError

ENTRY = find("test_resnet")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    target = store.imported_file(ENTRY)
    target.parent.mkdir(parents=True)
    (tmp_path / "converted").write_bytes(b"weights")
    store.keep(tmp_path / "converted", target)
    return target


def test_a_file_is_kept_with_its_checksum_and_held_to_it(kept: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    assert store.record_of(kept).read_text() == f"{digest}  {kept.name}\n"  # what `sha256sum -c` reads
    assert store.verify(kept)
    kept.write_bytes(b"weighty")
    with pytest.raises(
        IntegrityError, match=r"should have SHA-256 [0-9a-f]{64}, got .*: delete it and import it again"
    ):
        weights.locate(ENTRY)


def test_a_file_without_a_record_is_taken_as_it_is(kept: Path) -> None:
    store.record_of(kept).unlink()
    assert not store.verify(kept)
    assert weights.locate(ENTRY).origin == "imported"


def test_a_crash_between_weights_and_record_leaves_no_wrong_record(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "newer").write_bytes(b"newer weights")
    monkeypatch.setattr(store, "write_durably", _fail)
    with pytest.raises(StorageError, match="no room"):
        store.keep(tmp_path / "newer", kept)
    assert kept.read_bytes() == b"newer weights"
    assert not store.verify(kept)


def test_a_store_that_can_t_be_written_is_an_error_with_its_path(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "newer").write_bytes(b"newer weights")
    monkeypatch.setattr(Path, "replace", lambda *_: Path("/proc/nothing").mkdir())
    with pytest.raises(StorageError, match=rf"can't write {kept}: "):
        store.keep(tmp_path / "newer", kept)


def _fail(*_: object) -> None:
    raise StorageError("no room")
