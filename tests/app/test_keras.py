"""Keras's networks as a user meets them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from app_runs import Ended, Run
from tiny_keras import SIDE, SMALL, write

from enxerto.backbones.keras_zoo import published as keras_files
from enxerto.data.embedded import write_faces


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Twelve photos."""
    every = write_faces(tmp_path / "every")
    for label in ("face", "other"):
        for photo in sorted((every / label).iterdir())[:12]:
            target = tmp_path / "photos" / label / photo.name
            target.parent.mkdir(parents=True, exist_ok=True)
            photo.rename(target)
    return tmp_path / "photos"


def _one_line(ended: Ended, code: int, words: str) -> None:
    assert ended.code == code
    assert ended.last.startswith("enxerto: ")
    assert words in ended.last


def test_train_predict_export(run: Run, faces: Path, tmp_path: Path) -> None:
    write()
    trained = run("train", faces, "-o", tmp_path / "model", "--backbone", SMALL, "--size", SIDE, "--no-control")
    assert trained.code == 0, trained.err
    answers = run("predict", tmp_path / "model", faces, "--json")
    assert answers.code == 0
    exported = run("export", tmp_path / "model", "--to", "keras", "-o", tmp_path / "model.keras")
    assert exported.code == 0, exported.err
    assert "24" not in exported.out.split(":")[0]
    assert "16 of 16 photos get the same class" in exported.out
    card = json.loads((tmp_path / "model.keras.json").read_text())
    assert card["classes"] == ["face", "other"]
    again = run("export", tmp_path / "model", "--to", "keras", "-o", tmp_path / "model.keras")
    _one_line(again, 2, "there is something at")
    inside = run("export", tmp_path / "model", "--to", "keras", "-o", tmp_path / "model/model.keras")
    _one_line(inside, 2, "lies in the model's directory")


def test_a_file_of_one_s_own(run: Run, faces: Path, tmp_path: Path) -> None:
    from enxerto.backbones.keras_zoo.runtime import building

    with building() as keras:
        model = keras.applications.MobileNet(weights=None, alpha=0.25, input_shape=(SIDE, SIDE, 3), classes=7)
        model.save(tmp_path / "own.keras")
    name = f"file:{tmp_path / 'own.keras'}::tf"
    trained = run("train", faces, "-o", tmp_path / "model", "--backbone", name, "--no-control")
    assert trained.code == 0, trained.err
    first = run("predict", tmp_path / "model", faces, "--json").json
    (tmp_path / "own.keras").unlink()
    assert (tmp_path / "model/backbone.keras").is_file()
    assert run("predict", tmp_path / "model", faces, "--json").json == first
    slim = run("train", faces, "-o", tmp_path / "slim", "--backbone", name, "--slim")
    _one_line(slim, 1, "there is no model file")


def test_bad_names_and_missing_weights(run: Run, faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _one_line(run("train", faces, "-o", tmp_path / "m", "--backbone", "keras:VGG61"), 2, "did you mean keras:VGG1")
    missing = run("train", faces, "-o", tmp_path / "m", "--backbone", "keras:VGG16")
    _one_line(missing, 1, f"vgg16_weights_tf_dim_ordering_tf_kernels.h5 in {tmp_path}")
    fetched = run("backbones", "fetch", "keras:VGG16")
    _one_line(fetched, 1, "enxerto backbones import keras:VGG16")
    path = keras_files.models_home() / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    _one_line(run("train", faces, "-o", tmp_path / "m", "--backbone", "keras:VGG16"), 6, "should have MD5")
    verified = run("backbones", "verify", "keras:VGG16")
    _one_line(verified, 6, "should have MD5")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    write_small = keras_files.models_home() / "mobilenet_2_5_128_tf.h5"
    write_small.write_bytes(b"")
    _one_line(run("train", faces, "-o", tmp_path / "m", "--backbone", SMALL), 2, "KERAS_BACKEND must be torch or unset")


def test_weights_are_imported_and_listed(run: Run, tmp_path: Path) -> None:
    path = write(folder=tmp_path)
    assert run("backbones", "import", path).code == 0
    verified = run("backbones", "verify", SMALL, "--json").json
    assert [(row["origin"], row["state"]) for row in verified] == [("imported", "ok")]
    listed = {row["name"]: row for row in run("backbones", "list", "--all", "--json").json}
    assert listed[SMALL]["present"]
    assert listed["keras:VGG16"]["source"] == "keras vgg16_weights_tf_dim_ordering_tf_kernels.h5"


def test_layers_are_named_as_in_keras(run: Run) -> None:
    listed = run("features", "--list-layers", "--backbone", SMALL, "--json").json
    layers = {layer["name"]: layer for layer in listed}
    assert layers["conv_pw_13_relu"]["layout"] == "channels last"
    assert layers["conv_pw_13_relu"]["activation"] == "ReLU6"
    assert np.sum([layer["default"] for layer in listed]) > 3
