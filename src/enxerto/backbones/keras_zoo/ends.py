"""Where the features of a Keras model are: found by walking back from its output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from enxerto.errors import IntegrityError

_PASSIVE = ("Reshape", "Flatten", "Dropout", "SpatialDropout2D", "Identity", "Activation")


@dataclass(frozen=True)
class Ends:
    """Symbolic tensors of a model.

    Attributes:
        maps: the last with a height and a width; `None` where nothing leads from it alone to the features.
        features: what the classifying layer gets, one vector a photo; `None` where `maps` are the model's output.
        logits: what that layer gives, before the softmax; `None` where there is no such layer.
        classifier: that layer, or `None`.
        softmax: a layer whose own activation function is the softmax, to be taken off; or `None`.
    """

    maps: Any
    features: Any
    logits: Any
    classifier: Any
    softmax: Any


def find_ends(model: Any) -> Ends:
    """The ends of a model with one input and one output.

    Raises:
        IntegrityError: it gives neither one vector nor maps of a photo.
    """
    output = model.outputs[0]
    if len(output.shape) == 4 and _side(output) > 1:
        return Ends(output, None, None, None, None)
    if len(output.shape) not in (2, 4):
        raise IntegrityError(f"a backbone gives vectors or maps, and {model.name} gives shape {tuple(output.shape)}")
    logits, softmax = _before_softmax(output)
    classifier, features = _classifier(logits)
    if classifier is None:
        return Ends(_maps(output), output, None, None, None)
    return Ends(_maps(features), features, logits, classifier, softmax)


def _before_softmax(tensor: Any) -> tuple[Any, Any]:
    """Logits, and the layer whose activation function makes probabilities of them unless that is a layer itself."""
    layer, inputs = _made_by(tensor)
    kind = type(layer).__name__
    if kind == "Softmax" or (kind == "Activation" and _activation(layer) == "softmax"):
        return inputs[0], None
    if kind == "Activation" and _activation(layer) == "linear":
        return _before_softmax(inputs[0])
    return tensor, layer if _activation(layer) == "softmax" else None


def _classifier(logits: Any) -> tuple[Any, Any]:
    """The layer that makes logits, and what it gets; (`None`, `None`) where they are no logits."""
    tensor = logits
    while True:
        layer, inputs = _made_by(tensor)
        kind = type(layer).__name__
        if kind in _PASSIVE and _activation(layer) in ("", "linear") and len(inputs) == 1:
            tensor = inputs[0]
            continue
        weighs = kind == "Dense" or (kind == "Conv2D" and _side(tensor) == 1 and _side(inputs[0]) == 1)
        if weighs and _activation(layer) in ("linear", "softmax") and len(inputs) == 1:
            return layer, inputs[0]
        return None, None


def _maps(tensor: Any) -> Any:
    """The last tensor on the way to another that has a height and a width."""
    while tensor is not None:
        if len(tensor.shape) == 4 and _side(tensor) > 1:
            return tensor
        _, inputs = _made_by(tensor)
        tensor = inputs[0] if inputs else None
    return None


def _made_by(tensor: Any) -> tuple[Any, list[Any]]:
    operation, index, _ = tensor._keras_history
    return operation, list(operation._inbound_nodes[index].input_tensors)


def _activation(layer: Any) -> str:
    function = getattr(layer, "activation", None)
    return getattr(function, "__name__", type(function).__name__) if function is not None else ""


def _side(tensor: Any) -> int:
    """Of maps, channels last."""
    return int(tensor.shape[1] or 0) if len(tensor.shape) == 4 else 0
