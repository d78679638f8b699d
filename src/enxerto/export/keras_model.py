"""A classifier on a Keras backbone as a Keras model: photo to probabilities, of Keras's own layers only."""

from __future__ import annotations

from typing import Any

import numpy as np

from enxerto.backbones.catalog import LAST, Entry
from enxerto.backbones.keras_zoo.applications import keras_model
from enxerto.backbones.keras_zoo.ends import find_ends
from enxerto.backbones.keras_zoo.network import functional, named_variables
from enxerto.backbones.keras_zoo.runtime import building
from enxerto.backbones.model_files.guessing import BGR
from enxerto.backbones.model_files.keras_file import open_keras
from enxerto.backbones.model_files.names import KERAS_SUFFIXES
from enxerto.backbones.model_files.opening import mode_of
from enxerto.backbones.preprocessing import Preprocessing
from enxerto.classifier import Classifier
from enxerto.errors import OptionError

PLAIN = 1e-6
"""Scale and offset this close to doing nothing are left out."""


def as_keras_model(classifier: Classifier) -> Any:
    """The whole classifier as one Keras model.

    It takes RGB squares as files hold them, 0 to 255, shape (batch, size, size, 3), and gives calibrated probabilities.

    Raises:
        OptionError: its backbone is not one of Keras's, or it takes its features otherwise than this can say.
    """
    require_keras(classifier)
    backbone = classifier.backbone
    base, bgr = _base(backbone.entry)
    tensors = backbone.tensors()
    for name, variable in named_variables(base):
        variable.assign(tensors[name])
    seen = backbone.preprocessing
    with building() as keras:
        photos = keras.Input((seen.size_px, seen.size_px, 3), name="photos")
        trunk, head = _trunk(keras, base, backbone.pooling), classifier.head
        assert head is not None
        classes = keras.layers.Dense(len(head.bias), activation="softmax", name="classes")
        model = keras.Model(photos, classes(trunk(_prepared(keras, photos, seen, bgr))), name="enxerto")
        classes.set_weights([head.weight.T, head.bias])
    return model


def require_keras(classifier: Classifier) -> None:
    """Raise an `OptionError` unless a classifier can be a Keras model."""
    backbone = classifier.backbone
    if not _is_keras(backbone.entry):
        raise OptionError(
            f"only classifiers on one of Keras's networks become a .keras file, and this one's backbone is "
            f"{backbone.name}; train on a keras: backbone, or on a file: that is Keras's"
        )
    if classifier.probe is None:
        raise OptionError("there is no head to export; train a model on this backbone first")
    wants = {
        "--layer": backbone.layer != LAST,
        "--pooling grid2": backbone.pooling == "grid2",
        "--mirror": backbone.preprocessing.mirror,
    }
    for option, given in wants.items():
        if given:
            raise OptionError(f"a model trained with {option} can't become a .keras file; train one without it")


def _is_keras(entry: Entry) -> bool:
    own = entry.zoo == "file" and entry.file is not None and entry.file.suffix in KERAS_SUFFIXES
    return own or entry.keras is not None


def _base(entry: Entry) -> tuple[Any, bool]:
    """The Keras model that a backbone is made of, and whether it was trained with blue first."""
    if entry.keras is not None:
        return keras_model(entry), entry.keras.bgr
    assert entry.file is not None
    return open_keras(entry.file), mode_of(entry.name) == BGR


def _trunk(keras: Any, base: Any, pooling: str) -> Any:
    """Prepared photos to features."""
    graph = functional(base)
    ends = find_ends(graph)
    if pooling == "max":
        features = keras.layers.GlobalMaxPooling2D(name="features")(ends.maps)
    elif ends.features is None:
        features = keras.layers.GlobalAveragePooling2D(name="features")(ends.maps)
    else:
        features = ends.features
        if len(features.shape) > 2:
            features = keras.layers.Flatten(name="features")(features)
    return keras.Model(graph.inputs, features, name="backbone")


def _prepared(keras: Any, photos: Any, seen: Preprocessing, bgr: bool) -> Any:
    """Normalization, and blue first where the network wants it so."""
    scale = [1 / (255 * std) for std in seen.std]
    offset = [-mean / std for mean, std in zip(seen.mean, seen.std, strict=True)]
    if not (np.allclose(scale, 1, atol=PLAIN) and np.allclose(offset, 0, atol=PLAIN)):
        photos = keras.layers.Rescaling(scale, offset, name="normalization")(photos)
    if bgr:
        turn = keras.layers.Conv2D(3, 1, use_bias=False, trainable=False, name="blue_first")
        photos = turn(photos)
        turn.set_weights([np.eye(3, dtype=np.float32)[::-1][None, None]])
    return photos
