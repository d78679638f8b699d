"""What the batch normalizations of a network see of a photo, next to what they saw in training.

A batch normalization keeps the mean and variance that its input had, channel by channel, over the photos that the
network was trained on. So pretrained weights carry statistics of ImageNet's photos, and how far other photos are from
these can be told without one of ImageNet's at hand.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from enxerto.backbones.backbone import Backbone


@dataclass(frozen=True)
class Seen:
    """What the later half of a network's normalizations saw in training, channels side by side.

    Attributes:
        mean: float64, shape (channels,).
        variance: likewise.
        layers: number of the normalization that each channel belongs to, int64, shape (channels,).
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    layers: NDArray[np.int64]


class MomentsNetwork(nn.Module):
    """Pixels to the mean and the mean square of every channel that the later half of the normalizations gets.

    Args:
        features: a network with batch normalizations.
    """

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Shape (batch, 2 x channels): first all means, then all mean squares."""
        inputs_of: dict[nn.Module, torch.Tensor] = {}

        def keep(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            inputs_of[module] = inputs[0]

        found = later_normalizations(self.features)
        hooks = [module.register_forward_pre_hook(keep) for module in found]
        try:
            self.features(batch)
        finally:
            for hook in hooks:
                hook.remove()
        maps = [inputs_of[module] for module in found]
        return torch.cat([each.mean((2, 3)) for each in maps] + [each.square().mean((2, 3)) for each in maps], 1)


@dataclass(frozen=True)
class MomentsBackbone(Backbone):
    """A backbone whose features are the moments."""

    @cached_property
    def fingerprint(self) -> str:
        """Of the backbone, and that its moments are asked for."""
        return hashlib.sha256(f"moments-1|{super().fingerprint}".encode()).hexdigest()

    def feature_network(self) -> Any:
        """Pixels to moments."""
        return MomentsNetwork(super().feature_network()).eval()


def with_moments(backbone: Backbone) -> MomentsBackbone | None:
    """The same backbone, giving moments; `None` where it has no batch normalizations to give them.

    Args:
        backbone: with pretrained weights; it is asked for its last features, whatever its layer is.
    """
    if not later_normalizations(backbone.network):
        return None
    known = {field.name: getattr(backbone, field.name) for field in fields(Backbone)}
    known |= {"layer": "last", "pooling": "average"}
    return MomentsBackbone(**known).sharing(backbone)


def seen_in_training(backbone: Backbone) -> Seen:
    """What the normalizations saw in training, in the order of the moments."""
    found: list[Any] = later_normalizations(backbone.network)
    sizes = [len(module.running_mean) for module in found]
    return Seen(
        mean=np.concatenate([module.running_mean.double().numpy() for module in found]),
        variance=np.concatenate([module.running_var.double().numpy() for module in found]),
        layers=np.repeat(np.arange(len(found)), sizes),
    )


def normalizations(network: nn.Module) -> list[nn.Module]:
    """The batch normalizations of a network that know what they saw in training."""
    found = (module for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    return [module for module in found if module.running_mean is not None]


def later_normalizations(network: nn.Module) -> list[nn.Module]:
    """The later half of them: what they see is about things, and less about how sharp or bright a photo is."""
    found = normalizations(network)
    return found[len(found) // 2 :]
