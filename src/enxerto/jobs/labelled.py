"""Readable photos with everything that training and evaluation need to know of them besides their features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.data import PhotoSet, clusters, find_duplicates, merge_groups
from enxerto.evaluation import Evaluation, evaluate
from enxerto.features import FeatureTable
from enxerto.heads import Decisions
from enxerto.types import Labels


@dataclass(frozen=True)
class Judged:
    """Which photos a classifier got right, to compare it with another one photo by photo.

    Attributes:
        names: of the photos evaluated that it has not seen, or of all where it has seen every one.
        right: bool, shape (photos,).
        groups: int64 group numbers, shape (photos,).
    """

    names: tuple[str, ...]
    right: NDArray[np.bool_]
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class LabelledPhotos:
    """Photos that have features; every array has one entry a photo.

    Attributes:
        photos: in the order of the features.
        classes: names.
        labels: indices into `classes`, int64.
        twins: exact and near duplicates have one number, int64.
        groups: photos that must stay on one side have one number, int64: twins, and groups named by the user.
        content: SHA-256 of each file, uint8, shape (photos, 32).
        short_sides: of the upright originals, in pixels, int64.
    """

    photos: PhotoSet
    classes: tuple[str, ...]
    labels: Labels
    twins: NDArray[np.int64]
    groups: NDArray[np.int64]
    content: NDArray[np.uint8]
    short_sides: NDArray[np.int64]

    @classmethod
    def of(cls, table: FeatureTable, classes: tuple[str, ...] | None = None) -> LabelledPhotos:
        """The readable photos of a table; `classes` are those of a model, or by default those of the photos."""
        photos = table.photos.subset(table.readable)
        records = [table.records[i] for i in table.readable]
        classes = photos.classes if classes is None else classes
        index = {name: number for number, name in enumerate(classes)}
        twins = clusters(len(photos), find_duplicates(records))
        content = b"".join(bytes.fromhex(record.sha256) for record in records)
        return cls(
            photos=photos,
            classes=classes,
            labels=np.array([index[photo.label or ""] for photo in photos.photos], dtype=np.int64),
            twins=np.array(twins, dtype=np.int64),
            groups=np.array(merge_groups(twins, [photo.group for photo in photos.photos]), dtype=np.int64),
            content=np.frombuffer(content, dtype=np.uint8).reshape(-1, 32),
            short_sides=np.array([min(record.width, record.height) for record in records], dtype=np.int64),
        )

    def with_twins(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The photos chosen, and every copy of them among these photos."""
        return chosen | np.isin(self.twins, self.twins[chosen])

    def measure(
        self,
        decisions: Decisions,
        evaluated: NDArray[np.int64],
        seen: NDArray[np.bool_],
        *,
        protocol: str,
        coverage: float,
        seed: int,
    ) -> tuple[Evaluation, tuple[str, ...], Evaluation | None]:
        """Evaluate decisions, and again without photos that the classifier has seen.

        Args:
            decisions: of the photos evaluated, in that order.
            evaluated: indices of photos.
            seen: of each evaluated photo, whether it, or a copy of it, was learned from.
            protocol: in words.
            coverage: stated coverage of the prediction sets.
            seed: of the bootstrap.

        Returns:
            The evaluation of all, the names of the seen ones, and the evaluation of the others, which is `None` where
            no photo or every photo was seen.
        """

        def measured(rows: NDArray[np.bool_]) -> Evaluation:
            chosen = evaluated[rows]
            return evaluate(
                decisions.rows(rows),
                self.labels[chosen],
                self.classes,
                [self.photos.photos[i].name for i in chosen],
                protocol=protocol,
                groups=self.groups[chosen],
                coverage=coverage,
                seed=seed,
            )

        names = tuple(self.photos.photos[i].name for i in evaluated[seen])
        others = measured(~seen) if seen.any() and not seen.all() else None
        return measured(np.ones(len(evaluated), dtype=bool)), names, others

    def judged(self, decisions: Decisions, evaluated: NDArray[np.int64], seen: NDArray[np.bool_]) -> Judged:
        """Which photos decisions are right on, of those that `measure` counts in the end; arguments as there."""
        chosen = seen if seen.all() else ~seen
        photos = evaluated[chosen]
        return Judged(
            names=tuple(self.photos.photos[i].name for i in photos),
            right=decisions.probabilities.argmax(axis=1)[chosen] == self.labels[photos],
            groups=self.groups[photos],
        )
