"""The part of a network that learns, with its new head on top, and what lies frozen below it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from enxerto.backbones import Backbone
from enxerto.backbones.backbone import FINE_TUNED
from enxerto.backbones.catalog import MAPS
from enxerto.backbones.identity import identity_of
from enxerto.backbones.networks import FeatureNetwork
from enxerto.backbones.stages import Stage, example_pixels, is_last, stages, tail_of
from enxerto.tuning.recipe import Recipe

_NORMALIZATIONS = (nn.modules.batchnorm._BatchNorm,)


class TunableNetwork(nn.Module):
    """Maps after the frozen stages, or pixels where there are none, to logits.

    Args:
        tail: maps to features.
        weight: of the head to start from, shape (classes, features).
        bias: likewise, shape (classes,).
    """

    def __init__(self, tail: FeatureNetwork, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.tail = tail
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    def forward(
        self, inputs: torch.Tensor, keep: torch.Tensor | None = None, noise: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Logits, float32, shape (batch, classes).

        Args:
            inputs: maps or pixels.
            keep: is multiplied with the features, for dropout.
            noise: is added to them, as if their root mean square were 1.
        """
        features = self.tail(inputs).float()
        if noise is not None:
            features = features + noise * features.detach().square().mean(dim=1, keepdim=True).sqrt()
        if keep is not None:
            features = features * keep
        return nn.functional.linear(features, self.weight, self.bias)


@dataclass(frozen=True)
class Opened:
    """A network ready to be tuned.

    Attributes:
        tail: maps, or pixels where `trunk` is `None`, to features; its frozen modules are gone, or don't learn.
        trunk: pixels to the maps that `tail` takes; `None` where nothing is frozen or the network can't be cut.
        shape: of one photo's maps, `()` without a trunk.
        learning: the stages that learn, the lowest first.
    """

    tail: FeatureNetwork
    trunk: Backbone | None
    shape: tuple[int, ...]
    learning: tuple[Stage, ...]


def open_tail(backbone: Backbone, recipe: Recipe) -> Opened:
    """Cut a network below the stages that learn; the network itself stays as it is.

    Photos that are changed to fool it have to pass through all of it, so then it isn't cut.

    Args:
        backbone: pixels to features.
        recipe: says how many stages learn, and how batch normalization behaves.
    """
    features = backbone.feature_network()
    every = stages(features.network, backbone.layer)
    count = len(every) if recipe.stages is None else recipe.stages
    frozen, learning = every[: len(every) - count], every[len(every) - count :]
    cut = _cut(backbone, features, frozen) if frozen and not recipe.adversarial else None
    tail, trunk, shape = cut or (copy.deepcopy(features), None, ())
    tail.requires_grad_(False)
    for stage in learning:
        for name in stage.modules:
            tail.network.get_submodule(name).requires_grad_(True)
    for name, parameter in tail.network.named_parameters():
        if is_last(name, tail.network):
            parameter.requires_grad_(False)
    if recipe.batch_norm == "frozen":
        for module in tail.modules():
            if isinstance(module, _NORMALIZATIONS):
                module.requires_grad_(False)
    return Opened(tail.to(memory_format=torch.channels_last), trunk, shape, learning)


def set_modes(network: TunableNetwork, recipe: Recipe, learning: tuple[Stage, ...]) -> None:
    """Put a network into the mode that it learns in: as in use, but for batch normalization where it shall learn.

    Statistics of small batches of a new kind of photos spoil what the network was trained with; so by default they stay
    as they are.
    """
    network.eval()
    if recipe.batch_norm != "train":
        return
    for stage in learning:
        for name in stage.modules:
            for module in network.tail.network.get_submodule(name).modules():
                if isinstance(module, _NORMALIZATIONS):
                    module.train()


def parameter_groups(network: TunableNetwork, recipe: Recipe, learning: tuple[Stage, ...]) -> list[dict[str, Any]]:
    """Parameters with their learning rates as multiples of the topmost stage's, the head's first.

    Only weights decay: biases and the scales of normalizations are vectors.

    Reference: Clark et al. 2020, arXiv:2003.10555, appendix A (rates that fall layer by layer).
    """
    groups: list[dict[str, Any]] = [
        {"params": [network.weight], "rate": recipe.head_rate, "decay": True},
        {"params": [network.bias], "rate": recipe.head_rate, "decay": False},
    ]
    for depth, stage in enumerate(reversed(learning)):
        parts = [network.tail.network.get_submodule(name) for name in stage.modules]
        learned = [p for part in parts for p in part.parameters() if p.requires_grad]
        for decay in (True, False):
            chosen = [p for p in learned if (p.ndim > 1) is decay]
            if chosen:
                groups.append({"params": chosen, "rate": recipe.layer_decay**depth, "decay": decay})
    return groups


def tuned_backbone(backbone: Backbone, network: Mapping[str, torch.Tensor]) -> Backbone:
    """The backbone with the weights that were learned.

    Args:
        backbone: that was tuned.
        network: the state of a `TunableNetwork`.
    """
    prefix = "tail.network."
    learned = {name.removeprefix(prefix): tensor for name, tensor in network.items() if name.startswith(prefix)}
    tensors = {
        name: learned[name].detach().cpu().contiguous() if name in learned else tensor
        for name, tensor in backbone.tensors().items()
    }
    identity = identity_of({name: tensor.numpy() for name, tensor in tensors.items()})
    return replace(backbone, origin=FINE_TUNED, load=lambda: tensors, known_identity=identity)


def count_learning(network: nn.Module) -> int:
    """How many numbers learn."""
    return sum(parameter.numel() for parameter in _learning(network))


def _learning(network: nn.Module) -> Iterator[nn.Parameter]:
    return (parameter for parameter in network.parameters() if parameter.requires_grad)


def _cut(
    backbone: Backbone, features: FeatureNetwork, frozen: tuple[Stage, ...]
) -> tuple[FeatureNetwork, Backbone, tuple[int, ...]] | None:
    trunk = replace(backbone, layer=frozen[-1].modules[-1], pooling=MAPS)
    lower = trunk.feature_network()
    with torch.inference_mode():
        maps = lower.maps(lower.normalize(example_pixels(lower)))
    tail = tail_of(features, frozen, maps)
    return None if tail is None else (tail, trunk, tuple(maps.shape[1:]))
