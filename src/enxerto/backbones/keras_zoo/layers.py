"""The layers of a Keras model as PyTorch modules that own their weights.

Keras's own layers are PyTorch modules, too, but don't run hooks, can't be copied and know their weights by names that
count what a process has built. These can, and are called what they are called in the model.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

_FUSED = frozenset({"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense"})
"""Layers that may end with an activation function of their own."""
_KINDS = {"Conv2D": "Conv2d", "swish": "SiLU", "silu": "SiLU", "relu": "ReLU", "relu6": "ReLU6", "gelu": "GELU",
          "hard_swish": "Hardswish", "hard_silu": "Hardswish", "hard_sigmoid": "Hardsigmoid", "sigmoid": "Sigmoid",
          "tanh": "Tanh"}  # fmt: skip
"""What PyTorch calls the same thing."""


class Shared:
    """Something of Keras's that the copies of a module share, as it is never changed."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __deepcopy__(self, _memo: dict[int, Any]) -> Shared:
        return self


class KerasLayer(nn.Module):
    """One layer: what it computes is Keras's, its weights are this module's. It always runs as in use, not in training.

    Args:
        layer: a built layer, or another operation; its activation function is taken out of it.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._layer = Shared(layer)
        self._weights = Shared(weights_of(layer))
        for variable, name in self._weights.value:
            self._own(name, variable)
        self.activation: nn.Module | None = None
        if type(layer).__name__ in _FUSED and layer.activation.__name__ != "linear":
            self.activation = activation_of(layer.activation)
            layer.activation = _linear

    def _own(self, name: str, variable: Any) -> None:
        value = variable.value.detach()
        if variable.trainable and value.is_floating_point():
            self.register_parameter(name, nn.Parameter(value, requires_grad=False))
        else:
            self.register_buffer(name, value)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the layer gives; tensors in its own layout, (batch, height, width, channel) for maps."""
        from enxerto.backbones.keras_zoo.runtime import keras

        layer = self._layer.value
        given = {key: value for key, value in named.items() if key not in ("training", "mask")}
        if getattr(layer, "_call_has_training_arg", False):
            given["training"] = False
        mine = [(variable, getattr(self, name)) for variable, name in self._weights.value]
        if not mine:
            return layer(*inputs, **given)
        with keras().StatelessScope(state_mapping=mine):
            output = layer(*inputs, **given)
        return output if self.activation is None else self.activation(output)


class KerasActivation(nn.Module):
    """An activation function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self._function = Shared(function)

    def forward(self, inputs: torch.Tensor, **_named: Any) -> torch.Tensor:
        """Of the same shape."""
        output: torch.Tensor = self._function.value(inputs)
        return output


class KerasNormalization(nn.Module):
    """Keras's `Normalization`, which computes with copies of its weights that nothing else can reach."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._shape = tuple(layer._broadcast_shape)
        self._inverted = bool(layer.invert)
        fixed = layer.input_mean is not None
        for name, given in (("mean", layer.input_mean), ("variance", layer.input_variance)):
            value = torch.as_tensor(given, dtype=torch.float32, device="cpu") if fixed else None
            weight = None if fixed else getattr(layer, f"adapt_{name}").value.detach()
            self.register_buffer(name, value if fixed else weight, persistent=not fixed)
        if not fixed:
            self.register_buffer("count", layer.count.value.detach())

    def forward(self, inputs: torch.Tensor, **_named: Any) -> torch.Tensor:
        """Of the same shape."""
        mean = self._buffer("mean")
        deviation = self._buffer("variance").sqrt().clamp_min(1e-7)
        return inputs * deviation + mean if self._inverted else (inputs - mean) / deviation

    def _buffer(self, name: str) -> torch.Tensor:
        value: torch.Tensor = getattr(self, name)
        return value.expand(self._shape) if value.ndim == 0 else value.reshape(self._shape)


def module_of(layer: Any) -> nn.Module:
    """A Keras layer as a module, whose class is called like what PyTorch calls the same."""
    name = type(layer).__name__
    if name == "Normalization":
        return KerasNormalization(layer)
    if name == "Activation":
        return activation_of(layer.activation)
    if name == "ReLU" and layer.max_value == 6:
        name = "relu6"
    module: nn.Module = _called(KerasLayer, _KINDS.get(name, name))(layer)
    return module


def activation_of(function: Any) -> nn.Module:
    """An activation function as a module."""
    name = getattr(function, "__name__", type(function).__name__)
    module: nn.Module = _called(KerasActivation, _KINDS.get(name, name))(function)
    return module


def _called(base: type[nn.Module], name: str) -> Any:
    return type(name, (base,), {})


def weights_of(layer: Any) -> list[tuple[Any, str]]:
    """A layer's variables with their names in it: `kernel`, or `query_kernel` where a layer has layers inside.

    A variable that Keras named itself is called by its place, as Keras's count goes on through a process.
    """
    found = []
    for place, variable in enumerate(getattr(layer, "weights", ())):
        name = variable.path.rpartition(f"{layer.name}/")[2].replace("/", "_")
        found.append((variable, re.sub(r"\bvariable(_\d+)?$", f"variable_{place}", name)))
    return found


def _linear(inputs: Any) -> Any:
    return inputs


_linear.__name__ = "linear"
