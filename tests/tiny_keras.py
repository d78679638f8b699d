"""Small Keras networks with seeded random weights, saved under the names that Keras publishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from enxerto.backbones import Backbone, Entry, find
from enxerto.backbones.keras_zoo import published as keras_files
from enxerto.backbones.keras_zoo.applications import keras_model
from enxerto.backbones.keras_zoo.runtime import building
from enxerto.backbones.networks import Normalize

SMALL = "keras:MobileNet_0.25_128"
SIDE = 32


def seeded(entry: Entry, seed: int = 0) -> Any:
    """The Keras model of an entry; its batch normalizations know what noise looks like, so that the signal survives."""
    side = entry.preprocessing.size_px
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = keras_model(entry)
        for variable in model.weights:
            if "beta" in variable.path or "bias" in variable.path:
                variable.assign(torch.rand(tuple(variable.shape)) * 0.2 - 0.1)
        pixels = torch.rand(4, 3, side, side)
        noise = Normalize(entry.preprocessing)(pixels).permute(0, 2, 3, 1)
    layers = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    for layer in layers:
        layer.momentum = 0.0
    if layers:
        with building(), torch.no_grad():
            model(noise, training=True)
    return model


def write(name: str = SMALL, folder: Path | None = None, seed: int = 0) -> Path:
    """Write an application's weights under its true name to where Keras keeps such files."""
    entry = find(name)
    assert entry.keras is not None
    folder = folder or keras_files.models_home()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / entry.keras.file
    save_h5(seeded(entry, seed), path)
    return path


def save_h5(model: Any, path: Path) -> None:
    """As Keras 2 wrote weights: attributes that name layers and their weights in order."""
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with building(), h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)


def tiny_keras(name: str = SMALL, seed: int = 0, layer: str = "last", pooling: str = "average") -> Backbone:
    """A backbone that needs no file; its weights are those of `seeded`."""
    from enxerto.backbones.keras_zoo.network import KerasNetwork

    entry = find(name)
    return Backbone(entry, "test", lambda: KerasNetwork(seeded(entry, seed)).state_dict(), layer=layer, pooling=pooling)
