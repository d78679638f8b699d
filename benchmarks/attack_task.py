"""What the attacks of a measurement work on and what they hand back, in files in a folder that its processes share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from enxerto.attack.norms import distance
from enxerto.classifier import Classifier

PHOTOS, GRADIENTS, FOLDER = "ATTACK_PHOTOS", "ATTACK_GRADIENTS", "ATTACK_FOLDER"
"""Variables: how many photos, `16` by default; gradients a photo, `200` by default; the folder."""
MODEL = "model"
"""In the folder: a trained model, where that is attacked."""
RADII: dict[str, tuple[float, ...]] = {
    "linf": (0.1 / 255, 0.25 / 255, 0.5 / 255, 1 / 255),
    "l2": (0.05, 0.1, 0.2, 0.4),
    "l1": (2.0, 5.0, 10.0, 20.0),
    "l0": (20.0, 50.0, 100.0, 200.0),
}
"""Around the median of the smallest changes that fool Lite0."""
WITHIN = ("linf", "l2")
"""Norms that attacks within a radius are compared in."""
SEED = 0


@dataclass(frozen=True, eq=False)
class Task:
    """Photos to attack, each one answered rightly.

    Attributes:
        pixels: float32 in [0, 1], shape (photos, 3, height, width).
        labels: int64, shape (photos,).
        gradients: a photo, at most; those of attacks within a radius share them among the radii.
        folder: for results.
    """

    pixels: torch.Tensor
    labels: torch.Tensor
    gradients: int
    folder: Path

    @classmethod
    def asked(cls) -> Task:
        """The photos that `attacked_photos` has chosen."""
        folder = Path(os.environ[FOLDER])
        with np.load(folder / "photos.npz") as stored:
            pixels, labels = torch.from_numpy(stored["pixels"]), torch.from_numpy(stored["labels"])
        return cls(pixels, labels, gradients(), folder)

    @cached_property
    def classifier(self) -> Classifier:
        """What is attacked."""
        return attacked(self.folder)

    def steps_within(self, norm: str) -> int:
        """Gradients a photo and radius."""
        return max(1, self.gradients // len(RADII[norm]))

    def result(
        self, name: str, norm: str, points: torch.Tensor, fooled: Sequence[bool], radius: float | None = None
    ) -> dict[str, Any]:
        """Save points and say how far they are from their photos; infinitely far where they don't fool.

        Args:
            name: of the attack.
            norm: that it works in.
            points: float32 in [0, 1], shape of the pixels.
            fooled: by the answers of the network that was attacked, asked once more.
            radius: that it was given, if any; a point farther away counts as not fooling.
        """
        file = f"{len(list(self.folder.glob('*.npz')))}-{os.getpid()}.npz"
        np.savez(self.folder / file, points=points.numpy())
        change = points - self.pixels
        sizes = {norm: distance(change, norm)}
        if norm == "l0":
            sizes["values"] = (change != 0).flatten(1).sum(1).float()
        allowed = torch.tensor(fooled)
        if radius is not None:
            allowed &= sizes[norm] <= radius * (1 + 1e-4)
        far = {each: torch.where(allowed, size, torch.inf).tolist() for each, size in sizes.items()}
        return {"name": name, "norm": norm, "radius": radius, "distances": far, "file": file}


def attacked(folder: Path) -> Classifier:
    """The trained model in the folder; without one EfficientNet-Lite0 with ImageNet's classes."""
    model = folder / MODEL
    return Classifier.load(model) if model.is_dir() else Classifier.from_backbone()


def gradients() -> int:
    """As `ATTACK_GRADIENTS` says."""
    return int(os.environ.get(GRADIENTS, "200"))
