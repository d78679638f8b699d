from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tiny_engines import LENGTH, ProjectionEngine, tiny_backbone, write_photo, write_photos

from enxerto.backbones import open_backbone
from enxerto.data import Limits, PhotoSet, list_unlabeled
from enxerto.engines import open_engine
from enxerto.errors import StorageError
from enxerto.features import Store, extract, open_store
from enxerto.progress import Advance
from enxerto.types import Features, Images

module = sys.modules["enxerto.features.extract"]  # its name in the package is the function's


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.sqlite") as opened:
        yield opened


def reference(photos: PhotoSet, indices: tuple[int, ...]) -> Features:
    """One photo after the other, with nothing between file and feature."""
    from enxerto.data import decode

    engine, preprocessing = ProjectionEngine(), tiny_backbone().preprocessing
    images = [
        preprocessing.image(decode(photos.photos[i].path.read_bytes(), short_side_px=preprocessing.short_side_px).image)
        for i in indices
    ]
    return engine.features(np.stack(images))


def test_features_are_those_of_each_photo_in_order(tmp_path: Path, store: Store) -> None:
    photos = write_photos(tmp_path / "photos", 11)
    table = extract(photos, ProjectionEngine(), store)
    assert table.readable == tuple(range(11))
    assert table.computed == 11
    for photo, record in zip(photos.photos, table.records, strict=True):
        assert record.sha256 == hashlib.sha256(photo.path.read_bytes()).hexdigest()
    assert np.array_equal(table.matrix(), reference(photos, table.readable))


def test_a_second_time_nothing_is_computed(tmp_path: Path, store: Store) -> None:
    photos = write_photos(tmp_path / "photos", 7)
    first = extract(photos, ProjectionEngine(), store)
    engine = ProjectionEngine()
    second = extract(photos, engine, store)
    assert (second.computed, engine.photos) == (0, 0)
    assert second.records == first.records
    assert np.array_equal(second.matrix(), first.matrix())


def test_a_renamed_photo_is_known_and_an_edited_one_is_not(tmp_path: Path, store: Store) -> None:
    photos = write_photos(tmp_path / "photos", 6)
    before = extract(photos, ProjectionEngine(), store).matrix()
    photos.photos[0].path.rename(tmp_path / "photos" / "zzz.png")
    edited = photos.photos[3].path
    status, content = edited.stat(), bytearray(edited.read_bytes())
    content[-20] ^= 1  # in the checksum of the pixels, so that the file is another one and its size the same
    edited.write_bytes(content)
    os.utime(edited, ns=(status.st_atime_ns, status.st_mtime_ns))
    table = extract(list_unlabeled([tmp_path / "photos"]), ProjectionEngine(), store)
    assert table.computed == 1
    indices = [i for i, photo in enumerate(table.photos.photos) if photo.name != edited.name]
    assert np.array_equal(table.matrix(indices), before[[1, 2, 4, 5, 0]])


@pytest.mark.parametrize("chunk", [1, 3, 8])
@pytest.mark.parametrize("workers", [1, 4])
def test_chunks_and_workers_change_nothing(tmp_path: Path, chunk: int, workers: int) -> None:
    photos = write_photos(tmp_path / "photos", 13)
    with Store(tmp_path / "one") as one, Store(tmp_path / "other") as other:
        expected = extract(photos, ProjectionEngine(chunk=5, workers=2), one)
        table = extract(photos, ProjectionEngine(chunk=chunk, workers=workers), other)
        assert table.records == expected.records
        assert np.array_equal(table.matrix(), expected.matrix())


@pytest.mark.parametrize("chunk", [1, 4, 20])
def test_copies_of_a_photo_count_once_and_have_the_same_features(tmp_path: Path, store: Store, chunk: int) -> None:
    write_photos(tmp_path / "photos", 4)
    for number in range(9):
        shutil.copy(tmp_path / "photos" / "002.png", tmp_path / "photos" / f"copy{number}.png")
    table = extract(list_unlabeled([tmp_path / "photos"]), ProjectionEngine(chunk=chunk), store)
    assert table.readable == tuple(range(13))
    assert table.computed == 4
    assert store.count() == 4
    matrix = table.matrix()
    assert (matrix[4:] == matrix[2]).all()


