"""A classifier as attribution methods need it: differentiable logits, and its maps with what follows them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.backbones import to_pixels
from enxerto.backbones.preprocessing import tensor_of
from enxerto.classifier import Classifier
from enxerto.engines import Engine, open_engine
from enxerto.engines.differentiable import EngineNetwork
from enxerto.heads.calibration import softmax
from enxerto.heads.linear import LinearHead
from enxerto.types import Features, Images, Logits, Pixels
from enxerto.visualize.attribution.cut import Cut, find_cut

GRADIENTS_TO_CONVERT = 200
PHOTOS_TO_CONVERT = 48
"""From so many on, converting the network for the fast engine is worth its time; fewer are left to PyTorch."""


class Subject:
    """A classifier to be looked into; it stays as it is.

    Args:
        classifier: any.
        photos: about how many will be looked at.
        gradients: about how many input gradients will be asked for.
        layered: methods will look at the maps at the cut, so that answers can be read off these, too.
    """

    def __init__(self, classifier: Classifier, photos: int = 1, gradients: int = 0, *, layered: bool = False) -> None:
        self.classifier = classifier
        self._photos = photos
        self._gradients = gradients
        self._layered = layered
        self._last: tuple[Images, torch.Tensor] | None = None

    @property
    def size_px(self) -> int:
        """Side of the square that the network looks at."""
        return self.classifier.preprocessing.size_px

    @property
    def blank(self) -> NDArray[np.float32]:
        """Red, green and blue of a pixel that says nothing: the mean that the network subtracts; in [0, 1]."""
        return np.asarray(self.classifier.preprocessing.mean, dtype=np.float32)

    @cached_property
    def network(self) -> EngineNetwork:
        """Pixels to logits, differentiable, on the fast engine."""
        engine = self.classifier.engine
        few = self._gradients < GRADIENTS_TO_CONVERT and engine.name == "openvino"
        return EngineNetwork(engine, open_engine(engine.backbone, head=engine.head, device="torch") if few else None)

    def vectors(self, images: Images) -> Features:
        """Features, or logits where the classifier has no head of its own; float32, shape (batch, features or classes).

        Args:
            images: what the network looks at, uint8, shape (batch, size, size, 3).

        Raises:
            OptionError: methods look at maps, and this network has no layer to look at.
        """
        if not self._layered or self.classifier.preprocessing.mirror:
            if self.classifier.probe is None:
                return self.logits(images).astype(np.float32)
            return _features_in_parallel(self.classifier.engine, images)
        with torch.no_grad():
            found: Features = self.cut.tail(self.maps(images)).numpy()
        return found

    def probabilities(self, batch: Images | Pixels) -> NDArray[np.float64]:
        """Of every class, float64, shape (batch, classes)."""
        return softmax(self.logits(batch))

    def logits(self, batch: Images | Pixels) -> Logits:
        """Of every class, float64, shape (batch, classes)."""
        return self.classifier.engine.logits(batch)

    @cached_property
    def cut(self) -> Cut:
        """The network in two parts.

        Raises:
            OptionError: it can't be cut.
        """
        return find_cut(self.classifier.backbone, classes=self.classifier.probe is None)

    def maps(self, images: Images) -> torch.Tensor:
        """The maps at the cut, float32, shape (batch, *cut.shape); to be left as they are.

        Those of the last images are kept: answers and several methods ask for the same.

        Args:
            images: what the network looks at, uint8, shape (batch, size, size, 3).
        """
        if self._last is None or not np.array_equal(self._last[0], images):
            rows = _features_in_parallel(self._maps_engine, images)
            self._last = images.copy(), tensor_of(rows).reshape(len(rows), *self.cut.shape)
        return self._last[1]

    def answer(self, maps: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The target's logit as the tail gives it for maps, shape (batch,).

        Args:
            maps: shape (batch, *cut.shape).
            targets: class indices, int64, shape (batch,).
        """
        given = self.cut.tail(maps)
        if self._head is not None:
            given = given @ self._head[0].T + self._head[1]
        return given.gather(1, targets[:, None])[:, 0]

    @cached_property
    def _maps_engine(self) -> Engine:
        device = self.classifier.device
        on_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
        few = self._photos < PHOTOS_TO_CONVERT and not on_gpu
        return open_engine(self.cut.backbone, device="torch" if few else device)

    @cached_property
    def _head(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        head = self.classifier.head
        return None if head is None else (tensor_of(head.weight), tensor_of(head.bias))


def _features_in_parallel(engine: Engine, images: Images) -> Features:
    parts = [images[start : start + engine.chunk] for start in range(0, len(images), engine.chunk)]
    with ThreadPoolExecutor(engine.workers, thread_name_prefix="enxerto-maps") as pool:
        return np.concatenate(list(pool.map(engine.features, parts)))


def pixels_of(images: Images) -> torch.Tensor:
    """Images as a tensor in [0, 1], float32, shape (batch, 3, size, size)."""
    return tensor_of(to_pixels(images))


def without_knowledge(classifier: Classifier, seed: int = 0) -> Classifier:
    """The same architecture with the same classes and random weights everywhere, the head's included."""
    backbone = classifier.backbone.randomized(seed)
    probe = classifier.probe
    if probe is None:
        return replace(classifier, backbone=backbone)
    dice = np.random.default_rng(seed)
    spread = float(probe.head.weight.std()) or 1.0
    weight = dice.normal(0.0, spread, probe.head.weight.shape).astype(np.float32)
    head = LinearHead(weight, np.zeros_like(probe.head.bias), probe.head.classes)
    return replace(classifier, backbone=backbone, probe=replace(probe, head=head))
