"""Small networks of timm with seeded random weights."""

from __future__ import annotations

import torch

from enxerto.backbones import Backbone, find


def tiny_network(name: str = "test_resnet", layer: str = "last", pooling: str = "average", seed: int = 0) -> Backbone:
    """A backbone that needs no weight file."""
    return Backbone(find(name), "test", dict, layer=layer, pooling=pooling).randomized(seed)


def tiny_weights(name: str = "test_resnet", seed: int = 0) -> dict[str, torch.Tensor]:
    """Its weights, named as the architecture names them."""
    return dict(tiny_network(name, seed=seed).load())