def test_unreadable_photos_get_a_record_and_stop_nothing(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "photos"
    write_photos(folder, 3)
    (folder / "0broken.png").write_bytes((folder / "001.png").read_bytes()[:60])
    (folder / "text.png").write_bytes(b"no photo")
    (folder / "zlink.png").symlink_to("nowhere.png")
    write_photo(folder / "zvanishes.png", 8)
    photos = list_unlabeled([folder])
    (folder / "zvanishes.png").unlink()
    table = extract(photos, ProjectionEngine(), store)
    codes = [record.code for record in table.records]
    assert codes == ["good", "good", "good", "truncated", "not-an-image", "dangling-link", "vanished"]
    assert len(table.readable) == 3
    assert [record.sha256 == "" for record in table.records[-3:]] == [False, True, True]
    assert table.matrix().shape == (3, LENGTH)
    engine = ProjectionEngine()
    again = extract(photos, engine, store)
    assert again.records == table.records
    assert (again.computed, engine.photos) == (0, 0)


def test_only_unreadable_photos(tmp_path: Path, store: Store) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"")
    table = extract(list_unlabeled([tmp_path / "photos"]), ProjectionEngine(), store)
    assert table.readable == ()
    assert [record.code for record in table.records] == ["empty"]


def test_no_photo_at_all(tmp_path: Path, store: Store) -> None:
    table = extract(PhotoSet(tmp_path, (), "none"), ProjectionEngine(), store)
    assert (table.records, table.readable, table.computed) == ((), (), 0)


