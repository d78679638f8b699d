"""What can be tuned in no time: made-up maps, a network of two blocks, and little photos of three colors."""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tiny_networks import tiny_network
from torch import nn

from enxerto.backbones import Backbone
from enxerto.backbones.stages import Stage
from enxerto.data import PhotoSet, list_photos
from enxerto.engines import open_engine
from enxerto.features import extract_views
from enxerto.progress import Progress
from enxerto.tuning import Material, Recipe
from enxerto.tuning.inputs import Inputs
from enxerto.tuning.network import TunableNetwork
from enxerto.tuning.task import Task

CLASSES = 3
FEATURES = 8
LEARNING = (Stage("low", ("low",)), Stage("high", ("high",)))

PLAIN = Recipe(epochs=3, batch=8, views=2, learning_rate=1e-2, precision="fp32", patience=None)
"""A quick recipe for made-up maps."""


class Tail(nn.Module):
    """Maps of shape (4, 5, 5) to features, by two blocks with batch normalization."""

    def __init__(self) -> None:
        super().__init__()
        blocks = {
            "low": nn.Sequential(nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU()),
            "high": nn.Sequential(nn.Conv2d(6, FEATURES, 3, padding=1), nn.BatchNorm2d(FEATURES), nn.ReLU()),
        }
        self.network = nn.Sequential(OrderedDict(blocks))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self.network(maps).mean((2, 3))


def toy_network(seed: int = 0) -> TunableNetwork:
    """A network with statistics and a head that are not those of a fresh one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tail = Tail().to(memory_format=torch.channels_last)
        for module in tail.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 2)
        return TunableNetwork(tail, torch.randn(CLASSES, FEATURES) / 4, torch.zeros(CLASSES)).eval()  # type: ignore[arg-type]


@dataclass
class Given(Inputs):
    """Maps that were made up; remembers which views it was to make ready, and which rows were read."""

    maps: torch.Tensor
    prepared: list[int] = field(default_factory=list)
    read: list[tuple[int, ...]] = field(default_factory=list)

    def prepare(self, view: int, progress: Progress) -> None:  # noqa: ARG002 - nothing to show
        self.prepared.append(view)

    def batch(self, rows: NDArray[np.int64], view: int) -> torch.Tensor:
        assert view in self.prepared
        self.read.append(tuple(rows.tolist()))
        return self.maps[torch.from_numpy(rows)] + 0.01 * view

    def close(self) -> None:
        self.prepared.clear()


def toy_task(photos: int = 30, noise: float = 1.0, seed: int = 0, **changes: Any) -> Task:
    """Photos of three kinds that can be told apart, not all of them; the last third is held out."""
    dice = np.random.default_rng(seed)
    labels = np.arange(photos) % CLASSES
    kinds = dice.normal(size=(CLASSES, 4, 5, 5))
    maps = torch.from_numpy((kinds[labels] + noise * dice.normal(size=(photos, 4, 5, 5))).astype(np.float32))
    rows = np.arange(photos)
    held_out = rows >= photos - photos // 3
    task = Task(
        name="toy", inputs=Given(maps.contiguous(memory_format=torch.channels_last)), labels=labels,
        weights=np.ones(CLASSES, dtype=np.float32), features=FEATURES, learn=rows[~held_out], held_out=rows[held_out],
        seed=5, run=0, identity="toy",
    )  # fmt: skip
    return replace(task, **changes)


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def state_of(network: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of everything a network holds."""
    return copy.deepcopy(network.state_dict())


def write_colors(folder: Path, count: int, side: int = 48, start: int = 0) -> Path:
    """Photos of reddish, greenish and bluish noise in different light, `count` of each; not easy to tell apart."""
    for label, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(start, start + count):
            dice = np.random.default_rng([label, number])
            pixels = dice.integers(0, 110, (side, side, 3)) + dice.integers(0, 100, 3)
            pixels[..., 2 - label] += 40
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{name}{number:03d}.png")
    return folder


def small_network(name: str = "test_resnet", side: int = 64) -> Backbone:
    """A tiny network that looks at small squares."""
    backbone = tiny_network(name)
    seen = replace(backbone.preprocessing, size_px=side)
    return replace(backbone, entry=replace(backbone.entry, preprocessing=seen))


def content_of(photos: PhotoSet) -> NDArray[np.uint8]:
    """SHA-256 of each file."""
    digests = b"".join(hashlib.sha256(photo.path.read_bytes()).digest() for photo in photos.photos)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, 32)


def material_of(photos: PhotoSet | Path, backbone: Backbone, **changes: Any) -> Material:
    """The photos of a folder as `fine_tune` takes them."""
    listed = list_photos(photos) if isinstance(photos, Path) else photos
    engine = open_engine(backbone, device="torch", precision="fp32")
    labels = np.array([listed.classes.index(photo.label) for photo in listed.photos if photo.label is not None])
    return replace(
        Material(
            photos=listed, content=content_of(listed), labels=labels, classes=listed.classes,
            groups=np.arange(len(labels)), features=extract_views(listed, engine, 1, keep=False).vectors,
            validation=np.arange(0), class_weight=None, coverage=0.9, seed=3, limits=None,
        ),
        **changes,
    )  # fmt: skip
