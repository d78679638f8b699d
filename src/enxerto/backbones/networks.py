"""Backbones as PyTorch modules: normalization, the network, and what is taken out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from enxerto.backbones.catalog import CLASSES, LAST, MAPS, POOLINGS, Entry, Tap
from enxerto.backbones.preprocessing import Preprocessing
from enxerto.backbones.unfilled import unfilled
from enxerto.errors import EnxertoError, IntegrityError, OptionError, UnknownNameError


def build(entry: Entry, tensors: Mapping[str, torch.Tensor] | None = None) -> nn.Module:
    """The whole network with its own last layer, in evaluation mode and frozen.

    Args:
        entry: which architecture.
        tensors: its weights; without them they are random, from torch's global generator.

    Raises:
        IntegrityError: the tensors don't fit the architecture.
    """
    if entry.zoo == "keras":
        from enxerto.backbones.keras_zoo.applications import build as build_keras

        with _fitting(entry):
            return build_keras(entry, tensors).eval().requires_grad_(False)
    if entry.zoo == "file":
        from enxerto.backbones.model_files.opening import build as build_file

        with _fitting(entry):
            return build_file(entry, tensors).eval().requires_grad_(False)
    import timm
    import torchvision

    with unfilled() if tensors is not None else nullcontext():
        if entry.zoo == "torchvision":
            network = torchvision.models.get_model(entry.architecture, weights=None)
        else:
            network = timm.create_model(entry.architecture)
    if tensors is not None:
        with _fitting(entry):
            network.load_state_dict(tensors, strict=True)
    frozen: nn.Module = network.eval().requires_grad_(False)
    return frozen


@contextmanager
def _fitting(entry: Entry) -> Iterator[None]:
    """Turn PyTorch's error about tensors that don't fit into an `IntegrityError`."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, EnxertoError):
            raise
        reason = " ".join(str(error).split())[:300]
        raise IntegrityError(f"these weights are not those of {entry.name}: {reason}") from error


class Normalize(nn.Module):
    """Pixels in [0, 1], or images as a file holds them, to what the network was trained on."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Accept uint8 (batch, height, width, 3) or floating point (batch, 3, height, width)."""
        pixels = batch.permute(0, 3, 1, 2).float() / 255 if batch.dtype == torch.uint8 else batch
        return (pixels - self.mean) / self.std


class FeatureNetwork(nn.Module):
    """Pixels to one vector a photo.

    Args:
        network: a whole network as `build` makes it.
        preprocessing: its normalization.
        layer: `last`, the name of a module inside the network, or `classes`, the network's own logits.
        pooling: `average` or `max` over the map; `grid2`, the averages over a 2x2 grid side by side; or `maps`, the
            whole map in one row.
    """

    def __init__(self, network: nn.Module, preprocessing: Preprocessing, layer: str, pooling: str) -> None:
        super().__init__()
        if pooling not in (*POOLINGS, MAPS):
            raise OptionError(f"`pooling` must be one of {', '.join(POOLINGS)}, got {pooling!r}")
        modules = dict(network.named_modules())
        if layer not in (LAST, CLASSES) and layer not in modules:
            raise UnknownNameError("layer", layer, [LAST, *filter(None, modules)])
        self.normalize: nn.Module = Normalize(preprocessing)
        self.network = network
        self.layer = layer
        self.pooling = pooling
        self.size_px = preprocessing.size_px
        self.mirror = preprocessing.mirror

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Shape (batch, features)."""
        inputs = self.normalize(batch)
        if self.mirror:
            return (self._seen(inputs) + self._seen(inputs.flip(3))) / 2
        return self._seen(inputs)

    def _seen(self, inputs: torch.Tensor) -> torch.Tensor:
        if self.layer == LAST and self.pooling == "average":
            return _last_features(self.network, inputs)
        if self.layer == CLASSES:
            logits: torch.Tensor = self.network(inputs)
            return logits
        maps = self.maps(inputs)
        return maps.flatten(1) if self.pooling == MAPS else self._pool(maps)

    def maps(self, inputs: torch.Tensor) -> torch.Tensor:
        """What the layer gives for normalized pixels, in the layer's own shape."""
        if self.layer == LAST:
            return _final_maps(self.network, inputs)
        taken: list[torch.Tensor] = []
        module = self.network.get_submodule(self.layer)
        hook = module.register_forward_hook(lambda _module, _inputs, output: taken.append(output))
        try:
            self.network(inputs)
        finally:
            hook.remove()
        return taken[0]

    def _pool(self, maps: torch.Tensor) -> torch.Tensor:
        return pooled(self.network, maps, self.pooling)


