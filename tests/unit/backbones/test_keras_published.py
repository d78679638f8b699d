"""The table of Keras's files against Keras itself."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from enxerto.backbones import find
from enxerto.backbones.catalog import entries
from enxerto.backbones.keras_zoo import published as keras_files
from enxerto.backbones.keras_zoo.published import Published, published
from enxerto.backbones.keras_zoo.runtime import building, keras
from enxerto.backbones.networks import Normalize
from enxerto.errors import IntegrityError, UnknownNameError, WeightsMissingError

PAIRS = (
    "VGG16",
    "ResNet50",
    "ResNet50V2",
    "DenseNet121",
    "MobileNetV3Small",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "ConvNeXtTiny",
)
ASKED = [
    published()[name]
    for name in (
        "keras:MobileNet_0.25_128",
        "keras:MobileNet_0.75_224.notop",
        "keras:MobileNetV2_1.3_224.notop",
        "keras:MobileNetV2_0.35_96",
        *(f"keras:{name}{top}" for name in PAIRS for top in ("", ".notop")),
    )
]
"""One of each family; building the large ones takes minutes."""


class _AskedError(Exception):
    pass


@pytest.mark.parametrize("row", ASKED, ids=lambda row: row.name)
def test_keras_asks_for_this_file(row: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def get_file(name: str, address: str, **options: Any) -> str:
        asked.update(name=name, address=address, checksum=options.get("file_hash") or "")
        raise _AskedError

    keras()  # with its backend set
    monkeypatch.setattr(import_module("keras.src.utils.file_utils"), "get_file", get_file)
    options = {} if row.alpha is None else {"alpha": row.alpha}
    with building("meta") as library, pytest.raises(_AskedError):
        getattr(library.applications, row.application)(
            weights="imagenet", include_top=row.top, input_shape=(row.size_px, row.size_px, 3), **options
        )
    assert asked["name"] == row.file
    assert asked["checksum"] == row.checksum
    assert asked["address"].startswith(f"{row.url}/")


def test_every_application_of_keras_is_in_the_table() -> None:
    with building() as keras:
        known = {name for name in dir(keras.applications) if name[0].isupper()}
    assert known == {each.application for each in published().values()}


@pytest.mark.parametrize("module", sorted({each.module for each in published().values()}))
def test_preprocessing_is_keras_s_own(module: str) -> None:
    row = next(each for each in published().values() if each.module == module)
    photos = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    entry = find(row.name)
    ours = Normalize(entry.preprocessing)(torch.from_numpy(photos))
    ours = ours.flip(1) if row.bgr else ours
    with building() as keras:
        expected = getattr(keras.applications, module).preprocess_input(photos.astype(np.float32).copy())
    assert np.abs(ours.permute(0, 2, 3, 1).numpy() - np.asarray(expected)).max() < 1e-4


def test_sizes_are_those_that_keras_trained_at() -> None:
    for name in ("VGG16", "InceptionV3", "EfficientNetB0", "EfficientNetV2B1"):
        with building("meta") as keras:
            model = getattr(keras.applications, name)(weights=None)
        assert model.input_shape == (None, *[find(f"keras:{name}").preprocessing.size_px] * 2, 3)


def test_unknown_names_have_near_matches() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown backbone 'keras:VGG61'; did you mean keras:VGG1"):
        find("keras:VGG61")


def test_the_list_of_everything_has_them() -> None:
    names = {entry.name: entry for entry in entries(every=True)}
    assert names["keras:VGG16.notop"].classes == 0
    assert names["keras:VGG16"].classes == 1000


def test_where_keras_keeps_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert keras_files.models_home() == tmp_path / "models"
    monkeypatch.delenv("KERAS_HOME")
    assert keras_files.models_home() == Path.home() / ".keras/models"


def test_a_damaged_file_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    path.write_bytes(b"something else")
    with pytest.raises(IntegrityError, match="should have MD5 64373286793e3c8b2b4e3219cbf3544b, got "):
        keras_files.verify(path)
    long = tmp_path / "convnext_tiny.h5"
    long.write_bytes(b"something else")
    with pytest.raises(IntegrityError, match="should have SHA256 8ae6e78c"):
        keras_files.verify(long)
    assert not keras_files.verify(tmp_path / "mobilenet_2_5_128_tf.h5")


def test_missing_weights_say_where_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from enxerto.backbones import weights

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.raises(
        WeightsMissingError, match=r"keras/models; bring it from https://storage.*import keras:VGG16 vgg16"
    ):
        weights.locate(find("keras:VGG16"))
    notop = tmp_path / "keras/models/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    notop.parent.mkdir(parents=True)
    notop.touch()
    with pytest.raises(WeightsMissingError, match=r"\(keras:VGG16.notop is here\)"):
        weights.locate(find("keras:VGG16"))
