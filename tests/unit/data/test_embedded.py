from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enxerto.data.embedded import FACES, cat_photo, write_digits, write_faces
from enxerto.data.examine import check
from enxerto.data.listing import list_photos
from enxerto.errors import DataError, StorageError


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("the network was asked"))


def test_faces_are_written_as_a_folder_per_class(tmp_path: Path) -> None:
    assert write_faces(tmp_path / "faces") == tmp_path / "faces"
    photos = list_photos(tmp_path / "faces")
    assert photos.classes == ("face", "other")
    records, health = check(photos)
    assert (health.readable, health.skipped, health.warnings, health.duplicates) == (200, (), (), ())
    assert all((record.width, record.height) == (25, 25) for record in records)
    assert [count.readable for count in health.class_counts] == [FACES, 100]
    together = hashlib.sha256("".join(record.sha256 for record in records).encode()).hexdigest()
    assert together == "05c743623a63174a811d0079104755278c98fa608fddc98b39f82f6699fc8ee5"


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    write_faces(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    (tmp_path / "face/face_000.png").unlink()
    write_faces(tmp_path)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    changed = {path.name for path in before if before[path] != after[path]}
    assert changed == {"face_000.png"}


def test_other_files_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/other_007.png").write_bytes(b"mine")
    with pytest.raises(StorageError, match=r"other_007.png is there already, with other content"):
        write_faces(tmp_path)
    assert (tmp_path / "other/other_007.png").read_bytes() == b"mine"
    assert not (tmp_path / "face").exists()


def test_the_cat() -> None:
    cat = cat_photo()
    assert (cat.shape, cat.dtype) == ((300, 451, 3), np.dtype(np.uint8))
    assert cat[:, :, 0].mean() > cat[:, :, 2].mean() + 20  # a ginger one


def test_importing_the_data_layer_stays_light() -> None:
    script = (
        "import sys\nfrom enxerto.data import *\n"
        "print(sorted({'torch', 'sklearn', 'skimage', 'scipy', 'openvino'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_digits_are_written_as_a_folder_per_class(tmp_path: Path) -> None:
    photos = list_photos(write_digits(tmp_path / "digits"))
    assert (len(photos), photos.classes) == (1797, tuple("0123456789"))
    first = np.asarray(Image.open(tmp_path / "digits/0/digit_0000.png"))
    assert (first.shape, first.dtype, first[0].tolist()) == ((8, 8), np.uint8, [0, 0, 80, 207, 143, 16, 0, 0])
    health = check(photos)[1]
    assert (health.readable, health.duplicates) == (1797, ())


def test_digits_without_scikit_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(
        DataError, match=r"digits come with scikit-learn, which is missing; pip install 'enxerto\[digits\]'"
    ):
        write_digits(tmp_path)


def test_digits_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits").write_bytes(b"")
    with pytest.raises(StorageError, match="can't write"):
        write_digits(tmp_path / "digits")
