"""The photos that a network is tuned on: which to learn from, which to choose by, and the head to start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.data import Limits, PhotoSet
from enxerto.errors import DataError
from enxerto.heads import ClassWeight
from enxerto.heads.calibration import fit_temperature
from enxerto.heads.folds import stratified_folds
from enxerto.heads.linear import solve
from enxerto.tuning.initialization import initial_head
from enxerto.types import Labels

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Start:
    """A head to start from.

    Attributes:
        weight: float32, shape (classes, features).
        bias: float32, shape (classes,).
        C: inverse strength of the penalty that it was solved with.
        search: every C tried with its out-of-fold log loss.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    C: float
    search: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Material:
    """The photos to tune on, and what is known of them.

    Attributes:
        photos: n readable ones.
        content: SHA-256 of each photo's file, uint8, shape (n, 32).
        labels: int64 indices into `classes`, shape (n,).
        classes: names.
        groups: photos of one group stay together, int64, shape (n,).
        features: to solve the first head on, float32, shape (n, views, features); view 0 first.
        validation: rows to choose the best weights by; a part of each round's photos is held out when there are none.
        class_weight: `balanced` lets every class count the same.
        coverage: stated coverage of the prediction sets.
        seed: of everything random.
        limits: of bytes and pixels a photo.
    """

    photos: PhotoSet
    content: NDArray[np.uint8]
    labels: Labels
    classes: tuple[str, ...]
    groups: NDArray[np.int64]
    features: NDArray[np.float32]
    validation: NDArray[np.int64]
    class_weight: ClassWeight
    coverage: float
    seed: int
    limits: Limits | None

    def parts(self, learned: Rows, share: float) -> tuple[Rows, Rows]:
        """Rows to learn from, and rows to choose the best weights by.

        Args:
            learned: rows that a round may learn from.
            share: of them to hold out, where there are no photos for validation.

        Raises:
            DataError: a class has too few photos to hold one out.
        """
        if len(self.validation):
            return learned, self.validation
        labels, groups = self.labels[learned], self.groups[learned]
        for index, name in enumerate(self.classes):
            if len(np.unique(groups[labels == index])) < 2:
                raise DataError(
                    f"fine-tuning holds photos of each class out to see when to stop, and {name!r} has only one to "
                    "learn from; add photos of it"
                )
        fold_of = stratified_folds(labels, groups=groups, folds=max(2, round(1 / share)), seed=self.seed)
        return learned[fold_of != 0], learned[fold_of == 0]

    def weights(self, learn: Rows) -> NDArray[np.float32]:
        """How much a photo of each class counts among these rows; float32, shape (classes,)."""
        if self.class_weight is None:
            return np.ones(len(self.classes), dtype=np.float32)
        counts = np.bincount(self.labels[learn], minlength=len(self.classes))
        return (len(learn) / len(self.classes) / counts).astype(np.float32)

    def start(self, learn: Rows, initialization: str) -> Start:
        """The head to start from: solved on the very photos that will be learned from, or random.

        A solved head's logits are divided by its temperature, so that the first steps don't go into making the network
        as sure as it should be.

        Args:
            learn: rows.
            initialization: as `Recipe` has it.
        """
        views = self.features.shape[1]
        labels = np.repeat(self.labels[learn], views)
        solved = solve(
            self.features[learn].reshape(len(labels), -1),
            labels,
            self.classes,
            groups=np.repeat(self.groups[learn], views),
            class_weight=self.class_weight,
            seed=self.seed,
        )
        if initialization == "solved":
            known = solved.answerable
            temperature = fit_temperature(solved.out_of_fold_logits[known], labels[known])
            head = solved.head.weight / np.float32(temperature), solved.head.bias / np.float32(temperature)
            weight, bias = torch.from_numpy(head[0]), torch.from_numpy(head[1])
        else:
            generator = torch.Generator().manual_seed(self.seed)
            weight, bias = initial_head(initialization, self.features.shape[2], len(self.classes), generator)
        return Start(weight, bias, solved.C, solved.search)
