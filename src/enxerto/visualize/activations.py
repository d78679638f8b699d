"""What the layers of a classifier give for a few photos, and what each channel does for a class; captured by hooks.

The effect of a channel on a class is its activation times the gradient of the class's logit with respect to it, summed
over all positions: to first order, what the logit would lose if the channel were zero everywhere.
Reference: Molchanov et al. 2017, eq. 7, without its absolute value, arXiv:1611.06440.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from enxerto.backbones import to_pixels
from enxerto.backbones.networks import FeatureNetwork, GraftedNetwork
from enxerto.backbones.preprocessing import tensor_of
from enxerto.classifier import Classifier
from enxerto.errors import OptionError
from enxerto.types import Images
from enxerto.visualize.layers import TOKENS, Layer


@dataclass(frozen=True, eq=False)
class Activations:
    """Of one layer.

    Attributes:
        layer: which.
        maps: float32, shape (photos, channels, height, width).
        extra: tokens that belong to no place, such as the class token, float32, shape (photos, tokens, channels); none
            in most networks.
        effects: of each channel on the logit of the class, float32, shape (photos, channels).
    """

    layer: Layer
    maps: NDArray[np.float32] = field(repr=False)
    extra: NDArray[np.float32] = field(repr=False)
    effects: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Captured:
    """What `capture` returns.

    Attributes:
        logits: float32, shape (photos, classes).
        target: the class that effects are on.
        layers: activations, in the order in which the layers run.
    """

    logits: NDArray[np.float32] = field(repr=False)
    target: int
    layers: tuple[Activations, ...]


def capture(classifier: Classifier, images: Images, layers: Sequence[Layer], target: int | None = None) -> Captured:
    """Run photos through the classifier once, forward and backward, and take what the layers give.

    The classifier comes back as it was, also after an exception; of a module that runs several times, the first time
    is drawn, and effects are summed over all.

    Args:
        classifier: with a head of its own or ImageNet's classes.
        images: uint8, shape (photos, size, size, 3), as its preprocessing makes them.
        layers: of its network, as `layers_of` finds them.
        target: the class that effects are on; the first photo's most probable one when `None`.

    Raises:
        OptionError: a layer doesn't run on the way to this classifier's classes.
    """
    pixels = tensor_of(to_pixels(images)).requires_grad_()
    with torch.enable_grad(), outputs_of(network_of(classifier), [layer.name for layer in layers]) as outputs:
        logits = classifier.network(pixels)
    for layer in layers:
        if layer.name not in outputs:
            raise OptionError(f"layer {layer.name} doesn't run on the way to this model's classes; choose another")
    chosen = int(logits[0].argmax()) if target is None else target
    every = [output for layer in layers for output in outputs[layer.name]]
    slopes = iter(torch.autograd.grad(logits[:, chosen].sum(), every, allow_unused=True))
    taken = tuple(_activations(layer, [(output.detach(), next(slopes)) for output in outputs[layer.name]])
                  for layer in layers)  # fmt: skip
    return Captured(logits.detach().numpy(), chosen, taken)


def network_of(classifier: Classifier) -> nn.Module:
    """The pretrained network that runs when the classifier's PyTorch module does, between normalization and head."""
    whole = classifier.network
    features = whole.features if isinstance(whole, GraftedNetwork) else whole
    assert isinstance(features, FeatureNetwork)
    return features.network


@contextmanager
def outputs_of(network: nn.Module, names: Sequence[str]) -> Generator[dict[str, list[torch.Tensor]]]:
    """Collect what modules give to this thread while the block runs.

    A module hands a copy on, so that what was collected stays as it is when the next one works in place.

    Args:
        network: its hooks are gone after the block, however that ends.
        names: of modules inside it.

    Yields:
        By name, what each module gave, each time that it ran; in the graph, so that it can be differentiated by.
    """
    collected: dict[str, list[torch.Tensor]] = {}
    owner = threading.get_ident()

    def collecting(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor | None:
            if threading.get_ident() != owner:
                return None
            collected.setdefault(name, []).append(output)
            return output.clone()

        return hook

    hooks = []
    try:
        for name in names:
            hooks.append(network.get_submodule(name).register_forward_hook(collecting(name)))  # noqa: PERF401 - see finally
        yield collected
    finally:
        for hook in hooks:
            hook.remove()


def _activations(layer: Layer, runs: Sequence[tuple[torch.Tensor, torch.Tensor | None]]) -> Activations:
    """Outputs with their gradients, which are `None` where the logit doesn't depend on them, as maps and effects."""
    output = runs[0][0]
    effects = torch.zeros(len(output), layer.channels)
    places = {"channels first": (2, 3), "channels last": (1, 2), TOKENS: (1,)}[layer.layout]
    for each, slope in runs:
        if slope is not None:
            effects += (each * slope).sum(places)
    extra = output[:, : layer.prefix] if layer.layout == TOKENS else torch.empty(len(output), 0, layer.channels)
    maps = np.ascontiguousarray(layer.maps(output).numpy())
    return Activations(layer, maps, extra.numpy().copy(), effects.numpy())
