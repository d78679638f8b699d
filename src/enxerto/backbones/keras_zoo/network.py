"""A Keras model as a backbone's network: PyTorch modules, one for each layer, run in the order of Keras's graph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from enxerto.backbones.keras_zoo.ends import find_ends
from enxerto.backbones.keras_zoo.layers import Shared, module_of, weights_of
from enxerto.backbones.keras_zoo.runtime import keras
from enxerto.errors import IntegrityError


class KerasGraph(nn.Module):
    """The layers of a functional or sequential model, by their names.

    A layer that Keras named itself is counted anew, as Keras's count goes on through a process.

    Args:
        model: built; its layers are taken over.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        graph = functional(model)
        self._whole = Shared(keras().Function(graph.inputs, graph.outputs))
        self._names = Shared(_names(graph.operations))
        for operation in graph.operations:
            if id(operation) in self._names.value:
                inner = KerasGraph(operation) if _is_model(operation) else module_of(operation)
                self.add_module(self._names.value[id(operation)], inner)

    def forward(self, inputs: torch.Tensor, **_named: Any) -> torch.Tensor:
        """What the model gives."""
        return self.run(self._whole, inputs)

    def run(self, function: Shared, inputs: torch.Tensor) -> torch.Tensor:
        """A part of the graph, layer by layer through this module's own modules."""
        names = self._names.value
        outputs = function.value._run_through_graph(
            [inputs], operation_fn=lambda operation: self.get_submodule(names[id(operation)])
        )
        output: torch.Tensor = outputs[0] if isinstance(outputs, list | tuple) else outputs
        return output


class KerasNetwork(KerasGraph):
    """Normalized pixels to logits, or to features and maps on the way there.

    Args:
        model: with one input of photos, channels last, and one output.
        bgr: it was trained with blue first.

    Attributes:
        output_fmt: layout of maps, in timm's words.
        num_classes: of its own; 0 where it has none.

    Raises:
        IntegrityError: the model has several inputs or outputs, or others than a backbone.
    """

    output_fmt = "Format.NHWC"

    def __init__(self, model: Any, *, bgr: bool = False) -> None:
        graph = functional(model)
        if len(graph.inputs) != 1 or len(graph.outputs) != 1 or len(graph.inputs[0].shape) != 4:
            raise IntegrityError(
                f"a backbone takes photos and gives one answer; {model.name} has {len(graph.inputs)} inputs and "
                f"{len(graph.outputs)} outputs"
            )
        ends = find_ends(graph)
        super().__init__(model)
        names = self._names.value
        if ends.softmax is not None:
            last: Any = self.get_submodule(names[id(ends.softmax)])
            last.activation = None
        self.bgr = bgr
        self.num_classes = int(ends.logits.shape[-1]) if ends.logits is not None else 0
        self.pretrained_cfg = {"classifier": names[id(ends.classifier)] if ends.classifier is not None else ()}
        start = ends.maps if ends.maps is not None else graph.inputs[0]
        self._to_maps = _part(graph.inputs[0], start)
        self._to_features = _part(start, ends.features) if ends.features is not None else None
        self._to_logits = _part(ends.features, ends.logits) if ends.logits is not None else None

    def forward(self, inputs: torch.Tensor, **_named: Any) -> torch.Tensor:
        """Logits, or features where the model has no classes.

        Args:
            inputs: normalized pixels, shape (batch, 3, height, width), red first.
        """
        return self.forward_head(self.forward_features(inputs))

    def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
        """The last maps, shape (batch, height, width, channel)."""
        photos = inputs.permute(0, 2, 3, 1)
        with _device(inputs):
            return self.run(self._to_maps, photos.flip(3) if self.bgr else photos)

    def forward_head(self, maps: torch.Tensor, *, pre_logits: bool = False) -> torch.Tensor:
        """From the last maps to logits, or to features, which are their average where the model ends with them."""
        with _device(maps):
            features = maps.mean((1, 2)) if self._to_features is None else self.run(self._to_features, maps)
            if pre_logits or self._to_logits is None:
                return features.flatten(1)
            return self.run(self._to_logits, features).flatten(1)


def named_variables(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The variables of a Keras model, by the names that `KerasNetwork` gives its tensors; the model isn't changed."""
    operations = functional(model).operations
    names = _names(operations)
    for operation in operations:
        if id(operation) not in names:
            continue
        inside = f"{prefix}{names[id(operation)]}."
        if _is_model(operation):
            yield from named_variables(operation, inside)
        else:
            yield from ((f"{inside}{name}", variable) for variable, name in weights_of(operation))


def functional(model: Any) -> Any:
    """The graph of a model.

    Raises:
        IntegrityError: it has none, as it is code of its own.
    """
    graph = getattr(model, "_functional", None) or model
    if not hasattr(graph, "_run_through_graph") or not getattr(graph, "operations", None):
        raise IntegrityError(
            f"{model.name} is no functional or sequential Keras model, so that it has no layers to run"
        )
    return graph


def _is_model(operation: Any) -> bool:
    return isinstance(operation, keras().Model)


def _part(start: Any, end: Any) -> Shared:
    """From one symbolic tensor to another; hands on what it gets where they are one."""
    try:
        return Shared(_Same() if start is end else keras().Function([start], [end]))
    except ValueError as error:
        raise IntegrityError(f"the model's answer doesn't follow from its last maps alone: {error}") from error


class _Same:
    def _run_through_graph(self, inputs: list[Any], **_named: Any) -> list[Any]:
        return inputs


def _device(tensor: torch.Tensor) -> Any:
    """Keras puts what it makes on this tensor's device, not on the GPU wherever there is one."""
    return keras().device(str(tensor.device))


def _names(operations: list[Any]) -> dict[int, str]:
    """By operation; its own name, as PyTorch allows it, and counted within the model where Keras counted."""
    counts: Counter[str] = Counter()
    names: dict[int, str] = {}
    for operation in operations:
        if type(operation).__name__ == "InputLayer":
            continue
        kind, name = _snake(type(operation).__name__), operation.name
        if re.fullmatch(rf"{re.escape(kind)}(_\d+)?", name):
            name = f"{kind}_{counts[kind]}" if counts[kind] else kind
            counts[kind] += 1
        name = re.sub(r"[./]", "_", name)
        names[id(operation)] = f"{name}_layer" if hasattr(nn.Module, name) else name
    return names


def _snake(name: str) -> str:
    """As Keras makes the name of a layer of its class's."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)).lower()
