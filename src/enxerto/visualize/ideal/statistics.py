"""How far what a network's batch normalizations see of an image is from what they saw in training.

The distance is one more feature of the network, so that an engine gives its gradient together with that of a class.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import nn

from enxerto.backbones import Backbone
from enxerto.backbones.moments import later_normalizations
from enxerto.engines import HeadArrays


class MeasuredNetwork(nn.Module):
    """A network's vectors with the distance appended.

    The distance is the mean over the later half of the normalizations and their channels: of the squared difference of
    the mean, in standard deviations, plus the squared logarithm of the ratio of the variances. The earlier half, with
    its large maps, would take a quarter of the gradient's time for images that are no better beyond noise.

    Args:
        features: pixels to one vector a photo.

    Reference: Yin et al. 2020, equation 4, arXiv:1912.08795; there of a batch, with plain variances; here of one image.
    """

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Shape (batch, features + 1)."""
        distances: list[torch.Tensor] = []

        def measure(module: Any, inputs: tuple[torch.Tensor, ...]) -> None:
            distances.append(_distance(module, inputs[0]))

        hooks = [module.register_forward_pre_hook(measure) for module in later_normalizations(self.features)]
        try:
            vectors = self.features(pixels)
        finally:
            for hook in hooks:
                hook.remove()
        return torch.cat([vectors, torch.stack(distances).mean(0)[:, None]], 1)


@dataclass(frozen=True)
class MeasuredBackbone(Backbone):
    """A backbone whose last feature is the distance."""

    @cached_property
    def fingerprint(self) -> str:
        """Of the backbone, and that it is measured."""
        return hashlib.sha256(f"statistics-2|{super().fingerprint}".encode()).hexdigest()

    def feature_network(self) -> Any:
        """Pixels to features and the distance."""
        return MeasuredNetwork(super().feature_network()).eval()


def measured(backbone: Backbone) -> MeasuredBackbone:
    """The same backbone with the distance."""
    return MeasuredBackbone(**{field.name: getattr(backbone, field.name) for field in fields(Backbone)})


def with_distance(head: HeadArrays) -> HeadArrays:
    """The same head, which hands on the distance as one more class."""
    classes, features = head.weight.shape
    weight = np.zeros((classes + 1, features + 1), dtype=np.float32)
    weight[:-1, :-1] = head.weight
    weight[-1, -1] = 1
    return HeadArrays(weight, np.append(head.bias, np.float32(0)))


def _distance(module: Any, inputs: torch.Tensor) -> torch.Tensor:
    """One number an image."""
    mean, variance = inputs.mean((2, 3)), inputs.var((2, 3), correction=0)
    known = module.running_var + module.eps
    shifted = (mean - module.running_mean).square() / known
    scaled = ((variance + module.eps) / known).log().square()
    distance: torch.Tensor = (shifted + scaled).mean(1)
    return distance
