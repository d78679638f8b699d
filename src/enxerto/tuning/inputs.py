"""What a network that is tuned gets to see: batches of views, as pixels or as maps of its frozen part."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.backbones import Augmentation, Preprocessing, View
from enxerto.data import Limits, PhotoSet, decode, read_bytes
from enxerto.engines import Engine
from enxerto.features import FeatureTable, extract
from enxerto.features.store import Store
from enxerto.features.stores import store_key
from enxerto.progress import Progress
from enxerto.tuning.team import Team

READERS = 2


class Inputs(ABC):
    """Batches of photos as the learning part of a network takes them; the same ones in every process and every run."""

    @abstractmethod
    def prepare(self, view: int, progress: Progress) -> None:
        """Make ready what batches of a view need, unless it is there already."""

    @abstractmethod
    def batch(self, rows: NDArray[np.int64], view: int) -> torch.Tensor:
        """A view of each of these photos, float32, shape (rows, …)."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what batches were read from."""


@dataclass
class Maps(Inputs):
    """Maps of the frozen part, made once for each view and kept in a folder for as long as the run lasts.

    Args:
        photos: readable ones.
        learned: which of them are learned from; only those are shown in other views than 0.
        engine: runs the frozen part.
        shape: of one photo's maps.
        folder: where they are kept.
        augmentation: how views differ.
        seed: of the views.
        limits: of bytes and pixels a photo.
        team: of which the leader makes the maps, and all read them.
    """

    photos: PhotoSet
    learned: NDArray[np.bool_]
    engine: Engine
    shape: tuple[int, ...]
    folder: Path
    augmentation: Augmentation
    seed: int
    limits: Limits | None
    team: Team
    _tables: dict[int, FeatureTable] = field(default_factory=dict)

    def prepare(self, view: int, progress: Progress) -> None:
        """Run the frozen part on a view of every photo."""
        if view in self._tables:
            return
        if self.team.leads:
            self._tables[view] = self._table(view, progress)
        self.team.wait()
        if not self.team.leads:
            self._tables[view] = self._table(view, progress)

    def _table(self, view: int, progress: Progress) -> FeatureTable:
        seen = View(view, self.augmentation, self.seed)
        store = Store(self.folder / f"{store_key(self.engine, seen)}.sqlite")
        photos = self.photos if view == 0 else self.photos.subset(np.flatnonzero(self.learned).tolist())
        return extract(photos, self.engine, store, view=seen, limits=self.limits, progress=progress)

    def close(self) -> None:
        """Close the files of maps."""
        for table in self._tables.values():
            table.store.close()
        self._tables.clear()

    def batch(self, rows: NDArray[np.int64], view: int) -> torch.Tensor:
        """Maps from the disk, channels last where they are pictures."""
        if not len(rows):
            return torch.empty(0, *self.shape)
        places = rows if view == 0 else np.cumsum(self.learned)[rows] - 1
        maps = torch.from_numpy(self._tables[view].matrix(places.tolist()).reshape(len(rows), *self.shape))
        return maps.contiguous(memory_format=torch.channels_last) if maps.ndim == 4 else maps


@dataclass
class Pictures(Inputs):
    """Pixels, decoded anew for each batch, for networks that learn from the bottom up.

    Args:
        photos: readable ones.
        preprocessing: of the backbone.
        augmentation: how views differ.
        seed: of the views.
        limits: of bytes and pixels a photo.
    """

    photos: PhotoSet
    preprocessing: Preprocessing
    augmentation: Augmentation
    seed: int
    limits: Limits | None

    def prepare(self, view: int, progress: Progress) -> None:
        """Nothing is made beforehand."""

    def close(self) -> None:
        """Nothing was opened."""

    def batch(self, rows: NDArray[np.int64], view: int) -> torch.Tensor:
        """Pixels in [0, 1], shape (rows, 3, size, size), channels last."""
        if not len(rows):
            return torch.empty(0, 3, self.preprocessing.size_px, self.preprocessing.size_px)
        seen = View(view, self.augmentation, self.seed)
        with ThreadPoolExecutor(READERS) as pool:
            images = np.stack(list(pool.map(lambda row: self._image(int(row), seen), rows)))
        return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255

    def _image(self, row: int, view: View) -> NDArray[np.uint8]:
        limits = self.limits or Limits()
        content = read_bytes(self.photos.photos[row].path, limits)
        decoded = decode(content, short_side_px=view.short_side_px(self.preprocessing), limits=limits)
        return view.image(decoded.image, hashlib.sha256(content).digest(), self.preprocessing)
