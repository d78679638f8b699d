"""What fastai's `fine_tune` does, as a plain PyTorch loop, for machines where fastai can't be installed.

One epoch in which only the new head and batch normalization learn, then epochs in which everything does; one-cycle
rates and momenta, AdamW, and rates a hundred times lower at the bottom. The numbers are those of fastai 2.8:
`Learner.fine_tune`, `fit_one_cycle`, `create_head`, `Adam` and `aug_transforms` (warps, rotations and light are
torchvision's nearest).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torchvision.transforms import v2

from benchmarks.sides import Side, read_side
from enxerto.backbones import Backbone

BATCH = 32
WORKERS = 2
RATE = 2e-3


class Photos(torch.utils.data.Dataset):
    """Photos of a side, transformed."""

    def __init__(self, side: Side, classes: list[str], transform: v2.Transform) -> None:
        self.side, self.classes, self.transform = side, classes, transform

    def __len__(self) -> int:
        return len(self.side.paths)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.side.paths[row]) as photo:
            return self.transform(photo.convert("RGB")), self.classes.index(self.side.labels[row])


class ConcatPool(nn.Module):
    """The largest value and the mean of each map."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Shape (batch, 2 x channels)."""
        return torch.cat([maps.amax((2, 3)), maps.mean((2, 3))], 1)


class Body(nn.Module):
    """A network of timm without its last layers."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Its last maps."""
        return self.network.forward_features(pixels)


def plain_fine_tune(
    photos: Path, split: Path, backbone: Backbone, *, epochs: int, augmented: bool, seed: int
) -> list[dict[str, Any]]:
    """Points of (seconds, accuracy) after each epoch, the seconds without the tests."""
    torch.manual_seed(seed)
    start, tests = time.perf_counter(), 0.0
    learned, tested = (read_side(photos, split, name) for name in ("train", "test"))
    classes = sorted(set(learned.labels))
    loaders = [
        torch.utils.data.DataLoader(
            Photos(side, classes, transform(backbone, learn and augmented, learn)),
            BATCH,
            shuffle=learn,
            drop_last=learn,
            num_workers=WORKERS,
        )
        for side, learn in ((learned, True), (tested, False))
    ]
    body = Body(backbone.network).requires_grad_(True)
    network = nn.Sequential(body, head(body.network.num_features, len(classes)))
    points = []
    plan = [(1, RATE, RATE / 10, 0.99, 25.0), (epochs, RATE / 2, RATE / 2 / 100, 0.3, 5.0)]
    for phase, (count, top, bottom, rise, div) in enumerate(plan):
        for parameter in body.parameters():
            parameter.requires_grad_(phase == 1)
        for normalization in filter(lambda part: isinstance(part, nn.BatchNorm2d), body.modules()):
            normalization.requires_grad_(True)
        optimizer = torch.optim.AdamW(list(groups(network, top, bottom)), betas=(0.95, 0.99), eps=1e-5)
        steps = count * len(loaders[0])
        schedule = OneCycleLR(
            optimizer, [group["lr"] for group in optimizer.param_groups], total_steps=steps, pct_start=rise,
            base_momentum=0.85, max_momentum=0.95, div_factor=div, final_div_factor=1e5 / div,
        )  # fmt: skip
        for _ in range(count):
            learn(network, loaders[0], optimizer, schedule)
            paused = time.perf_counter()
            name = "frozen epoch" if phase == 0 else f"epoch {len(points)}"
            points.append({"name": name, "seconds": paused - start - tests, "accuracy": test(network, loaders[1])})
            tests += time.perf_counter() - paused
    return points


def transform(backbone: Backbone, augmented: bool, learn: bool) -> v2.Transform:
    """The quick start's view of a photo, or the augmented one of the tutorial on pets."""
    seen = backbone.preprocessing
    steps: list[v2.Transform] = [v2.Resize(seen.size_px), (v2.RandomCrop if learn else v2.CenterCrop)(seen.size_px)]
    if augmented:
        steps = [
            v2.Resize(460),
            v2.RandomCrop(460),
            v2.Resize(seen.size_px),
            v2.RandomHorizontalFlip(),
            v2.RandomPerspective(0.2, p=0.75),
            v2.RandomApply([v2.RandomAffine(10.0, scale=(1.0, 1.1))], 0.75),
            v2.RandomApply([v2.ColorJitter(0.2, 0.2)], 0.75),
        ]
    last = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(seen.mean, seen.std)]
    return v2.Compose([*steps, *last])


def head(features: int, classes: int) -> nn.Sequential:
    """Batch normalization, dropout and a layer, twice, on the pooled maps."""
    layers = [
        ConcatPool(),
        nn.BatchNorm1d(2 * features), nn.Dropout(0.25), nn.Linear(2 * features, 512, bias=False), nn.ReLU(),
        nn.BatchNorm1d(512), nn.Dropout(0.5), nn.Linear(512, classes, bias=False),
    ]  # fmt: skip
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
    return nn.Sequential(*layers)


def groups(network: nn.Sequential, top: float, bottom: float) -> Iterator[dict[str, Any]]:
    """Weights, which decay, and the rest, which doesn't, of the body and the head."""
    for part, rate in ((network[0], bottom), (network[1], top)):
        learning = [parameter for parameter in part.parameters() if parameter.requires_grad]
        for decay, vector in ((0.01, False), (0.0, True)):
            chosen = [parameter for parameter in learning if (parameter.ndim < 2) is vector]
            if chosen:
                yield {"params": chosen, "lr": rate, "weight_decay": decay}


def learn(network: nn.Module, loader: Any, optimizer: torch.optim.Optimizer, schedule: OneCycleLR) -> None:
    """One epoch."""
    network.train()
    for pixels, labels in loader:
        loss = nn.functional.cross_entropy(network(pixels), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def test(network: nn.Module, loader: Any) -> float:
    """The share of right answers."""
    network.eval()
    right = sum(int((network(pixels).argmax(1) == labels).sum()) for pixels, labels in loader)
    return right / len(loader.dataset)