def test_a_verdict_by_limits_holds_for_those_limits_only(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "photos"
    write_photo(folder / "a.png", 0, side=20)
    write_photo(folder / "b.png", 1, side=40)
    photos = list_unlabeled([folder])
    small = Limits(pixels=900)

    def codes(limits: Limits | None) -> tuple[list[str], int]:
        table = extract(photos, ProjectionEngine(), store, limits=limits)
        return [record.code for record in table.records], table.computed

    assert codes(small) == (["good", "bomb"], 1)
    assert codes(None) == (["good", "good"], 1)
    assert codes(small) == (["good", "bomb"], 0)
    assert codes(None) == (["good", "good"], 0)
    assert codes(Limits(bytes=10)) == (["too-large", "too-large"], 0)


def test_a_damaged_row_is_made_again(tmp_path: Path, store: Store) -> None:
    photos = write_photos(tmp_path / "photos", 5)
    first = extract(photos, ProjectionEngine(), store)
    expected = first.matrix()
    key = bytes.fromhex(first.records[2].sha256)
    ((_, row),) = store.get([key])
    store.close()
    content = store.path.read_bytes()
    vector = expected[2].astype("<f4").tobytes()
    assert row.endswith(vector)
    assert content.count(vector) == 1
    store.path.write_bytes(content.replace(vector, vector[:-1] + bytes([vector[-1] ^ 1])))
    with Store(store.path) as reopened:
        table = extract(photos, ProjectionEngine(), reopened)
        assert table.computed == 1
        assert np.array_equal(table.matrix(), expected)


def test_progress_counts_every_photo(tmp_path: Path, store: Store) -> None:
    seen: list[object] = []

    @contextmanager
    def progress(description: str, total: int) -> Iterator[Advance]:
        seen.append((description, total))
        yield seen.append

    photos = write_photos(tmp_path / "photos", 7)
    (tmp_path / "photos" / "003.png").write_bytes(b"no photo")
    extract(photos, ProjectionEngine(chunk=3), store, progress=progress)
    assert seen == [("features", 7), 3, 3, 1]


def test_rows_are_committed_along_the_way(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    put = store.put

    def watched(rows: list[tuple[bytes, bytes]]) -> None:
        sizes.append(len(rows))
        put(rows)

    monkeypatch.setattr(store, "put", watched)
    monkeypatch.setattr(module, "ROWS_A_COMMIT", 6)
    extract(write_photos(tmp_path / "photos", 20), ProjectionEngine(chunk=4), store)
    assert sizes == [8, 8, 4]
    sizes.clear()
    monkeypatch.setattr(module, "SECONDS_A_COMMIT", -1.0)
    extract(write_photos(tmp_path / "more", 6, start=50), ProjectionEngine(chunk=3), store)
    assert sizes == [3, 3]


def test_only_so_many_chunks_are_under_way(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first result is held back while the others go on: reading stops after a few chunks."""
    photos = write_photos(tmp_path / "photos", 60)
    read: list[Path] = []
    reading = module.read_bytes

    def watched(path: Path, limits: Limits) -> bytes:
        read.append(path)
        content: bytes = reading(path, limits)
        return content

    monkeypatch.setattr(module, "read_bytes", watched)
    consumed = threading.Event()
    most = 0

    @contextmanager
    def progress(_description: str, _total: int) -> Iterator[Advance]:
        def advance(_count: int) -> None:
            nonlocal most
            if not consumed.is_set():
                consumed.set()
                deadline = time.monotonic() + 5
                while len(read) < 10 and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(0.05)
                most = len(read)

        yield advance

    extract(photos, ProjectionEngine(chunk=2, workers=2), store, progress=progress)
    assert 4 <= most <= 2 * (2 * 2 + 1)
    assert len(read) == 60


def test_decoding_and_inference_overlap(tmp_path: Path, store: Store) -> None:
    """A chunk waits in the network until another chunk has arrived there too."""
    both = threading.Barrier(2)

    class Meeting(ProjectionEngine):
        def _features(self, batch: Images) -> Features:  # type: ignore[override]
            both.wait(30)
            return super()._features(batch)

    photos = write_photos(tmp_path / "photos", 8)
    assert extract(photos, Meeting(chunk=2, workers=2), store).computed == 8


def test_an_engine_that_fails_keeps_what_was_done_and_leaves_no_thread(tmp_path: Path, store: Store) -> None:
    class Failing(ProjectionEngine):
        def _features(self, batch: Images) -> Features:  # type: ignore[override]
            if self.photos >= 12:
                raise RuntimeError("out of memory")
            return super()._features(batch)

    photos = write_photos(tmp_path / "photos", 40)
    with pytest.raises(RuntimeError, match="out of memory") as caught:
        extract(photos, Failing(chunk=4, workers=1), store)
    assert store.count() == 12
    assert caught.value.__traceback__ is not None  # which keeps every frame alive
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("enxerto-features")]
    assert extract(photos, ProjectionEngine(), store).computed == 28


def test_a_disk_that_fills_up_is_told_and_no_thread_is_left(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = write_photos(tmp_path / "photos", 30)
    put = store.put
    calls = iter(range(100))

    def full(rows: list[tuple[bytes, bytes]]) -> None:
        if next(calls) >= 2:
            raise StorageError("full")
        put(rows)

    monkeypatch.setattr(store, "put", full)
    monkeypatch.setattr(module, "ROWS_A_COMMIT", 4)
    with pytest.raises(StorageError, match="full") as caught:
        extract(photos, ProjectionEngine(chunk=4), store)
    assert caught.value.__traceback__ is not None
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("enxerto-features")]
    assert store.count() == 8


def extracted(photos: PhotoSet, chunk: int, workers: int, device: str) -> Features:
    engine = open_engine(open_backbone(), device=device)
    engine.chunk, engine.workers = chunk, workers
    with open_store(engine, keep=False) as store:
        table = extract(photos, engine, store)
        assert table.computed == len(photos)
        return table.matrix()


@pytest.mark.usefixtures("warm_home")
def test_the_real_network_gives_the_same_bits_whatever_the_chunks_and_workers(faces: Path) -> None:
    photos = list_unlabeled([faces / "face"]).subset(range(9))
    first, *others = (extracted(photos, chunk, workers, "openvino") for chunk, workers in ((8, 2), (1, 1), (3, 4)))
    assert first.shape == (9, 1280)
    assert np.linalg.norm(first[0] - first[1]) > 1
    for other in others:
        assert np.array_equal(other, first)


def test_pytorch_batches_differ_by_rounding_only(faces: Path) -> None:
    photos = list_unlabeled([faces / "face"]).subset(range(5))
    one, other = (extracted(photos, chunk, 2, "torch") for chunk in (1, 5))
    np.testing.assert_allclose(one, other, atol=1e-4)
