"""Keras's networks as ours give what Keras itself gives."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_keras import SIDE, SMALL, save_h5, seeded, tiny_keras, write

from enxerto.backbones import Backbone, count_parameters, find, open_backbone, random_backbone, weights
from enxerto.backbones.importing import entry_of, import_weights
from enxerto.backbones.keras_zoo import runtime
from enxerto.backbones.keras_zoo.network import KerasNetwork, named_variables
from enxerto.backbones.keras_zoo.runtime import building
from enxerto.backbones.networks import build
from enxerto.errors import EngineError, IntegrityError, OptionError, UnknownNameError, WeightsMissingError

NETWORKS = (
    "keras:MobileNet_0.25_128", "keras:MobileNet_0.25_128.notop", "keras:MobileNetV2_0.35_96", "keras:MobileNetV3Small",
    "keras:EfficientNetB0.notop", "keras:EfficientNetV2B0", "keras:ConvNeXtTiny", "keras:ResNet50.notop",
    "keras:DenseNet121", "keras:VGG16.notop",
)  # fmt: skip


def _pixels(side: int) -> torch.Tensor:
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_is_keras_s(name: str) -> None:
    entry = find(name)
    assert entry.keras is not None
    model = seeded(entry)
    backbone = Backbone(entry, "test", lambda: {key: value.value.detach() for key, value in named_variables(model)})
    pixels = _pixels(entry.preprocessing.size_px)
    with building() as keras:
        photos = pixels.permute(0, 2, 3, 1).numpy() * np.float32(255)
        prepared = getattr(keras.applications, entry.keras.module).preprocess_input(photos.copy())
        expected = np.asarray(model(prepared, training=False).detach())
    if not entry.keras.top:
        expected = expected.mean((1, 2))
    features = backbone.feature_network()
    got = features.network(features.normalize(pixels)).numpy()
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()
    assert features(pixels).ndim == 2


def test_features_are_what_the_last_layer_gets() -> None:
    assert tiny_keras().feature_network()(_pixels(128)).shape == (2, 256)
    assert tiny_keras(pooling="grid2").feature_network()(_pixels(128)).shape == (2, 1024)
    maps = tiny_keras(layer="conv_pw_5_relu").feature_network()
    assert maps(_pixels(128)).shape == (2, 64)
    with pytest.raises(UnknownNameError, match="did you mean conv_pw_5"):
        tiny_keras(layer="conv_pw_55").feature_network()


def test_a_copy_has_weights_of_its_own() -> None:
    network = tiny_keras().network
    before = network(_pixels(128))
    other = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    assert torch.equal(network(_pixels(128)), before)
    assert not torch.equal(other(_pixels(128)), before)


def test_names_of_tensors_don_t_depend_on_what_was_built_before() -> None:
    entry = find("keras:InceptionV3.notop")
    with torch.device("meta"):
        names = [list(build(entry).state_dict()) for _ in range(2)]
    assert names[0] == names[1]
    assert "conv2d_1.kernel" in names[0]


def test_gradients_reach_the_pixels() -> None:
    pixels = _pixels(128).requires_grad_()
    tiny_keras().network(pixels).sum().backward()
    assert pixels.grad is not None
    assert float(pixels.grad.abs().max()) > 0


def test_random_weights_follow_from_their_seed() -> None:
    entry = find(SMALL)
    first, again, other = (random_backbone(entry, seed).load() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv1.kernel"], other["conv1.kernel"])


def test_parameters_are_counted_without_memory() -> None:
    assert count_parameters(find("keras:VGG16")) == 138_357_544


def test_weights_are_found_where_keras_keeps_them() -> None:
    path = write()
    backbone = open_backbone(SMALL, offline=True)
    assert backbone.origin == "Keras's cache"
    assert weights.is_present(find(SMALL))
    expected = tiny_keras().tensors()
    got = backbone.tensors()
    assert list(got) == list(expected)
    assert all(torch.equal(got[name], expected[name]) for name in got)
    assert backbone.identity == tiny_keras().identity
    assert path.exists()


@pytest.mark.parametrize("ending", [".weights.h5", ".keras", ".h5"])
def test_weights_are_given_by_hand(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine{ending}"
    model = seeded(find(SMALL))
    if ending == ".h5":
        save_h5(model, path)
    elif ending == ".keras":
        model.save(path)
    else:
        model.save_weights(path)
    backbone = open_backbone(SMALL, file=path)
    assert (backbone.origin, backbone.identity) == ("file", tiny_keras().identity)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.h5"
    save_h5(seeded(find("keras:MobileNetV2_0.35_96")), path)
    with pytest.raises(IntegrityError, match="are not those of keras:MobileNet_0.25_128"):
        _ = open_backbone(SMALL, file=path).network
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n broken")
    with pytest.raises(IntegrityError, match=r"broken.h5 are not those"):
        _ = open_backbone(SMALL, file=tmp_path / "broken.h5").network


def test_a_file_is_imported_under_its_own_name(tmp_path: Path) -> None:
    path = write(folder=tmp_path)
    assert entry_of(path).name == SMALL
    assert import_weights(entry_of(path), path).name == "keras-MobileNet_0.25_128.safetensors"
    backbone = open_backbone(SMALL, offline=True)
    assert (backbone.origin, backbone.identity) == ("imported", tiny_keras().identity)
    with pytest.raises(OptionError, match="ends with .safetensors, .h5"):
        import_weights(find(SMALL), tmp_path.joinpath("x.pth").touch() or tmp_path / "x.pth")
    with pytest.raises(WeightsMissingError, match="there is no weight file"):
        open_backbone(SMALL, file=tmp_path / "nothing.h5")


def test_another_size() -> None:
    write()
    backbone = open_backbone(SMALL, size_px=SIDE)
    assert backbone.feature_network()(_pixels(SIDE)).shape == (2, 256)
    with pytest.raises(OptionError, match="looks at squares of 224 pixels only"):
        open_backbone("keras:VGG16", size_px=64)
    inception = find("keras:InceptionV3.notop")
    small = replace(inception, preprocessing=replace(inception.preprocessing, size_px=SIDE))
    with pytest.raises(OptionError, match=r"Keras can't make keras:InceptionV3.notop for squares of 32 pixels"):
        build(small)
    with pytest.raises(OptionError, match="NASNetMobile is not available with the torch backend"):
        build(find("keras:NASNetMobile"))


def test_a_model_with_a_softmax_gives_logits() -> None:
    with building() as keras:
        model = keras.applications.MobileNet(weights=None, alpha=0.25, input_shape=(32, 32, 3), classes=5)
        photos = np.random.default_rng(0).random((2, 32, 32, 3), dtype=np.float32)
        expected = np.asarray(model(photos).detach())
    network = KerasNetwork(model)
    got = torch.softmax(network(torch.from_numpy(photos).permute(0, 3, 1, 2)), 1).detach().numpy()
    assert network.num_classes == 5
    assert np.abs(got - expected).max() < 1e-6


def test_keras_s_settings_stay_as_they_were() -> None:
    keras = runtime.keras()
    keras.config.set_image_data_format("channels_first")
    try:
        with building() as inside:
            assert inside.config.image_data_format() == "channels_last"
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")


def _child(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )  # fmt: skip
    return done.stdout.strip() + done.stderr.strip()


OPEN = """
from enxerto.backbones.keras_zoo.runtime import keras
try: print(keras().backend.backend())
except Exception as e: print(type(e).__name__, e)
"""


def test_the_backend_is_set_before_keras_is_imported() -> None:
    assert _child(OPEN, KERAS_BACKEND="") == "torch"
    assert "OptionError KERAS_BACKEND must be torch or unset, got 'jax'" in _child(OPEN, KERAS_BACKEND="jax")
    imported = "import os; os.environ['KERAS_BACKEND']='openvino'; import keras; del os.environ['KERAS_BACKEND']\n"
    assert "OptionError Keras runs on openvino in this process" in _child(imported + OPEN, KERAS_BACKEND="")


def test_keras_is_not_installed_or_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr(runtime.importlib.metadata, "version", lambda _name: "3.12.0")
    with pytest.raises(EngineError, match=r"Keras must be 3.13.2 or newer.*got 3.12.0"):
        runtime.keras()

    def missing(name: str) -> str:
        raise runtime.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(runtime.importlib.metadata, "version", missing)
    with pytest.raises(EngineError, match=r"pip install 'enxerto\[keras\]'"):
        runtime.keras()
    assert find(SMALL).classes == 1000
