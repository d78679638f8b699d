"""An engine that needs no network at all, and photos that are made in no time."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enxerto.backbones import Backbone, Preprocessing
from enxerto.backbones.catalog import Entry
from enxerto.data import PhotoSet, list_unlabeled
from enxerto.engines import Engine, InputGradient, Objective
from enxerto.types import Features, Images, Pixels

SIDE = 16
LENGTH = 12


def tiny_backbone(identity: str = "0" * 64) -> Backbone:
    half = (0.5, 0.5, 0.5)
    entry = Entry("tiny", "tiny", Preprocessing(SIDE, 0.875, "bilinear", half, half), "none")
    return Backbone(entry, "made up", dict, known_identity=identity)


class ProjectionEngine(Engine):
    """Features are a seeded projection of the image; counts what it was shown."""

    name = "projection"
    device = "projection"
    identity = "projection-1-fp32"

    def __init__(self, backbone: Backbone | None = None, *, chunk: int = 3, workers: int = 2) -> None:
        super().__init__(backbone or tiny_backbone(), None, "fp32")
        self.chunk = chunk
        self.workers = workers
        self.photos = 0
        self.lock = threading.Lock()
        self._weight = np.random.default_rng(7).normal(size=(SIDE * SIDE * 3, LENGTH)).astype(np.float32)

    def _features(self, batch: Images | Pixels) -> Features:
        with self.lock:
            self.photos += len(batch)
        return np.stack([image.reshape(-1).astype(np.float32) @ self._weight for image in batch])

    def _class_logits(self, batch: Images | Pixels) -> NDArray[np.float32]:
        raise NotImplementedError

    def _input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> InputGradient:
        raise NotImplementedError


def write_photo(path: Path, seed: int, side: int = 20) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path, "PNG")
    return path


def write_photos(folder: Path, count: int, start: int = 0) -> PhotoSet:
    for number in range(start, start + count):
        write_photo(folder / f"{number:03d}.png", number)
    return list_unlabeled([folder])
