"""Does a photo look like anything the classifier has learned from? The score behind "none of these"."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Features, Labels

NEIGHBORS = 3
BANK_PHOTOS = 2000
REJECTED_SHARE = 0.05
BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Familiarity:
    """A bank of training photos to compare with.

    Attributes:
        bank: unit-length features, float16, shape (photos, features).
        threshold: the score below which a photo is unfamiliar.
        neighbors: how many of the nearest photos are averaged.

    Reference: Sun et al. 2022, arXiv:2204.06507.
    """

    bank: NDArray[np.float16]
    threshold: float
    neighbors: int = NEIGHBORS

    def score(self, features: Features) -> NDArray[np.float64]:
        """Mean cosine similarity to the nearest photos of the bank, in [-1, 1]; float64, shape (photos,)."""
        return _mean_of_nearest(features, self.bank, self.neighbors, None, None)


def fit_familiarity(
    features: Features,
    labels: Labels,
    groups: NDArray[np.int64],
    *,
    new: NDArray[np.bool_] | None = None,
    rejected: float = REJECTED_SHARE,
    seed: int = 0,
) -> Familiarity:
    """Choose the bank, and the threshold that turns `rejected` of the training photos away.

    A training photo is scored as if it were new: it is not compared with itself nor with photos of its group.

    Args:
        features: float32, shape (photos, features).
        labels: int64, shape (photos,).
        groups: int64, shape (photos,); duplicates share a group.
        new: photos whose scores tell how new ones score, bool, shape (photos,); all when `None`. Where a network was
            tuned on the photos, the others are more alike than new ones will be.
        rejected: share of photos like these to turn away.
        seed: of the choice of the bank, where there are more than `BANK_PHOTOS` photos.
    """
    chosen = _balanced_sample(labels, BANK_PHOTOS, seed)
    bank = familiar_bank(features, labels, seed=seed)
    like_new = slice(None) if new is None else new
    scores = np.sort(_mean_of_nearest(features[like_new], bank, NEIGHBORS, groups[like_new], groups[chosen]))
    rank = math.floor((len(scores) + 1) * rejected + 1e-9)
    threshold = float(scores[rank - 1]) if rank > 0 else -1.0
    return Familiarity(bank, threshold)


def familiar_bank(features: Features, labels: Labels, *, seed: int = 0) -> NDArray[np.float16]:
    """Features of the photos to compare new ones with, at unit length; where there are many, a sample of each class.

    Args:
        features: float32, shape (photos, features).
        labels: int64, shape (photos,).
        seed: of the choice.
    """
    return _unit(features[_balanced_sample(labels, BANK_PHOTOS, seed)]).astype(np.float16)


def _unit(features: Features) -> NDArray[np.float32]:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def _balanced_sample(labels: Labels, photos: int, seed: int) -> NDArray[np.int64]:
    """Indices of at most `photos` photos: the first of every class, then the second of every class, and so on."""
    if len(labels) <= photos:
        return np.arange(len(labels), dtype=np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    sizes = np.bincount(labels)
    turn = np.concatenate([np.arange(size) for size in sizes])
    return np.sort(by_class[np.argsort(turn, kind="stable")[:photos]])


def _mean_of_nearest(
    features: Features,
    bank: NDArray[np.float16],
    neighbors: int,
    groups: NDArray[np.int64] | None,
    bank_groups: NDArray[np.int64] | None,
) -> NDArray[np.float64]:
    against = np.ascontiguousarray(bank.astype(np.float32).T)
    scores = np.empty(len(features))
    for start in range(0, len(features), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        similarity = (_unit(features[block]) @ against).astype(np.float64)
        if groups is not None:
            similarity[groups[block, None] == bank_groups] = -np.inf
        kept = min(neighbors, similarity.shape[1])
        nearest = np.partition(similarity, similarity.shape[1] - kept, axis=1)[:, -kept:]
        scores[block] = nearest.mean(axis=1, where=np.isfinite(nearest))
    return scores
