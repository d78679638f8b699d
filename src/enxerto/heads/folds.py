"""Folds for cross-validation: classes spread evenly, groups never torn apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import DataError
from enxerto.types import Labels

Groups = Sequence[str] | Sequence[int] | NDArray[np.generic]
Folds = NDArray[np.int64]


def group_indices(groups: Groups | None, photos: int) -> NDArray[np.int64]:
    """Number the groups in order of first appearance; without groups every photo is its own.

    Args:
        groups: one name or number a photo, `None` when photos are independent.
        photos: how many there are.

    Returns:
        int64, shape (photos,).

    Raises:
        DataError: there is not exactly one group a photo.
    """
    if groups is None:
        return np.arange(photos, dtype=np.int64)
    if len(groups) != photos:
        raise DataError(f"`groups` must hold one entry a photo: expected {photos}, got {len(groups)}")
    _, first, inverse = np.unique(np.asarray(groups), return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return np.asarray(order[inverse.reshape(-1)], dtype=np.int64)


def stratified_folds(labels: Labels, *, groups: Groups | None = None, folds: int = 5, seed: int = 0) -> Folds:
    """Deal photos into folds.

    Groups of several photos go first, the largest first, each to the fold that has fewest photos of its classes;
    single photos are then dealt one by one to the fold that has fewest of their class. A class with two groups or
    more is therefore in every training side.

    Args:
        labels: int64 class indices, shape (photos,).
        groups: photos of one group stay in one fold.
        folds: how many at most; fewer when there are fewer groups.
        seed: of the dealing.

    Returns:
        The fold of each photo, int64, shape (photos,).

    Raises:
        DataError: there are fewer than two groups, so nothing can be held out.
    """
    numbers = group_indices(groups, len(labels))
    sizes = np.bincount(numbers)
    folds = min(folds, len(sizes))
    if folds < 2:
        raise DataError(f"cross-validation needs photos of 2 groups or more, got {len(sizes)}; add photos")
    generator = np.random.default_rng(seed)
    counts = np.zeros((folds, int(labels.max()) + 1), dtype=np.int64)
    fold_of_group = np.full(len(sizes), -1, dtype=np.int64)
    members = np.split(np.argsort(numbers, kind="stable"), np.cumsum(sizes)[:-1])
    shuffled = generator.permutation(len(sizes))
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        held = Counter(labels[members[group]].tolist())
        crowding = counts[:, list(held)] @ list(held.values())
        fold = int(np.lexsort((counts.sum(axis=1), crowding))[0])
        fold_of_group[group] = fold
        for label, photos in held.items():
            counts[fold, label] += photos
    return np.asarray(fold_of_group[numbers], dtype=np.int64)
