from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_engines import SIDE, tiny_backbone, write_photo, write_photos

from enxerto.data import PhotoSet, list_unlabeled
from enxerto.engines import PrecisionChoice
from enxerto.features import list_stores, precision, precision_for
from enxerto.types import Images


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Images]:
    """The samples that were measured."""
    samples: list[Images] = []

    def choose(_backbone: object, sample: Images, *, device: str) -> PrecisionChoice:
        samples.append(sample)
        return PrecisionChoice("bf16", 0.9995, 0.998, f"made up on {device}")

    monkeypatch.setattr(precision, "choose_precision", choose)
    return samples


def test_the_same_photos_are_measured_once(tmp_path: Path, asked: list[Images]) -> None:
    photos = write_photos(tmp_path / "photos", 5)
    first = precision_for(photos, tiny_backbone())
    assert first == PrecisionChoice("bf16", 0.9995, 0.998, "made up on auto")
    assert precision_for(photos, tiny_backbone()) == first
    assert [sample.shape for sample in asked] == [(5, SIDE, SIDE, 3)]
    assert asked[0].dtype == np.uint8


@pytest.mark.parametrize("change", ["photo", "backbone", "device", "decoder", "machine"])
def test_whatever_decides_it_is_measured_again(
    tmp_path: Path, asked: list[Images], change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = write_photos(tmp_path / "photos", 3)
    precision_for(photos, tiny_backbone())
    options: dict[str, Any] = {}
    backbone = tiny_backbone("1" * 64 if change == "backbone" else "0" * 64)
    if change == "photo":
        write_photo(photos.photos[1].path, 99)
    elif change == "device":
        options["device"] = "openvino"
    elif change == "decoder":
        monkeypatch.setattr(precision, "DECODER", "another")
    elif change == "machine":
        monkeypatch.setattr(precision, "describe", lambda: "another")
    precision_for(photos, backbone, **options)
    assert len(asked) == 2


def test_a_sample_is_spread_over_all_photos(tmp_path: Path, asked: list[Images]) -> None:
    photos = write_photos(tmp_path / "photos", 40)
    precision_for(photos, tiny_backbone())
    assert len(asked[0]) == precision.SAMPLE
    write_photo(photos.photos[-1].path, 99)
    precision_for(photos, tiny_backbone())
    assert len(asked) == 2


def test_unreadable_photos_are_passed_over(tmp_path: Path, asked: list[Images]) -> None:
    write_photos(tmp_path / "photos", 2)
    (tmp_path / "photos" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "photos" / "dangling.png").symlink_to("nowhere")
    precision_for(list_unlabeled([tmp_path / "photos"]), tiny_backbone())
    assert len(asked[0]) == 2


def test_without_any_photo_the_sample_is_empty(tmp_path: Path, asked: list[Images]) -> None:
    precision_for(PhotoSet(tmp_path, (), "none"), tiny_backbone())
    assert asked[0].shape == (0, SIDE, SIDE, 3)


def test_choices_are_no_feature_store(tmp_path: Path, asked: list[Images]) -> None:
    precision_for(write_photos(tmp_path / "photos", 2), tiny_backbone())
    assert len(asked) == 1
    assert list_stores() == []