class TappedNetwork(nn.Module):
    """Pixels to the features of several taps, side by side, in one pass.

    Args:
        network: a whole network as `build` makes it.
        preprocessing: its normalization.
        taps: in the order of the features.
    """

    def __init__(self, network: nn.Module, preprocessing: Preprocessing, taps: Sequence[Tap]) -> None:
        super().__init__()
        modules = dict(network.named_modules())
        for tap in taps:
            if tap.layer != LAST and tap.layer not in modules:
                raise UnknownNameError("layer", tap.layer, [LAST, *filter(None, modules)])
        self.normalize: nn.Module = Normalize(preprocessing)
        self.network = network
        self.taps = tuple(taps)
        self.mirror = preprocessing.mirror

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Shape (batch, features of all taps)."""
        inputs = self.normalize(batch)
        looks = [inputs, inputs.flip(3)] if self.mirror else [inputs]
        seen = [torch.cat([part for part in self.parts(look) if part is not None], 1) for look in looks]
        return sum(seen[1:], seen[0]) / len(seen)

    def parts(self, inputs: torch.Tensor) -> list[torch.Tensor | None]:
        """The features of each tap for normalized pixels; `None` where a layer gives nothing that can be pooled."""
        outputs: dict[str, torch.Tensor] = {}

        def keep(name: str) -> Any:
            def hook(_module: nn.Module, _inputs: object, output: Any) -> torch.Tensor | None:
                if name in outputs or not isinstance(output, torch.Tensor) or output.ndim not in (2, 3, 4):
                    return None
                outputs[name] = output
                return output.clone()  # what follows may work in place

            return hook

        layers = dict.fromkeys(tap.layer for tap in self.taps if tap.layer != LAST)
        hooks = [self.network.get_submodule(layer).register_forward_hook(keep(layer)) for layer in layers]
        try:
            outputs[LAST] = _final_maps(self.network, inputs)
        finally:
            for hook in hooks:
                hook.remove()
        return [self._part(tap, outputs) for tap in self.taps]

    def _part(self, tap: Tap, outputs: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
        if tap.layer not in outputs:
            return None
        if tap == Tap():
            return _head_features(self.network, outputs[LAST])
        return pooled(self.network, outputs[tap.layer], tap.pooling)


def pooled(network: nn.Module, maps: torch.Tensor, pooling: str) -> torch.Tensor:
    """A layer's maps or tokens as one vector a photo, shape (batch, features).

    Args:
        network: whose layer it is.
        maps: as the layer gives them.
        pooling: one of `POOLINGS`; tokens, and maps of one column, have no grid and are averaged.
    """
    if maps.ndim == 2:
        return maps
    if maps.ndim == 3:
        maps = maps.transpose(1, 2).unsqueeze(-1)  # tokens of a transformer: (batch, channel, token, 1)
    elif str(getattr(network, "output_fmt", None)) == "Format.NHWC":
        maps = maps.permute(0, 3, 1, 2)
    if pooling == "max":
        return maps.amax((2, 3))
    if pooling == "average" or maps.shape[-1] < 2:
        return maps.mean((2, 3))
    return nn.functional.adaptive_avg_pool2d(maps, 2).flatten(1)


class GraftedNetwork(nn.Module):
    """Pixels to the logits of a head on a backbone's features."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, features: FeatureNetwork, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Shape (batch, classes)."""
        return nn.functional.linear(self.features(batch), self.weight, self.bias)


def _last_features(network: Any, inputs: torch.Tensor) -> torch.Tensor:
    return _head_features(network, _final_maps(network, inputs))


def _head_features(network: Any, maps: torch.Tensor) -> torch.Tensor:
    """From the last maps to what the network's own last layer reads."""
    if hasattr(network, "forward_head"):
        features: torch.Tensor = network.forward_head(maps, pre_logits=True)
        return features.flatten(1)
    return maps.mean((2, 3))


def _final_maps(network: Any, inputs: torch.Tensor) -> torch.Tensor:
    maps: torch.Tensor = (
        network.forward_features(inputs) if hasattr(network, "forward_features") else network.features(inputs)
    )
    return maps
