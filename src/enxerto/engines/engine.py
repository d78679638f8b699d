"""The seam between networks and everything above: features, logits and input gradients, whatever runs them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones.catalog import CLASSES
from enxerto.backbones.preprocessing import require_pixels, tensor_of
from enxerto.engines.objective import Objective
from enxerto.errors import OptionError
from enxerto.types import Features, Images, Logits, Pixels

if TYPE_CHECKING:
    from torch import nn

    from enxerto.backbones import Backbone


@dataclass(frozen=True)
class HeadArrays:
    """A linear head: `weight` float32 (classes, features), `bias` float32 (classes,)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


class InputGradient(NamedTuple):
    """What `Engine.input_gradient` returns.

    Attributes:
        logits: float32, shape (batch, classes).
        values: of the objective, float32, shape (batch,).
        gradient: of each photo's value with respect to its own pixels, float32, shape (batch, 3, height, width).
    """

    logits: NDArray[np.float32]
    values: NDArray[np.float32]
    gradient: Pixels


class Engine(ABC):
    """Runs a backbone, with a grafted head or with its own classes.

    Engines are thread-safe: up to `workers` threads may call them at once, and more do no harm.

    Args:
        backbone: what to run.
        head: a grafted head; without one, logits are those of the backbone's own classes.
        precision: `fp32` or `bf16`, of features, logits and gradients; all of them come as float32 or wider.

    Attributes:
        name: `openvino` or `torch`.
        device: what `open_engine` opens the same kind of engine with.
        identity: name, version and precision: what a cache key needs to know.
        workers: threads that keep it busy.
        chunk: photos a call that suit it.
        companions: what was opened for its sake and is of use as long as it lives, by what it is.
    """

    name: str
    device: str
    identity: str
    workers: int
    chunk: int

    def __init__(self, backbone: Backbone, head: HeadArrays | None, precision: str) -> None:
        self.backbone = backbone
        self.head = head
        self.precision = precision
        self.companions: dict[Hashable, Any] = {}

    def features(self, batch: Images | Pixels) -> Features:
        """One vector a photo.

        Args:
            batch: images, uint8 (batch, height, width, 3), or pixels, float32 in [0, 1] (batch, 3, height, width).

        Returns:
            float32, shape (batch, features).

        Raises:
            BoundsError: pixels outside [0, 1].
            OptionError: an array of another type or shape, or without a photo.
        """
        self._require(batch)
        return self._features(batch)

    def logits(self, batch: Images | Pixels) -> Logits:
        """Logits of the head, or of the backbone's own classes where there is none.

        Args:
            batch: as for `features`; of any length, as memory doesn't grow with it.

        Returns:
            float64, shape (batch, classes).

        Raises:
            BoundsError: pixels outside [0, 1].
            OptionError: an array of another type or shape, or without a photo.
        """
        self._require(batch)
        parts = [batch[start : start + self.chunk] for start in range(0, len(batch), self.chunk)]
        if self.head is None:
            return np.concatenate([self._class_logits(part) for part in parts]).astype(np.float64)
        features = np.concatenate([self._features(part) for part in parts]).astype(np.float64)
        return features @ self.head.weight.T.astype(np.float64) + self.head.bias

    def input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> InputGradient:
        """The gradient of an objective with respect to the pixels.

        Args:
            pixels: float32 in [0, 1], shape (batch, 3, height, width).
            target: weights over the classes, float32, shape (batch, classes); one-hot for a class.
            objective: what to differentiate; one value a photo.

        Raises:
            BoundsError: pixels outside [0, 1].
            OptionError: an array of another type or shape, or without a photo.
        """
        self._require(pixels)
        if pixels.dtype != np.float32:
            raise OptionError(f"`pixels` must be float32 to have a gradient, got {pixels.dtype}")
        classes = self._classes
        if target.dtype != np.float32 or target.shape != (len(pixels), classes):
            raise OptionError(f"`target` must be float32 ({len(pixels)}, {classes}), got {target.dtype} {target.shape}")
        return self._input_gradient(pixels, target, objective)

    @abstractmethod
    def _features(self, batch: Images | Pixels) -> Features: ...

    @abstractmethod
    def _class_logits(self, batch: Images | Pixels) -> NDArray[np.float32]: ...

    @abstractmethod
    def _input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> InputGradient: ...

    @cached_property
    def _classes(self) -> int:
        classes: Any = len(self.head.bias) if self.head is not None else self.backbone.network.num_classes
        return int(classes)

    def _require(self, batch: Images | Pixels) -> None:
        side = self.backbone.preprocessing.size_px
        if batch.ndim == 4 and not len(batch):
            raise OptionError("`batch` must hold at least one photo, got none")
        if batch.dtype == np.uint8 and batch.ndim == 4 and batch.shape[1:] == (side, side, 3):
            return
        if batch.dtype == np.float32 and batch.ndim == 4 and batch.shape[1:] == (3, side, side):
            require_pixels(batch)
            return
        raise OptionError(
            f"`batch` must be uint8 (batch, {side}, {side}, 3) or float32 (batch, 3, {side}, {side}), "
            f"got {batch.dtype} {batch.shape}"
        )


def logit_network(backbone: Backbone, head: HeadArrays | None) -> nn.Module:
    """Pixels to the logits that an engine gives, as a PyTorch module."""
    from enxerto.backbones.networks import FeatureNetwork, GraftedNetwork

    if head is None:
        return FeatureNetwork(backbone.network, backbone.preprocessing, CLASSES, backbone.pooling).eval()
    return GraftedNetwork(backbone.feature_network(), tensor_of(head.weight), tensor_of(head.bias)).eval()
