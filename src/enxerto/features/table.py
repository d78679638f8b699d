"""The features of many photos: which photos, and their vectors in the store, read when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from enxerto.data import PhotoRecord, PhotoSet
from enxerto.errors import DataError
from enxerto.features.row import unpack
from enxerto.features.store import Store
from enxerto.types import Features


@dataclass(frozen=True)
class FeatureTable:
    """What `extract` returns; holds no vectors itself, so its size hardly grows with the number of photos.

    Attributes:
        photos: every photo asked for, readable or not.
        records: one a photo, in the same order.
        readable: indices of the photos that have features, ascending.
        store: where the vectors are.
        computed: how many distinct photos were decoded and run through the network this time.
    """

    photos: PhotoSet
    records: tuple[PhotoRecord, ...]
    readable: tuple[int, ...]
    store: Store
    computed: int

    def matrix(self, indices: Sequence[int] | None = None) -> Features:
        """Vectors of readable photos.

        Args:
            indices: into `photos`; all of `readable` by default.

        Returns:
            float32, shape (len(indices), features).

        Raises:
            DataError: an index of a photo that was not readable, or no photo at all.
        """
        wanted = self.readable if indices is None else indices
        keys = [bytes.fromhex(self.records[i].sha256) for i in wanted]
        rows: dict[bytes, list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(key, []).append(row)
        matrix: Features | None = None
        missing = set(rows)
        for key, value in self.store.get(rows):
            vector = unpack(value)[1]
            if not len(vector):
                continue
            if matrix is None:
                matrix = np.empty((len(keys), len(vector)), dtype=np.float32)
            matrix[rows[key]] = vector
            missing.discard(key)
        if matrix is None or missing:
            raise DataError(
                f"{len(missing)} of {len(keys)} photos have no features in {self.store.path}; extract again"
            )
        return matrix
