"""The networks of `keras.applications`, built, and their weight files read."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from enxerto.backbones.keras_zoo.network import KerasNetwork
from enxerto.backbones.keras_zoo.published import Published
from enxerto.backbones.keras_zoo.runtime import building
from enxerto.errors import IntegrityError, OptionError

if TYPE_CHECKING:
    from enxerto.backbones.catalog import Entry


def build(entry: Entry, tensors: Mapping[str, torch.Tensor] | None = None) -> KerasNetwork:
    """The whole network.

    Args:
        entry: which.
        tensors: its weights, which it keeps; without them they are random, from PyTorch's global generator. On
            PyTorch's default device `meta` it has none.

    Raises:
        RuntimeError: the tensors don't fit.
        OptionError: the network can't look at squares of this size, or Keras doesn't have it for PyTorch.
        EngineError: Keras is not installed, or it is too old.
    """
    meta = torch.get_default_device().type == "meta"
    with torch.device("cpu"):
        model = keras_model(entry, device="meta" if meta or tensors is not None else "cpu")
        network = KerasNetwork(model, bgr=_published(entry).bgr)
    if meta:
        return network.to("meta")
    if tensors is not None:
        network.load_state_dict(tensors, strict=True, assign=True)
    return network


def read_weights(entry: Entry, path: Path) -> Mapping[str, torch.Tensor]:
    """The weights in one of Keras's files: `.h5` of Keras 2, `.weights.h5` or `.keras`; only numbers are read.

    Raises:
        IntegrityError: it is no such file, or of another network.
    """
    return KerasNetwork(loaded_model(entry, path)).state_dict()


def loaded_model(entry: Entry, path: Path) -> Any:
    """The Keras model itself with the weights of a file; see `read_weights`."""
    model = keras_model(entry)
    try:
        with building():
            model.load_weights(str(path))
    except Exception as error:  # HDF5 and Keras meet foreign files with whatever error they run into
        reason = " ".join(str(error).split())[:300]
        raise IntegrityError(f"the weights in {path} are not those of {entry.name}: {reason}") from error
    return model


def keras_model(entry: Entry, device: str = "cpu") -> Any:
    """The Keras model of an application, with random weights and without a softmax.

    Args:
        entry: which.
        device: `meta` for no weights.
    """
    published = _published(entry)
    size = entry.preprocessing.size_px
    # Keras adds a layer to EfficientNet for the weights that it calls imagenet, and for no others.
    named = published.module == "efficientnet"
    options = {} if published.alpha is None else {"alpha": published.alpha}
    with building(device) as keras, _seeded(), _nothing_fetched(keras) if named else nullcontext():
        make = getattr(keras.applications, published.application)
        try:
            return make(
                weights="imagenet" if named else None,
                include_top=published.top,
                input_shape=(size, size, 3),
                classifier_activation=None,
                **options,
            )
        except ValueError as error:
            reason = " ".join(str(error).split())[:200]
            raise OptionError(f"Keras can't make {entry.name} for squares of {size} pixels: {reason}") from error


def _published(entry: Entry) -> Published:
    assert entry.keras is not None
    return entry.keras


@contextmanager
def _seeded() -> Iterator[None]:
    """Random weights follow from PyTorch's generator; Keras draws their seeds from Python's, which stays as it is."""
    before = random.getstate()
    random.seed(int(torch.randint(2**31, (1,), device="cpu")))
    try:
        yield
    finally:
        random.setstate(before)


@contextmanager
def _nothing_fetched(keras: Any) -> Iterator[None]:
    """Keras neither looks for a weight file nor loads one."""
    files: Any = import_module("keras.src.utils.file_utils")
    before = files.get_file, keras.Model.load_weights
    files.get_file, keras.Model.load_weights = (lambda *_, **__: ""), (lambda *_, **__: None)
    try:
        yield
    finally:
        files.get_file, keras.Model.load_weights = before
