"""What an explanation of one answer is made of: maps, how far to trust them, and photos that were learned from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Images


@dataclass(frozen=True)
class Faithfulness:
    """Whether the pixels that a map calls important are those that the network needs.

    Attributes:
        deletion: area under the class's probability while pixels are taken away, the most important first, in [0, 1];
            low is good.
        insertion: the same while they are put back into a blurred photo; high is good.

    Reference: Petsiuk et al. 2018, arXiv:1806.07421, section 4.2.
    """

    deletion: float
    insertion: float


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much each pixel that the network saw speaks for a class, by one method.

    Attributes:
        method: one of `METHODS`.
        values: float32, shape (size, size); above zero speaks for the class, below against it. Only the order and the
            ratios of a map's values mean something.
        faithfulness: deletion and insertion scores of the map; `None` where they weren't computed.
        random_weights: rank correlation with the map of the same network with random weights; `None` where it wasn't
            computed.
    """

    method: str
    values: NDArray[np.float32] = field(repr=False)
    faithfulness: Faithfulness | None = None
    random_weights: float | None = None


@dataclass(frozen=True)
class Neighbor:
    """A photo that the classifier has learned from, near the one explained in the network's features.

    Attributes:
        name: as in the training folder.
        path: of the file.
        label: its class in training.
        similarity: cosine of the features, in [-1, 1].
    """

    name: str
    path: Path
    label: str
    similarity: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a classifier gives a photo a class.

    Attributes:
        name: of the photo.
        path: of its file.
        label: the class predicted.
        probability: of `label`.
        target: the class explained.
        target_probability: its probability.
        unfamiliar: the photo looks like none of those learned from.
        square: what the network saw, uint8, shape (size, size, 3).
        box: where that lies in the upright photo: left, top, right, bottom, in pixels of its own size.
        attributions: one a method.
        chance: the scores of a smooth random map, to compare those of the methods with; `None` likewise.
        neighbors: the nearest photos learned from, the nearest first; empty where nobody can tell.
    """

    name: str
    path: Path
    label: str
    probability: float
    target: str
    target_probability: float
    unfamiliar: bool
    square: Images = field(repr=False)
    box: tuple[int, int, int, int]
    attributions: tuple[Attribution, ...]
    chance: Faithfulness | None = None
    neighbors: tuple[Neighbor, ...] = ()


@dataclass(frozen=True)
class SanityCheck:
    """Does a method look at what the network has learned?

    Attributes:
        method: one of `METHODS`.
        correlation: mean rank correlation, over photos, of its maps with those for random weights, in [-1, 1].
        photos: how many.
        passed: the maps are not mostly the same without anything learned.

    Reference: Adebayo et al. 2018, arXiv:1810.03292, section 3.
    """

    method: str
    correlation: float
    photos: int
    passed: bool
