"""Features of several views of each photo: a cheap middle way between a linear probe and fine-tuning."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Augmentation, View
from enxerto.data import Limits, PhotoRecord, PhotoSet
from enxerto.engines import Engine
from enxerto.errors import OptionError
from enxerto.features.extract import extract_each
from enxerto.features.stores import open_store
from enxerto.progress import Progress, silent


@dataclass(frozen=True)
class ViewFeatures:
    """What `extract_views` returns.

    Attributes:
        records: one a photo, readable or not.
        readable: indices of the photos that have features, ascending.
        vectors: float32, shape (readable photos, views, features); view 0, the photo as it is seen in use, comes first.
        computed: how many distinct photos went through the network this time, each view counted.
    """

    records: tuple[PhotoRecord, ...]
    readable: tuple[int, ...]
    vectors: NDArray[np.float32]
    computed: int


def extract_views(
    photos: PhotoSet,
    engine: Engine,
    views: int,
    augmentation: Augmentation | None = None,
    seed: int = 0,
    *,
    keep: bool = True,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> ViewFeatures:
    """The features of several views of every readable photo; each view has a store of its own, view 0 the usual one.

    Args:
        photos: what to look at; a photo that can't be read gets a record that says why, and no features.
        engine: what computes features.
        views: how many; 1 is view 0 only.
        augmentation: how much the others differ; the default when `None`.
        seed: of the others.
        keep: keep features for the next time.
        limits: of bytes and pixels a photo.
        progress: how to show it; counts photos times views.

    Raises:
        OptionError: less than one view, or a negative seed.
        BusyError: another process holds a store.
        StorageError: the disk is full; what was computed so far is kept.
        IntegrityError: the file of a store is damaged.
    """
    if views < 1:
        raise OptionError(f"`views` must be 1 or more, got {views}; 1 is the photo itself, 8 is usual")
    numbered = [View(number, augmentation or Augmentation(), seed) for number in range(views)]
    with ExitStack() as open_stores:
        wanted = [(view, open_stores.enter_context(open_store(engine, keep=keep, view=view))) for view in numbered]
        tables = extract_each(photos, engine, wanted, limits=limits, progress=progress)
        records, readable = tables[0].records, tables[0].readable
        vectors = np.empty((0, views, 0), dtype=np.float32)
        if readable:
            first = tables[0].matrix()
            vectors = np.empty((len(first), views, first.shape[1]), dtype=np.float32)
            vectors[:, 0] = first
            for number, table in enumerate(tables[1:], 1):
                vectors[:, number] = table.matrix()
    return ViewFeatures(records, readable, vectors, sum(table.computed for table in tables))
