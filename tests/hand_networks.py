"""Networks small enough to be worked out by hand, as classifiers on the torch engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from enxerto.backbones import Backbone, Preprocessing
from enxerto.backbones.catalog import Entry
from enxerto.classifier import Classifier
from enxerto.heads.familiarity import Familiarity
from enxerto.heads.linear import LinearHead
from enxerto.heads.probe import LinearProbe
from enxerto.types import Images

SIDE = 8
CLASSES = ("ant", "bee", "cat")
CHANNELS = 4


class HandNetwork(nn.Module):
    """A convolution of stride 2, a rectifier, and a linear layer on the averages; `bent` puts a rectifier before it."""

    pretrained_cfg: ClassVar[Any] = {"classifier": "classifier"}
    num_classes = len(CLASSES)

    def __init__(self, seed: int, bent: bool) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.conv = nn.Conv2d(3, CHANNELS, 2, stride=2)
        self.classifier = nn.Linear(CHANNELS, len(CLASSES))
        self.bent = bent
        for parameter in self.parameters():
            nn.init.normal_(parameter, generator=generator)
        self.eval().requires_grad_(False)

    def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.conv(inputs).relu()

    def forward_head(self, maps: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        pooled = (maps.mean((2, 3)) - 0.5 * self.bent).relu() if self.bent else maps.mean((2, 3))
        return pooled if pre_logits else self.classifier(pooled)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.forward_head(self.forward_features(inputs))


@dataclass(frozen=True)
class HandBackbone(Backbone):
    """Its network is made of a seed, in place of weights."""

    seed: int = 0
    bent: bool = False
    made: nn.Module | None = None

    @cached_property
    def network(self) -> nn.Module:
        return HandNetwork(self.seed, self.bent) if self.made is None else self.made

    def randomized(self, seed: int = 0) -> Backbone:
        return replace(self, seed=self.seed + seed + 1000, made=None)


def hand_classifier(
    seed: int = 0, *, bent: bool = False, mirror: bool = False, probe: bool = False, made: nn.Module | None = None
) -> Classifier:
    """A classifier with its own classes, or with a head of ours."""
    half = (0.5, 0.5, 0.5)
    entry = Entry("hand", "hand", Preprocessing(SIDE, 1.0, "bilinear", half, half, mirror), "none", classes=3)
    backbone = HandBackbone(entry, "made up", dict, "0" * 64, seed=seed, bent=bent, made=made)
    if not probe:
        return Classifier(backbone, CLASSES, device="torch")
    dice = np.random.default_rng(seed)
    head = LinearHead(
        dice.normal(size=(3, CHANNELS)).astype(np.float32), dice.normal(size=3).astype(np.float32), CLASSES
    )
    bank = dice.normal(size=(5, CHANNELS)).astype(np.float16)
    return Classifier(
        backbone, CLASSES, LinearProbe(head, 1.5, 0.2, 0.95, Familiarity(bank, -1.0), 1.0, ()), device="torch"
    )


def hand_images(count: int = 3, seed: int = 0) -> Images:
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
