"""Small weight files with torchvision's names and tensors of the same names and shapes; the values are others."""

from __future__ import annotations

from pathlib import Path

import torch
import torchvision
from torch import nn

from enxerto.backbones import torchvision_files
from enxerto.backbones.torchvision_files import Published


def entry_named(file: str) -> Published:
    """The row of the table with a file."""
    return next(each for each in torchvision_files.PUBLISHED if each.file == file)


def write(published: Published, folder: Path | None = None, *, legacy: bool = False) -> Path:
    """Write a file under its true name to where PyTorch keeps it.

    Args:
        published: which.
        folder: another place.
        legacy: as torchvision wrote its oldest ones: the format before zip, parameters, no counts of batches.
    """
    folder = folder or torchvision_files.checkpoints_home()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / published.file
    torch.save(tensors(published.model, legacy=legacy), path, _use_new_zipfile_serialization=not legacy)
    return path


def tensors(model: str, *, legacy: bool = False) -> dict[str, torch.Tensor]:
    """Every tensor has one value of its own, which is stored once whatever its shape."""
    with torch.device("meta"):
        shapes = torchvision.models.get_model(model, weights=None).state_dict()
    made = {
        name: torch.tensor(0.01 + number / 1e6).to(like.dtype).expand(like.shape)
        for number, (name, like) in enumerate(shapes.items())
        if not (legacy and name.endswith("num_batches_tracked"))
    }
    if legacy:
        return {name: nn.Parameter(tensor, requires_grad=False) for name, tensor in made.items()}
    return made
