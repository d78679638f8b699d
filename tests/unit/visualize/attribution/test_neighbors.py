from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand_networks import hand_classifier
from PIL import Image

from enxerto.classifier import Classifier
from enxerto.visualize.attribution.neighbors import learned_photos, photos_below


def write(folder: Path, levels: dict[str, int]) -> None:
    for name, level in levels.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9), (level, 255 - level, 40)).save(folder / name)


def taught(folder: Path, names: list[str]) -> Classifier:
    content = b"".join(hashlib.sha256((folder / name).read_bytes()).digest() for name in names)
    return replace(hand_classifier(probe=True), learned_from=np.frombuffer(content, dtype=np.uint8).reshape(-1, 32))


def test_only_photos_learned_from_are_known_and_each_content_once(tmp_path: Path) -> None:
    write(tmp_path, {"ant/a.png": 10, "ant/copy.png": 10, "bee/b.png": 120, "cat/c.png": 250})
    classifier = taught(tmp_path, ["ant/a.png", "bee/b.png"])
    listed = [
        ("ant/a.png", "ant"),
        ("ant/copy.png", "ant"),
        ("bee/b.png", "bee"),
        ("cat/c.png", "cat"),
        ("gone", "ant"),
    ]
    candidates = photos_below(tmp_path, listed)
    assert len(candidates) == 4
    known = learned_photos(classifier, candidates, keep=False)
    assert known is not None
    assert [photo.name for photo in known.photos] == ["ant/a.png", "bee/b.png"]
    (near,) = known.nearest(3 * known.directions[1:2], 5)
    assert [each.name for each in near] == ["bee/b.png", "ant/a.png"]
    assert near[0].similarity == pytest.approx(1, abs=1e-5)
    assert (near[0].label, near[0].path) == ("bee", tmp_path / "bee/b.png")
    assert near[1].similarity < near[0].similarity
    assert len(known.nearest(known.directions, 1)[0]) == 1


def test_photos_that_have_changed_are_not_known(tmp_path: Path) -> None:
    write(tmp_path, {"ant/a.png": 10})
    classifier = taught(tmp_path, ["ant/a.png"])
    write(tmp_path, {"ant/a.png": 11})
    assert learned_photos(classifier, photos_below(tmp_path, [("ant/a.png", "ant")]), keep=False) is None
