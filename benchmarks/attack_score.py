"""Scores of attacks from the distances of their points, photo by photo."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

Distances = Sequence[float]
"""Of the photos, in one order; infinite where a point doesn't fool."""


def joint_best(sides: Sequence[Distances]) -> list[float]:
    """The smallest change that any side has found, photo by photo."""
    return [min(photo) for photo in zip(*sides, strict=True)]


def area(distances: Distances, limit: float) -> float:
    """Under the curve of accuracy against radius, from 0 to the limit; all photos are right to begin with."""
    return statistics.mean(min(distance, limit) for distance in distances)


def optimality(distances: Distances, best: Distances) -> float:
    """AttackBench's: 1 where nobody was nearer to any photo, 0 where nothing was found.

    The curves end where that of the joint best is down at 0: at the largest of its finite distances.

    References: Cinà et al. 2025, AAAI, arXiv:2404.19460.
    """
    limit = max((distance for distance in best if math.isfinite(distance)), default=0.0)
    least = area(best, limit)
    return 1.0 if limit == least else 1 - (area(distances, limit) - least) / (limit - least)


def ratio(distances: Distances, best: Distances) -> float:
    """Geometric mean of distances in units of the photo's best; of photos where both are known."""
    pairs = [pair for pair in zip(distances, best, strict=True) if all(map(math.isfinite, pair))]
    logs = [math.log(distance / least) for distance, least in pairs if least > 0]
    return math.exp(statistics.mean(logs)) if logs else math.nan


def robust(distances: Distances, radius: float) -> float:
    """Accuracy that is left at a radius."""
    return statistics.mean(distance > radius for distance in distances)


def median(distances: Distances) -> float:
    """Of all photos; infinite where most are not fooled."""
    return statistics.median(distances)
