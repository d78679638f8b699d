from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bad_photos import encoded, png_bomb, scene
from PIL import Image

from enxerto.data.decode import Limits
from enxerto.data.examine import check, examine
from enxerto.data.health import ClassCount, DuplicateGroup
from enxerto.data.listing import list_photos


def put(root: Path, name: str, content: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(content)


@pytest.fixture
def mess(tmp_path: Path) -> Path:
    root = tmp_path / "mess"
    frames = [Image.fromarray(scene(seed=seed)) for seed in (20, 21)]
    for side, first in (("train", 0), ("test", 4)):
        for number in range(first, first + 4):
            put(root, f"{side}/cat/{number}.jpg", encoded(scene(seed=number)))
    put(root, "train/dog/0.png", encoded(scene(seed=10), "PNG"))
    put(root, "train/dog/same-as-a-cat.png", encoded(scene(seed=0), "PNG"))
    put(root, "test/dog/leak.png", encoded(scene(seed=10), "PNG"))
    put(root, "train/dog/misnamed.jpg", encoded(scene(seed=11), "PNG"))
    put(root, "train/dog/noending", encoded(scene(seed=12)))
    put(root, "train/dog/moving.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    put(root, "train/dog/empty.jpg", b"")
    put(root, "train/dog/text.jpg", b"hello")
    put(root, "train/dog/cut.jpg", encoded(scene())[:700])
    put(root, "train/dog/bomb.png", png_bomb())
    put(root, "train/dog/big.bmp", encoded(scene(300, 300, 13), "BMP"))
    os.mkfifo(root / "train/dog/pipe.jpg")
    (root / "train/dog/link.jpg").symlink_to("gone.jpg")
    (root / "train/dog/folder.jpg").mkdir()
    (root / "train/eel").mkdir()
    return root


def test_every_file_gets_its_verdict(mess: Path) -> None:
    photos = list_photos(mess)
    before = {path: path.lstat() for path in mess.rglob("*")}
    records, health = check(photos, limits=Limits(bytes=200_000))
    assert len(records) == len(photos) == health.listed == health.readable + len(health.skipped)
    assert {issue.path.split("/")[-1]: issue.code for issue in health.skipped} == {
        "empty.jpg": "empty",
        "text.jpg": "not-an-image",
        "cut.jpg": "truncated",
        "bomb.png": "bomb",
        "big.bmp": "too-large",
        "pipe.jpg": "not-a-file",
        "link.jpg": "dangling-link",
        "folder.jpg": "not-a-file",
    }
    assert {issue.path.split("/")[-1]: issue.code for issue in health.warnings} == {
        "misnamed.jpg": "wrong-extension",
        "noending": "wrong-extension",
        "moving.gif": "animated",
    }
    assert health.class_counts == (ClassCount("cat", 8, 0), ClassCount("dog", 6, 8), ClassCount("eel", 0, 0))
    assert health.imbalance == pytest.approx(8 / 6)
    assert [bool(record.sha256) for record in records] == [
        issue not in {"too-large", "not-a-file", "dangling-link"} for issue in (record.code for record in records)
    ]
    after = {path: path.lstat() for path in mess.rglob("*")}
    assert {path: (*now[:7], now.st_mtime_ns) for path, now in after.items()} == {
        path: (*was[:7], was.st_mtime_ns) for path, was in before.items()
    }  # the time of the last access may change, nothing else


def test_conflicts_and_leaks_are_found(mess: Path) -> None:
    _, health = check(list_photos(mess))
    assert health.readable == 15
    conflict = DuplicateGroup(("train/cat/0.jpg", "train/dog/same-as-a-cat.png"), ("cat", "dog"), ("train",), False)
    leak = DuplicateGroup(("test/dog/leak.png", "train/dog/0.png"), ("dog",), ("test", "train"), True)
    assert health.conflicts == (conflict,)
    assert health.leaks == (leak,)
    assert set(health.duplicates) == {conflict, leak}


def test_the_number_of_workers_changes_nothing_and_progress_is_told(mess: Path) -> None:
    photos = list_photos(mess)
    told: list[object] = []

    @contextmanager
    def progress(description: str, total: int) -> Iterator[object]:
        told.append((description, total))
        yield told.append

    assert check(photos, workers=1) == check(photos, workers=7, progress=progress)
    assert told == [("checking", len(photos)), *[1] * len(photos)]


def test_a_file_that_vanishes_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", encoded(scene()))
    photos = list_photos(tmp_path)
    (tmp_path / "cat/1.jpg").unlink()
    records, health = check(photos)
    assert records[0].code == "vanished"
    assert (health.readable, health.imbalance) == (0, 1.0)


def test_one_record_per_photo_is_needed(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", encoded(scene()))
    with pytest.raises(ValueError, match="zip"):
        examine(list_photos(tmp_path), [])
