from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_engines import ProjectionEngine, tiny_backbone, write_photo, write_photos

from enxerto.data import Limits, PhotoSet, list_unlabeled
from enxerto.errors import OptionError
from enxerto.features import engine_for, list_stores, precision, spread
from enxerto.types import Features, Images


class Rounding(ProjectionEngine):
    """An engine whose bf16 is off by some noise."""

    noise = 0.0

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.precision = kind
        self.identity = f"projection-1-{kind}"
        self.name = "openvino"

    def _features(self, batch: Images) -> Features:  # type: ignore[override]
        exact = super()._features(batch)
        if self.precision == "fp32":
            return exact
        off = np.random.default_rng(0).normal(size=exact.shape) * self.noise * np.abs(exact).mean()
        return np.asarray(exact + off, dtype=np.float32)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Rounding]:
    """Every engine that was opened; the processor has bf16."""
    engines: list[Rounding] = []

    def open_engine(_backbone: object, *, device: str, precision: str = "fp32") -> Rounding:
        assert device == "auto"
        engines.append(Rounding(precision))
        return engines[-1]

    monkeypatch.setattr(precision, "open_engine", open_engine)
    monkeypatch.setattr(precision, "has_native_bf16", lambda: True)
    return engines


def test_bf16_is_taken_where_it_agrees(tmp_path: Path, opened: list[Rounding]) -> None:
    photos = write_photos(tmp_path / "photos", 5)
    engine, choice = engine_for(photos, tiny_backbone())
    assert engine is opened[1]
    assert engine.precision == choice.precision == "bf16"
    assert choice.cosine == pytest.approx(1.0)
    assert choice.note.startswith("bf16: bf16 features of 5 of these photos have a mean cosine of 1.00000")


def test_fp32_is_taken_where_bf16_does_not_agree(
    tmp_path: Path, opened: list[Rounding], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rounding, "noise", 0.3)
    engine, choice = engine_for(write_photos(tmp_path / "photos", 5), tiny_backbone())
    assert engine is opened[0]
    assert engine.precision == choice.precision == "fp32"
    assert choice.cosine is not None
    assert choice.smallest is not None
    assert choice.smallest < choice.cosine < precision.REQUIRED_COSINE


def test_what_was_measured_is_kept_or_not(tmp_path: Path, opened: list[Rounding]) -> None:
    photos = write_photos(tmp_path / "photos", 4)
    engine_for(photos, tiny_backbone(), keep=False)
    assert list_stores() == []
    engine_for(photos, tiny_backbone())
    assert [info.photos for info in list_stores()] == [4, 4]
    engine_for(photos, tiny_backbone())
    assert [engine.photos for engine in opened] == [4, 4, 4, 4, 0, 0]


def test_the_sample_is_spread_over_the_photos(tmp_path: Path, opened: list[Rounding]) -> None:
    engine_for(write_photos(tmp_path / "photos", 40), tiny_backbone())
    assert opened[0].photos == precision.SAMPLE
    assert spread(40, 16).tolist()[::15] == [0, 39]
    assert spread(3, 16).tolist() == [0, 1, 2]
    assert spread(0, 16).tolist() == []


def test_unreadable_photos_are_passed_over(tmp_path: Path, opened: list[Rounding]) -> None:
    write_photos(tmp_path / "photos", 2)
    (tmp_path / "photos" / "broken.png").write_bytes(b"no photo")
    write_photo(tmp_path / "photos" / "huge.png", 9, side=99)
    photos = list_unlabeled([tmp_path / "photos"])
    _, choice = engine_for(photos, tiny_backbone(), limits=Limits(pixels=1000))
    assert "of 2 of these photos" in choice.note
    assert opened[0].photos == 2


def test_without_any_photo_it_is_fp32(tmp_path: Path, opened: list[Rounding]) -> None:
    engine, choice = engine_for(PhotoSet(tmp_path, (), "none"), tiny_backbone())
    assert engine is opened[0]
    assert choice.note == "fp32: no photo to compare bf16 on"


def test_what_was_asked_for_is_not_measured(tmp_path: Path, opened: list[Rounding]) -> None:
    engine, choice = engine_for(write_photos(tmp_path / "photos", 2), tiny_backbone(), precision="bf16")
    assert [engine] == opened
    assert (engine.precision, choice.note, engine.backbone.name) == ("bf16", "bf16: asked for", "tiny")
    assert opened[0].photos == 0


def test_without_bf16_it_is_fp32(tmp_path: Path, opened: list[Rounding], monkeypatch: pytest.MonkeyPatch) -> None:
    photos = write_photos(tmp_path / "photos", 2)
    monkeypatch.setattr(precision, "has_native_bf16", lambda: False)
    assert engine_for(photos, tiny_backbone())[1].note == "fp32: this CPU has no native bf16"
    monkeypatch.setattr(precision, "open_engine", lambda *_given, **_options: ProjectionEngine())
    assert engine_for(photos, tiny_backbone())[1].note == "fp32: the engine is projection"
    assert len(opened) == 1


def test_an_unknown_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="`precision` must be one of auto, fp32, bf16, got 'int8'"):
        engine_for(PhotoSet(tmp_path, (), "none"), tiny_backbone(), precision="int8")
