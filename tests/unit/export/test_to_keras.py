"""A classifier as a `.keras` file: what is written, and only when it answers the same elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_keras import SMALL, tiny_keras
from tiny_networks import tiny_network

from enxerto.backbones import open_backbone
from enxerto.backbones.keras_zoo.runtime import building
from enxerto.classifier import Classifier
from enxerto.errors import EngineError, OptionError
from enxerto.export import proof as proving
from enxerto.export.proof import choose_backend, sample
from enxerto.export.to_keras import export_keras
from enxerto.heads import LinearProbe
from enxerto.heads.calibration import softmax
from enxerto.heads.familiarity import Familiarity
from enxerto.heads.linear import LinearHead

SIDE = 32
CLASSES = ("cat", "dog", "fox")


def classifier(name: str = SMALL, size_px: int = SIDE, **changes: object) -> Classifier:
    """Of a tiny network and a seeded head."""
    backbone = tiny_keras(name)
    entry = backbone.entry
    backbone = replace(backbone, entry=replace(entry, preprocessing=replace(entry.preprocessing, size_px=size_px)))
    length = 256 if "MobileNet_" in name else 512
    return Classifier(replace(backbone, **changes), CLASSES, _probe(length), device="torch")


def _probe(length: int) -> LinearProbe:
    dice = np.random.default_rng(0)
    weight = dice.normal(size=(3, length)).astype(np.float32) / np.float32(length**0.5)
    head = LinearHead(weight, np.array([0.1, 0.0, -0.1], dtype=np.float32), CLASSES)
    bank = dice.normal(size=(5, length)).astype(np.float16)
    return LinearProbe(head, 0.7, 0.2, 0.95, Familiarity(bank, 0.1), 1.0, ((1.0, 0.5),))


@pytest.mark.parametrize("backend", ["jax", "openvino"])
def test_another_backend_gives_the_same_answers(backend: str, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    model = classifier()
    folder = tmp_path / "out"
    exported = export_keras(model, folder / "model.keras", backend=backend)
    proof = exported.proof
    assert (proof.backend, proof.photos, proof.same_class) == (backend, 16, 16)
    assert proof.largest_difference < 1e-4
    card = json.loads(exported.card.read_text())
    assert card["classes"] == ["cat", "dog", "fox"]
    assert card["proof"]["backend"] == backend
    assert card["input"]["shape"] == [None, SIDE, SIDE, 3]
    with building() as keras:
        loaded = keras.saving.load_model(exported.path)
    images = sample(model)
    got = np.asarray(loaded(images.astype(np.float32)).detach())
    assert np.abs(got - softmax(model(images))).max() < 1e-4
    assert len({*softmax(model(images)).argmax(1)}) > 1  # the proof is about answers that differ
    assert {path.name for path in folder.iterdir()} == {"model.keras", "model.keras.json"}


def test_blue_first_is_inside_the_file(tmp_path: Path) -> None:
    exported = export_keras(classifier("keras:VGG16.notop"), tmp_path / "model.keras", backend="openvino")
    assert exported.proof.largest_difference < 1e-3


def test_a_network_of_one_s_own_is_exported(tmp_path: Path) -> None:
    with building() as keras:
        layers = keras.layers
        own = keras.Sequential([
            keras.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 127.5, -1), layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax"),
        ])  # fmt: skip
        own.save(tmp_path / "own.keras")
    backbone = open_backbone(f"file:{tmp_path / 'own.keras'}")
    model = Classifier(backbone, CLASSES, _probe(8), device="torch")
    exported = export_keras(model, tmp_path / "model.keras", backend="openvino")
    assert exported.proof.largest_difference < 1e-4
    with building() as keras:
        assert keras.saving.load_model(exported.path).output_shape == (None, len(CLASSES))


def test_a_file_that_answers_otherwise_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier()

    def other(*_: object) -> tuple[np.ndarray, dict[str, str]]:
        return softmax(model(sample(model)))[:, ::-1], {"backend": "openvino", "release": "1", "keras": "3"}

    monkeypatch.setattr(proving, "_answers", other)
    with pytest.raises(EngineError, match="answers otherwise on openvino: probabilities differ by up to"):
        export_keras(model, tmp_path / "out/model.keras", backend="openvino")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_can_t_be_exported(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    timm = replace(classifier(), backbone=tiny_network())
    for model, words in (
        (
            timm,
            "only classifiers on one of Keras's networks become a .keras file, and this one's backbone is test_resnet",
        ),
        (classifier(layer="conv_pw_5_relu"), "trained with --layer can't become"),
        (classifier(pooling="grid2"), "trained with --pooling grid2 can't become"),
        (replace(classifier(), probe=None), "there is no head to export"),
    ):
        with pytest.raises(OptionError, match=words):
            export_keras(model, path)
    with pytest.raises(OptionError, match=r"must end with .keras, got model.h5"):
        export_keras(classifier(), tmp_path / "model.h5")
    path.touch()
    with pytest.raises(OptionError, match="there is something at"):
        export_keras(classifier(), path)


def test_the_backend_of_a_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="must be auto or one of tensorflow, jax, openvino, got 'numpy'"):
        choose_backend("numpy")
    monkeypatch.setattr(proving.importlib.util, "find_spec", lambda name: name if name == "openvino" else None)
    assert choose_backend() == "openvino"
    with pytest.raises(EngineError, match=r"can't run on jax, which is not installed; pip install jax"):
        choose_backend("jax")
