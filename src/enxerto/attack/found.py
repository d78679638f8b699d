"""The best point that an attack has seen for each photo, whatever it tries next."""

from __future__ import annotations

import torch

from enxerto.attack.goal import Goal
from enxerto.attack.norms import distance
from enxerto.attack.subject import Subject


class Found:
    """Keeps, for each photo, the smallest change that fools; without one, the photo as it was.

    Args:
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width); never changed.
        goal: of the attack.
        norm: that changes are measured in.

    Attributes:
        best: the points, shape of the photos.
        success: which of them fool, bool, shape (photos,).
        distances: their changes, float32, shape (photos,); infinite without success.
        flat: photos whose gradient was zero in every value where an attack started, bool, shape (photos,). There was
            nothing to climb: that such a photo wasn't fooled says nothing about the classifier.
    """

    def __init__(self, pixels: torch.Tensor, goal: Goal, norm: str) -> None:
        self.pixels = pixels
        self.goal = goal
        self.norm = norm
        self.best = pixels.clone()
        self.success = torch.zeros(len(pixels), dtype=torch.bool)
        self.distances = torch.full((len(pixels),), torch.inf)
        self.flat = torch.zeros(len(pixels), dtype=torch.bool)

    def offer(self, points: torch.Tensor, logits: torch.Tensor, rows: torch.Tensor | None = None) -> torch.Tensor:
        """Take points that fool with less change than what there is.

        Args:
            points: shape (n, 3, height, width).
            logits: what the classifier says of them, shape (n, classes).
            rows: which photos they are of, int64, shape (n,); all in order when `None`.

        Returns:
            Which of the points fool, bool, shape (n,).
        """
        rows = torch.arange(len(self.pixels)) if rows is None else rows
        fooled = self.goal.rows(rows).reached(logits)
        sizes = distance(points - self.pixels[rows], self.norm)
        better = fooled & (sizes < self.distances[rows])
        chosen = rows[better]
        self.best[chosen] = points[better]
        self.distances[chosen] = sizes[better]
        self.success[chosen] = True
        return fooled

    def mark_flat(self, gradient: torch.Tensor, rows: torch.Tensor | None = None) -> None:
        """Remember which of the gradients at the start are zero.

        Args:
            gradient: shape (n, 3, height, width).
            rows: which photos they are of, int64, shape (n,); all in order when `None`.
        """
        rows = torch.arange(len(self.pixels)) if rows is None else rows
        self.flat[rows] |= ~gradient.flatten(1).any(1)

    def absorb(self, other: Found, rows: torch.Tensor, radius: torch.Tensor | None = None) -> None:
        """Take what another attack found for some of the photos where it is better.

        Args:
            other: of the photos in these rows, in the same norm; what counts as fooling is up to its own goal.
            rows: int64, shape (photos of the other,).
            radius: what is farther from its photo doesn't count, shape (photos of the other,).
        """
        better = other.distances < self.distances[rows]
        if radius is not None:
            better &= other.distances <= radius
        self.best[rows[better]] = other.best[better]
        self.distances[rows[better]] = other.distances[better]
        self.success[rows[better]] = True
        self.flat[rows] |= other.flat

    @property
    def open(self) -> torch.Tensor:
        """Photos without a point that fools, int64 indices."""
        return torch.nonzero(~self.success)[:, 0]


def look(subject: Subject, pixels: torch.Tensor, goal: Goal, norm: str) -> Found:
    """Where every attack begins: a photo that fools as it is needs no change.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: that changes are measured in.
    """
    found = Found(pixels, goal, norm)
    found.offer(pixels, subject.logits(pixels))
    return found
