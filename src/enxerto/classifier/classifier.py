"""Preprocessing, backbone and head in one: the thing that is saved, served, explained and attacked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import CLASSES, DEFAULT, Backbone, Preprocessing, find, open_backbone
from enxerto.backbones.imagenet import imagenet_classes, require_imagenet
from enxerto.classifier.prediction import Prediction
from enxerto.data import Limits, PhotoRecord, PhotoSet, list_unlabeled
from enxerto.engines import Engine, HeadArrays, logit_network, open_engine
from enxerto.errors import OptionError
from enxerto.features import extract, open_store
from enxerto.heads import Decisions, LinearProbe
from enxerto.heads.calibration import softmax
from enxerto.progress import Progress, silent
from enxerto.types import Features, Images, Logits, Pixels

if TYPE_CHECKING:
    import torch

PHOTOS_A_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Classifier:
    """Pixels to logits over named classes.

    Attributes:
        backbone: the pretrained network below.
        classes: names, in the order of logits and probabilities.
        probe: the grafted head with its calibration; `None` for the backbone's own ImageNet classes.
        learned_from: SHA-256 of the content of every photo the head has learned from, uint8, shape (photos, 32).
        device: as for `open_engine`.
        precision: `fp32`, which gives the same probabilities on every machine, or `bf16`.
        bounds: of the pixels.
    """

    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)

    backbone: Backbone
    classes: tuple[str, ...]
    probe: LinearProbe | None = None
    learned_from: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 32), dtype=np.uint8), repr=False)
    device: str = "auto"
    precision: str = "fp32"

    @classmethod
    def from_backbone(cls, name: str = DEFAULT, *, device: str = "auto", offline: bool = False) -> Classifier:
        """A backbone with the 1,000 ImageNet classes that it was trained on.

        Raises:
            UnknownNameError: there is no such backbone.
            OptionError: it was trained on other classes (in21k, CLIP, …).
            WeightsMissingError: its weights are not here and can't be fetched.
        """
        require_imagenet(find(name))
        return cls(open_backbone(name, offline=offline), imagenet_classes(), device=device)

    @classmethod
    def load(
        cls, path: str | Path, *, device: str = "auto", precision: str = "fp32", offline: bool = False
    ) -> Classifier:
        """Load a saved model, after every checksum and shape in it was checked.

        Args:
            path: the model's directory.
            device: as for `open_engine`.
            precision: `fp32` or `bf16`.
            offline: don't download the backbone of a slim model.

        Raises:
            IntegrityError: something in the directory is not what it should be; nothing was loaded.
            WeightsMissingError: the model is slim and its backbone is not here.
        """
        from enxerto.classifier.directory import load

        return load(Path(path), device=device, precision=precision, offline=offline)

    @property
    def preprocessing(self) -> Preprocessing:
        """How photos become pixels."""
        return self.backbone.preprocessing

    @cached_property
    def engine(self) -> Engine:
        """What runs it; opened at first use."""
        return open_engine(self.backbone, head=self.head, device=self.device, precision=self.precision)

    @cached_property
    def network(self) -> torch.nn.Module:
        """Pixels to logits as a PyTorch module: frozen, evaluation mode."""
        return logit_network(self.backbone, self.head)

    @property
    def head(self) -> HeadArrays | None:
        """The head with the temperature divided out, so that the softmax of its logits is calibrated."""
        if self.probe is None:
            return None
        head, temperature = self.probe.head, self.probe.temperature
        return HeadArrays((head.weight / temperature).astype(np.float32), (head.bias / temperature).astype(np.float32))

    @overload
    def __call__(self, pixels: torch.Tensor) -> torch.Tensor: ...
    @overload
    def __call__(self, pixels: Pixels | Images) -> Logits: ...
    def __call__(self, pixels: torch.Tensor | Pixels | Images) -> torch.Tensor | Logits:
        """Logits whose softmax is the calibrated probability.

        Args:
            pixels: float32 in [0, 1], shape (batch, 3, size, size), before normalization. A tensor goes through
                PyTorch and can be differentiated; an array goes through the engine, which is faster.

        Returns:
            Shape (batch, classes).

        Raises:
            BoundsError: an array outside [0, 1].
        """
        if isinstance(pixels, np.ndarray):
            return self.engine.logits(pixels)
        logits: torch.Tensor = self.network(pixels)
        return logits

    def decide(self, features: Features) -> Decisions:
        """Probabilities, prediction sets and familiarity of photos whose features are known.

        Raises:
            OptionError: the classifier has no head of its own.
        """
        if self.probe is None:
            raise OptionError("a backbone with its own classes has no head to decide with; pass pixels instead")
        return self.probe.decide(features)

    def predict(
        self,
        photos: str | Path | Sequence[str | Path] | PhotoSet,
        *,
        limits: Limits | None = None,
        progress: Progress = silent,
    ) -> list[Prediction]:
        """Classify photos.

        Args:
            photos: files and folders (looked through recursively), or a `PhotoSet`.
            limits: of bytes and pixels a photo.
            progress: how to show it.

        Returns:
            One prediction a photo, in a stable order; a photo that can't be read gets one that says why.
        """
        return list(self.stream(photos, limits=limits, progress=progress))

    def stream(
        self,
        photos: str | Path | Sequence[str | Path] | PhotoSet,
        *,
        limits: Limits | None = None,
        progress: Progress = silent,
    ) -> Iterator[Prediction]:
        """As `predict`, one at a time, in memory that doesn't grow with the number of photos."""
        listed = photos if isinstance(photos, PhotoSet) else list_unlabeled(_paths(photos))
        with progress("predicting", len(listed)) as advance:
            for start in range(0, len(listed), PHOTOS_A_BLOCK):
                block = listed.subset(range(start, min(start + PHOTOS_A_BLOCK, len(listed))))
                yield from self._predict_block(block, limits)
                advance(len(block))

    def _predict_block(self, block: PhotoSet, limits: Limits | None) -> Iterator[Prediction]:
        with open_store(self._vector_engine, keep=False) as store:
            table = extract(block, self._vector_engine, store, limits=limits)
            answers = self._answers(table.matrix()) if table.readable else iter(())
        for photo, record in zip(block.photos, table.records, strict=True):
            yield next(answers)(photo.name) if record.good else _unreadable(photo.name, record)

    @cached_property
    def _vector_engine(self) -> Engine:
        """What makes the vectors that predictions are read off: features, or the backbone's own logits."""
        if self.probe is not None:
            return self.engine
        return open_engine(replace(self.backbone, layer=CLASSES), device=self.device, precision=self.precision)

    def _answers(self, vectors: Features) -> Iterator[Callable[[str], Prediction]]:
        """A prediction for each row, once it gets its photo's name."""
        if self.probe is None:
            probabilities = softmax(vectors.astype(np.float64))
            nothing = np.zeros(len(vectors), dtype=bool)
            decisions = Decisions(probabilities, np.zeros_like(probabilities, dtype=bool), probabilities[:, 0], nothing)
        else:
            decisions = self.probe.decide(vectors)
        for row in range(len(vectors)):
            yield partial(self._prediction, decisions, row)

    def _prediction(self, decisions: Decisions, row: int, name: str) -> Prediction:
        probabilities = decisions.probabilities[row]
        best = int(probabilities.argmax())
        return Prediction(
            name=name,
            label=self.classes[best],
            probability=float(probabilities[best]),
            probabilities=tuple(probabilities.tolist()),
            prediction_set=tuple(self.classes[i] for i in np.flatnonzero(decisions.sets[row])),
            unfamiliar=bool(decisions.unfamiliar[row]),
        )


def _unreadable(name: str, record: PhotoRecord) -> Prediction:
    return Prediction(name, None, 0.0, (), (), False, f"{record.detail} ({record.code})")


def _paths(photos: str | Path | Sequence[str | Path]) -> list[Path]:
    return [Path(photos)] if isinstance(photos, str | Path) else [Path(photo) for photo in photos]
