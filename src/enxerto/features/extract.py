"""Photos to features: read, look up, decode what is new, run the network, keep.

Worker threads take small chunks of photos the whole way from file to features; decoding and inference release the
interpreter lock, so they overlap without queues between them. Only a bounded number of chunks is in flight, and what
was finished is on disk: a second call goes on where a killed one stopped.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from enxerto.backbones import View
from enxerto.data import Limits, Photo, PhotoRecord, PhotoSet, inspect, read_bytes
from enxerto.engines import Engine
from enxerto.errors import PhotoError
from enxerto.features.row import pack, unpack
from enxerto.features.store import Store
from enxerto.features.table import FeatureTable
from enxerto.progress import Progress, silent
from enxerto.types import Images

ROWS_A_COMMIT = 128
SECONDS_A_COMMIT = 2.0
_CHUNKS_IN_FLIGHT = 2
_DECIDED_BY_LIMITS = frozenset({"bomb", "too-large"})
"""Verdicts that are not kept, because they may be others next time."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def extract(
    photos: PhotoSet,
    engine: Engine,
    store: Store,
    *,
    view: View | None = None,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> FeatureTable:
    """The features of every readable photo, from the store where it has them, else from the network.

    Args:
        photos: what to look at; a photo that can't be read gets a record that says why, and no features.
        engine: what computes features.
        store: where they are looked for and kept, as `open_store` gives it for this engine and view.
        view: how photos are looked at; as in use when `None`, which is view 0.
        limits: of bytes and pixels a photo.
        progress: how to show it.

    Raises:
        BusyError: another process holds the store.
        StorageError: the disk is full; what was computed so far is kept.
        IntegrityError: the store's file is damaged.
    """
    return extract_each(photos, engine, [(view or View(), store)], limits=limits, progress=progress)[0]


def extract_each(
    photos: PhotoSet,
    engine: Engine,
    wanted: Sequence[tuple[View, Store]],
    *,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> list[FeatureTable]:
    """As `extract` for several views, each with its store, in one pass: a photo is read and decoded once for all.

    Returns:
        A table a view; the records are those of the first view in all of them.
    """
    records: list[PhotoRecord | None] = [None] * len(photos)
    done = [_Pending(store) for _, store in wanted]
    work = _Worker(engine, wanted, limits or Limits())
    results = _in_parallel(work, _chunks(photos.photos, engine.chunk), engine.workers)
    with progress("features", len(photos) * len(wanted)) as advance, closing(results):
        try:
            for finished in results:
                for index, record in finished.records:
                    records[index] = record
                for pending, rows in zip(done, finished.rows, strict=True):
                    pending.add(rows)
                advance(len(finished.records) * len(wanted))
        finally:
            for pending in done:
                pending.flush()
    complete = tuple(record for record in records if record is not None)
    readable = tuple(i for i, record in enumerate(complete) if record.good)
    return [
        FeatureTable(photos, complete, readable, store, pending.count)
        for (_, store), pending in zip(wanted, done, strict=True)
    ]


_Chunk = Sequence[tuple[int, Photo]]


@dataclass
class _Finished:
    """Records of a chunk's photos, and the new rows of each view."""

    rows: list[list[tuple[bytes, bytes]]]
    records: list[tuple[int, PhotoRecord]] = field(default_factory=list)


@dataclass(frozen=True)
class _Worker:
    engine: Engine
    wanted: Sequence[tuple[View, Store]]
    limits: Limits

    def __call__(self, chunk: _Chunk) -> _Finished:
        """Take a chunk of photos from file to features."""
        finished = _Finished([[] for _ in self.wanted])
        contents: dict[bytes, bytes] = {}
        indices: dict[bytes, list[int]] = {}
        for index, photo in chunk:
            try:
                data = read_bytes(photo.path, self.limits)
            except PhotoError as error:
                finished.records.append((index, PhotoRecord("", error.code, error.detail)))
                continue
            key = hashlib.sha256(data).digest()
            contents[key] = data
            indices.setdefault(key, []).append(index)
        known = [self._known(store, contents) for _, store in self.wanted]
        new = self._compute(contents, known, finished)
        for key, record in {**known[0], **new[0]}.items():
            finished.records.extend((index, record) for index in indices[key])
        return finished

    def _known(self, store: Store, contents: dict[bytes, bytes]) -> dict[bytes, PhotoRecord]:
        rows = ((key, unpack(value)[0]) for key, value in store.get(contents))
        return {key: record for key, record in rows if record.width * record.height <= self.limits.pixels}

    def _compute(
        self, contents: dict[bytes, bytes], known: list[dict[bytes, PhotoRecord]], finished: _Finished
    ) -> list[dict[bytes, PhotoRecord]]:
        """Make what no store has; the records of each view."""
        records: list[dict[bytes, PhotoRecord]] = [{} for _ in self.wanted]
        images: list[list[Images]] = [[] for _ in self.wanted]
        for key, data in contents.items():
            missing = [place for place, rows in enumerate(known) if key not in rows]
            for place, record, image in self._looked_at(key, data, missing):
                records[place][key] = record
                if image is not None:
                    images[place].append(image)
                elif record.code not in _DECIDED_BY_LIMITS:
                    finished.rows[place].append((key, pack(record, None)))
        for place, batch in enumerate(images):
            if batch:
                good = ((key, record) for key, record in records[place].items() if record.good)
                rows = zip(good, self.engine.features(np.stack(batch)), strict=True)
                finished.rows[place].extend((key, pack(record, vector)) for (key, record), vector in rows)
        return records

    def _looked_at(
        self, key: bytes, data: bytes, places: list[int]
    ) -> Iterator[tuple[int, PhotoRecord, Images | None]]:
        """The images of some views of a photo, which is decoded once for each size that they need."""
        preprocessing = self.engine.backbone.preprocessing
        sides = {place: self.wanted[place][0].short_side_px(preprocessing) for place in places}
        for side in dict.fromkeys(sides.values()):
            record, decoded = inspect(data, short_side_px=side, limits=self.limits)
            for place in (place for place in places if sides[place] == side):
                view = self.wanted[place][0]
                yield place, record, None if decoded is None else view.image(decoded.image, key, preprocessing)


class _Pending:
    """Rows that wait for the next commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: list[tuple[bytes, bytes]] = []
        self._last = time.monotonic()
        self._keys: set[bytes] = set()

    @property
    def count(self) -> int:
        """Distinct photos; one that lies in several chunks may have been computed more than once."""
        return len(self._keys)

    def add(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._rows.extend(rows)
        self._keys.update(key for key, _ in rows)
        if len(self._rows) >= ROWS_A_COMMIT or time.monotonic() - self._last > SECONDS_A_COMMIT:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            self._store.put(rows)
        self._last = time.monotonic()


def _chunks(photos: Sequence[Photo], size: int) -> Iterator[_Chunk]:
    for start in range(0, len(photos), size):
        yield list(enumerate(photos[start : start + size], start))


def _in_parallel(work: Callable[[_Item], _Result], items: Iterable[_Item], workers: int) -> Generator[_Result]:
    """Results in order, with a bounded number of items under way."""
    waiting: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="enxerto-features")
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > workers * _CHUNKS_IN_FLIGHT:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
