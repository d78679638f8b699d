"""A file as a backbone: its entry in the catalog, and its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from enxerto.backbones.catalog import FILE, Entry
from enxerto.backbones.model_files.guessing import BGR, choose, distances
from enxerto.backbones.model_files.names import KERAS_SUFFIXES, MODES, SEPARATOR, parse
from enxerto.backbones.preprocessing import Preprocessing
from enxerto.errors import IntegrityError
from enxerto.files import sha256_of

if TYPE_CHECKING:
    from torch import nn

_FLEXIBLE_PX = 224


def file_entry(name: str) -> Entry:
    """The entry of `file:PATH` or `file:PATH::PREPROCESSING`.

    Raises:
        UnknownNameError: there is no such preprocessing.
        WeightsMissingError: there is no such file.
        OptionError: it is no file that can be a backbone, or its preprocessing can't be told.
        IntegrityError: it is damaged, or code of its own would run; nothing was loaded.
        EngineError: it needs Keras, which is not installed.
    """
    parsed = parse(name)
    status = parsed.path.stat()
    return _entry(parsed.path, Path.cwd(), parsed.mode, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _entry(path: Path, _folder: Path, mode: str | None, _modified: int, _size: int) -> Entry:
    """Of a file as it is now."""
    network, size_px, fixed, told = _opened(path, bgr=False)
    if mode is None:
        mode = choose(f"{FILE}{path}", told, distances(network, _photo_pixels(size_px)))
    return entry_of(path, mode, size_px=size_px, fixed=fixed, classes=int(getattr(network, "num_classes", 0)))


def entry_of(path: Path, mode: str, *, size_px: int, fixed: bool, classes: int) -> Entry:
    """The entry of a file about which everything is known."""
    mean, std = MODES[mode]
    return Entry(
        name=f"{FILE}{path}{SEPARATOR}{mode}",
        architecture=f"{path.suffix} {sha256_of(path)}",
        preprocessing=Preprocessing(size_px, 0.875, "bilinear", mean, std),
        licence="unknown",
        # Nobody says which classes these are, so that they can't be called ImageNet's.
        classes=0 if classes == 1000 else classes,
        fixed_size=fixed,
        zoo="file",
        file=path.absolute(),
    )


def saved_entry(name: str, copy: Path, size_px: int) -> Entry:
    """The entry of a file that lies in a saved model under another name."""
    return replace(entry_of(copy, mode_of(name), size_px=size_px, fixed=True, classes=0), name=name)


def mode_of(name: str) -> str:
    """The preprocessing in the full name of a file's backbone."""
    return name.rpartition(SEPARATOR)[2]


def build(entry: Entry, tensors: Mapping[str, torch.Tensor] | None = None) -> nn.Module:
    """The whole network; with its own weights unless others are given.

    Raises:
        RuntimeError: the tensors don't fit.
        IntegrityError: the file is not the one that the entry was made of.
    """
    assert entry.file is not None
    if entry.architecture != f"{entry.file.suffix} {sha256_of(entry.file)}":
        raise IntegrityError(f"{entry.file} was changed while it was in use; start again")
    with torch.device("cpu"):
        network = _opened(entry.file, bgr=mode_of(entry.name) == BGR, size_px=entry.preprocessing.size_px)[0]
        if tensors is not None:
            network.load_state_dict(tensors, strict=True)
    return network.to("meta") if torch.get_default_device().type == "meta" else network


def shuffled(tensors: Mapping[str, torch.Tensor], seed: int) -> Mapping[str, torch.Tensor]:
    """The same numbers in another order within each tensor: random weights for a network whose rules nobody knows."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: tensor.flatten()[torch.randperm(tensor.numel(), generator=generator)].reshape(tensor.shape)
        for name, tensor in tensors.items()
    }


def _opened(path: Path, *, bgr: bool, size_px: int | None = None) -> tuple[nn.Module, int, bool, str | None]:
    """The network, the side of its squares, whether it takes no others, and the preprocessing that its layers tell."""
    if path.suffix not in KERAS_SUFFIXES:
        from enxerto.backbones.model_files.program import open_program

        program = open_program(path)
        network: nn.Module = _Turned(program) if bgr else program
        return network.eval().requires_grad_(False), program.size_px, program.fixed_size, None
    from enxerto.backbones.keras_zoo.network import KerasNetwork
    from enxerto.backbones.model_files.keras_file import open_keras, told_mode

    model: Any = open_keras(path)
    shape: tuple[Any, ...] = tuple(model.inputs[0].shape) if len(model.inputs) == 1 else ()
    told = told_mode(model)
    if len(shape) != 4 or shape[3] != 3 or shape[1] != shape[2]:
        raise IntegrityError(f"a backbone takes RGB squares of shape (batch, size, size, 3); {path} takes {shape}")
    keras_network = KerasNetwork(model, bgr=bgr).eval().requires_grad_(False)
    return keras_network, shape[1] or size_px or _FLEXIBLE_PX, shape[1] is not None, told


def _photo_pixels(size_px: int) -> torch.Tensor:
    """Parts of a photo that comes with a package."""
    from importlib.resources import files
    from io import BytesIO

    import numpy as np
    from PIL import Image

    photo = Image.open(BytesIO((files("skimage") / "data" / "chelsea.png").read_bytes())).convert("RGB")
    boxes = [(left, top, left + 200, top + 200) for top in (0, 100) for left in (0, 120, 240)]
    parts = [np.asarray(photo.resize((size_px, size_px), box=box)) for box in boxes]
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2).float() / 255


class _Turned(torch.nn.Module):
    """A network that was trained with blue first."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.num_classes = network.num_classes

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """See `ProgramNetwork.forward`."""
        output: torch.Tensor = self.network(inputs.flip(1))
        return output

    def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
        """See `ProgramNetwork.forward_features`."""
        maps: torch.Tensor = self.network.forward_features(inputs.flip(1))
        return maps

    def forward_head(self, maps: torch.Tensor, *, pre_logits: bool = False) -> torch.Tensor:
        """See `ProgramNetwork.forward_head`."""
        output: torch.Tensor = self.network.forward_head(maps, pre_logits=pre_logits)
        return output
