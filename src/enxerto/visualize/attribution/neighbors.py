"""The nearest training photos: what a prediction rests on, told by example."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.classifier import Classifier
from enxerto.data import Limits, Photo, PhotoSet
from enxerto.engines import open_engine
from enxerto.features import extract, open_store
from enxerto.progress import Progress, silent
from enxerto.types import Features
from enxerto.visualize.attribution.explanation import Neighbor


@dataclass(frozen=True, eq=False)
class LearnedPhotos:
    """Photos that a classifier has learned from, by their features.

    Attributes:
        photos: with labels.
        directions: their features at unit length, float32, shape (photos, features).
    """

    photos: tuple[Photo, ...]
    directions: NDArray[np.float32]

    def nearest(self, features: Features, count: int) -> list[tuple[Neighbor, ...]]:
        """The photos that are most alike in the network's features, the most alike first.

        Args:
            features: float32, shape (batch, features).
            count: how many for each.
        """
        similarity = _unit(features) @ self.directions.T
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :count]
        return [
            tuple(self._neighbor(int(i), float(row[i])) for i in chosen)
            for row, chosen in zip(similarity, order, strict=True)
        ]

    def _neighbor(self, index: int, similarity: float) -> Neighbor:
        photo = self.photos[index]
        return Neighbor(photo.name, photo.path, photo.label or "", similarity)


def learned_photos(
    classifier: Classifier,
    candidates: PhotoSet,
    *,
    precision: str = "fp32",
    keep: bool = True,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> LearnedPhotos | None:
    """Of some photos those that a classifier has learned from, told by their content, each content once.

    Args:
        classifier: with a head of its own.
        candidates: with labels.
        precision: of the features; that of the training finds them in the store, where they were kept.
        keep: keep features for the next time.
        limits: of bytes and pixels a photo.
        progress: how to show it.

    Returns:
        `None` when there is none.
    """
    engine = open_engine(classifier.backbone, device=classifier.device, precision=precision)
    known = {row.tobytes() for row in classifier.learned_from}
    with open_store(engine, keep=keep) as store:
        table = extract(candidates, engine, store, limits=limits, progress=progress)
        first = {bytes.fromhex(table.records[i].sha256): i for i in reversed(table.readable)}
        rows = sorted(i for content, i in first.items() if content in known)
        if not rows:
            return None
        return LearnedPhotos(tuple(candidates.photos[i] for i in rows), _unit(table.matrix(rows)))


def photos_below(folder: Path, listed: list[tuple[str, str]]) -> PhotoSet:
    """Photos by name and label, as many as are still where they were, below a folder."""
    photos = [Photo(folder / name, name, label) for name, label in listed]
    return PhotoSet(folder, tuple(photo for photo in photos if photo.path.is_file()), "learned from")


def _unit(features: Features) -> NDArray[np.float32]:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)
