"""A user's own network in a file: what is opened, how its preprocessing is told, and what is refused."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from enxerto.backbones import find, open_backbone
from enxerto.backbones.keras_zoo.runtime import building
from enxerto.backbones.model_files.guessing import Distance, choose
from enxerto.backbones.model_files.opening import _photo_pixels, shuffled
from enxerto.backbones.model_files.program_check import require_plain
from enxerto.errors import IntegrityError, OptionError, UnknownNameError, WeightsMissingError

SIDE = 32
PIXELS = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


class Small(nn.Module):
    """A small network of PyTorch."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.fc(self.norm(self.conv(inputs)).relu().mean((2, 3)))


def small(mean: float = 0.5, std: float = 0.5) -> Small:
    """Seeded, with the statistics of photos that are prepared so."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Small()
    network.norm.momentum = 1.0
    network((_photo_pixels(SIDE) - mean) / std)
    return network.eval()


def export(network: nn.Module, path: Path, batch: int | None = None, side: int = SIDE) -> Path:
    dynamic = None if batch else ({0: torch.export.Dim("photos", min=1, max=64)},)
    example = torch.zeros(batch or 2, 3, side, side)
    torch.export.save(torch.export.export(network, (example,), dynamic_shapes=dynamic), path)
    return path


@pytest.mark.parametrize("batch", [None, 1])
def test_a_program_of_pytorch(batch: int | None, tmp_path: Path) -> None:
    network = small()
    path = export(network, tmp_path / "net.pt2", batch)
    backbone = open_backbone(f"file:{path}::tf")
    features = backbone.feature_network()
    prepared = PIXELS * 2 - 1
    with torch.no_grad():
        expected = network.norm(network.conv(prepared)).relu().mean((2, 3))
        assert torch.allclose(features(PIXELS), expected, atol=1e-6)
        assert torch.allclose(backbone.network(prepared), network(prepared), atol=1e-6)
    assert backbone.network.forward_features(prepared).shape == (2, 8, 16, 16)  # type: ignore[operator]
    assert (backbone.entry.classes, backbone.preprocessing.size_px, backbone.entry.fixed_size) == (4, SIDE, True)
    assert backbone.randomized(1).feature_network()(PIXELS).shape == (2, 8)


def test_blue_first(tmp_path: Path) -> None:
    network = small()
    backbone = open_backbone(f"file:{export(network, tmp_path / 'net.pt2')}::caffe")
    mean = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)
    with torch.no_grad():
        prepared = (PIXELS * 255 - mean).flip(1)
        expected = network.norm(network.conv(prepared)).relu().mean((2, 3))
        assert torch.allclose(backbone.feature_network()(PIXELS), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("mode", "mean", "std"), [("tf", 0.5, 0.5), ("inside", 0.0, 1 / 255), ("unit", 0.0, 1.0)])
def test_statistics_tell_how_photos_were_prepared(mode: str, mean: float, std: float, tmp_path: Path) -> None:
    path = export(small(mean, std), tmp_path / "net.pt2")
    assert find(f"file:{path}").name == f"file:{path}::{mode}"


def test_nothing_tells_how_photos_were_prepared(tmp_path: Path) -> None:
    network = small()
    network.norm = nn.Identity()  # type: ignore[assignment]
    path = export(network, tmp_path / "net.pt2")
    with pytest.raises(OptionError, match=r"nothing in file:.*net.pt2 tells how .*say it: file:.*net.pt2::torch"):
        find(f"file:{path}")
    with pytest.raises(OptionError, match="tf and torch fit about as well"):
        choose("file:x", None, [Distance("tf", 0.1), Distance("torch", 0.15)])
    with pytest.raises(OptionError, match="seems to want its photos prepared as inside, but its batch"):
        choose("file:x", "inside", [Distance("tf", 0.1), Distance("inside", 90.0)])
    assert choose("file:x", "torch", [Distance("tf", 0.1), Distance("torch", 0.15)]) == "torch"
    with pytest.raises(UnknownNameError, match="unknown preprocessing 'caffee'; did you mean caffe"):
        find(f"file:{path}::caffee")


def _keras_model(name: str = "mine", rescaling: bool = True, **last: Any) -> Any:
    with building() as keras, torch.random.fork_rng(devices=[]):
        keras.utils.set_random_seed(0)
        layers = keras.layers
        parts = [layers.Rescaling(1 / 255)] if rescaling else []
        body = [layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(4, **last)]
        return keras.Sequential([keras.Input((SIDE, SIDE, 3)), *parts, *body], name=name)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
def test_a_keras_model(ending: str, tmp_path: Path) -> None:
    model = _keras_model(activation="softmax")
    path = tmp_path / f"net{ending}"
    model.save(path)
    backbone = open_backbone(f"file:{path}")
    assert backbone.name == f"file:{path}::inside"
    expected = np.asarray(model((PIXELS.permute(0, 2, 3, 1) * 255).numpy()).detach())
    features = backbone.feature_network()
    got = torch.softmax(features.network(features.normalize(PIXELS)), 1).numpy()
    assert np.abs(got - expected).max() < 1e-5
    assert features(PIXELS).shape == (2, 8)


def test_a_model_within_a_model(tmp_path: Path) -> None:
    with building() as keras:
        base = keras.applications.MobileNet(weights=None, alpha=0.25, include_top=False, input_shape=(SIDE, SIDE, 3))
        inputs = keras.Input((SIDE, SIDE, 3))
        pooled = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
        model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.Dropout(0.2)(pooled)))
        model.save(tmp_path / "net.keras")
    backbone = open_backbone(f"file:{tmp_path / 'net.keras'}::tf")
    features = backbone.feature_network()
    expected = np.asarray(model((PIXELS.permute(0, 2, 3, 1) * 2 - 1).numpy()).detach())
    got = torch.softmax(features.network(features.normalize(PIXELS)), 1).numpy()
    assert np.abs(got - expected).max() < 1e-5
    assert f"{base.name.replace('.', '_')}.conv1.kernel" in backbone.network.state_dict()


def test_a_name_tells_the_preprocessing(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    _keras_model("resnet50v2", rescaling=False).save(path)
    assert find(f"file:{path}").name.endswith("::tf")
    _keras_model("own", rescaling=False).save(path)
    with pytest.raises(OptionError, match="nothing in file:"):
        find(f"file:{path}")


def test_keras_files_with_code_are_not_opened(tmp_path: Path) -> None:
    with building() as keras:
        inputs = keras.Input((SIDE, SIDE, 3))
        model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2, output_shape=(SIDE, SIDE, 3))(inputs))
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(IntegrityError, match="has a (Lambda|__lambda__) layer in it, which is code"):
        find(f"file:{tmp_path / 'lambda.keras'}::tf")

    for change, words in (
        ({"module": "evil.things"}, "needs code that isn't Keras's own"),
        ({"registered_name": "My>Layer"}, "needs a custom layer"),
        ({"class_name": "function", "config": "get_file", "module": "keras.utils"}, "calls the function 'get_file'"),
    ):
        path = tmp_path / "changed.keras"
        _keras_model().save(path)
        _change(path, change)
        with pytest.raises(IntegrityError, match=words):
            find(f"file:{path}::tf")


def _change(path: Path, change: dict[str, Any]) -> None:
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(contents["config.json"])
    config["config"]["layers"][1].update(change)
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def test_files_that_are_no_networks(tmp_path: Path) -> None:
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"PK nothing")
    with pytest.raises(IntegrityError, match="is no intact Keras model"):
        find(f"file:{broken}::tf")
    broken = tmp_path / "broken.pt2"
    broken.write_bytes(b"nothing")
    with pytest.raises(IntegrityError, match="is no intact exported program"):
        find(f"file:{broken}::tf")
    with pytest.raises(WeightsMissingError, match="there is no model file"):
        find(f"file:{tmp_path / 'missing.keras'}")
    (tmp_path / "net.weights.h5").touch()
    with pytest.raises(OptionError, match="holds weights without their network"):
        find(f"file:{tmp_path / 'net.weights.h5'}")
    torch.save(small(), tmp_path / "net.pth")
    with pytest.raises(OptionError, match="is a pickle, which may run code and is never opened as a network"):
        find(f"file:{tmp_path / 'net.pth'}")
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("script/constants.pkl", b"")
    with pytest.raises(OptionError, match="is TorchScript"):
        find(f"file:{tmp_path / 'script.pt'}")
    (tmp_path / "net.onnx").touch()
    with pytest.raises(OptionError, match=r"ends with .keras, .h5, .hdf5, .pt2, got net.onnx"):
        find(f"file:{tmp_path / 'net.onnx'}")


def _repacked(path: Path, change: Any) -> Path:
    """The program with its JSON changed, or with files added."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    changed = path.with_name("changed.pt2")
    with zipfile.ZipFile(changed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in change(contents).items():
            archive.writestr(name, content)
    return changed


def test_programs_with_code_are_not_opened(tmp_path: Path) -> None:
    path = export(small(), tmp_path / "net.pt2")
    require_plain(path)

    def calling(contents: dict[str, bytes]) -> dict[str, bytes]:
        return {
            name: content.replace(b"torch.ops.aten.relu.default", b"torch.os.system")
            if name.endswith(".json")
            else content
            for name, content in contents.items()
        }

    with pytest.raises(IntegrityError, match="calls torch.os.system, which is no plain operator"):
        find(f"file:{_repacked(path, calling)}::tf")

    def pickled(contents: dict[str, bytes]) -> dict[str, bytes]:
        folder = next(iter(contents)).split("/")[0]
        return {**contents, f"{folder}/data/constants/opaque_obj_0": pickle.dumps(print)}

    with pytest.raises(IntegrityError, match="has pickled objects in it"):
        find(f"file:{_repacked(path, pickled)}::tf")

    def sized(contents: dict[str, bytes]) -> dict[str, bytes]:
        return {
            name: json.dumps({"a": json.loads(content), "expr_str": "__import__('os')"}).encode()
            if name.endswith(".json") and content.startswith(b"{")
            else content
            for name, content in contents.items()
        }

    with pytest.raises(IntegrityError, match="which is no plain formula"):
        find(f"file:{_repacked(path, sized)}::tf")


class _Evil:
    def __reduce__(self) -> Any:
        return (print, ("code ran",))


def test_a_pickle_among_the_examples_never_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """PyTorch tries again without its guard when the guarded way fails; here it can't."""
    path = export(small(), tmp_path / "net.pt2")
    buffer = io.BytesIO()
    torch.save(_Evil(), buffer)

    def evil(contents: dict[str, bytes]) -> dict[str, bytes]:
        return {name: buffer.getvalue() if "sample_inputs" in name else content for name, content in contents.items()}

    with pytest.raises(IntegrityError, match="is no exported program that can be opened"):
        find(f"file:{_repacked(path, evil)}::tf")
    assert "code ran" not in capsys.readouterr().out


def test_programs_that_are_no_backbones(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"one at a time or any number, got \(4, 3, 32, 32\)"):
        find(f"file:{export(small(), tmp_path / 'four.pt2', batch=4)}::tf")


def test_shuffled_weights_have_the_same_numbers() -> None:
    tensors = {"a": torch.arange(12.0).reshape(3, 4)}
    once, again = shuffled(tensors, 0)["a"], shuffled(tensors, 0)["a"]
    assert torch.equal(once, again)
    assert not torch.equal(once, tensors["a"])
    assert torch.equal(once.flatten().sort().values, tensors["a"].flatten())


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    path = export(small(), tmp_path / "net.pt2")
    backbone = open_backbone(f"file:{path}::tf")
    export(small(0.0), path)
    with pytest.raises(IntegrityError, match="was changed while it was in use"):
        _ = backbone.network
