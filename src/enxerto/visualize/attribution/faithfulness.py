"""Deletion and insertion: are the pixels that a map calls important those that the network needs?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from enxerto.backbones import to_pixels
from enxerto.types import Images, Pixels
from enxerto.visualize.attribution.explanation import Faithfulness
from enxerto.visualize.attribution.subject import Subject

STEPS = 16
"""Parts that the pixels are taken away or put back in."""
BLUR = 5 / 224
"""Standard deviation of the blurred photo, as a share of the side; 5 pixels of 224, as the paper's code has it."""
_ROUGH = 7
"""Places along each side of a random map."""


def faithfulness(
    subject: Subject, image: Images, target: int, values: NDArray[np.float32], steps: int = STEPS
) -> Faithfulness:
    """Score a map of one photo.

    Pixels are taken away, and replaced by blank ones, in the order of the map's values, the largest first; and put back
    into a blurred photo in the same order. Equal values go by their place, row by row.

    Args:
        subject: the classifier.
        image: what the network looks at, uint8, shape (size, size, 3).
        target: index of the class.
        values: the map, shape (size, size).
        steps: how many parts.

    Reference: Petsiuk et al. 2018, arXiv:1806.07421, algorithm 1.
    """
    whole = to_pixels(image[None])[0]
    blank = np.broadcast_to(subject.blank[:, None, None], whole.shape)
    order = np.argsort(-values, axis=None, kind="stable")
    taken = _replaced(whole, blank, order, steps)
    put_back = _replaced(_blurred(whole), whole, order, steps)
    curves = subject.probabilities(np.concatenate([taken, put_back]))[:, target].reshape(2, steps + 1)
    return Faithfulness(_area(curves[0]), _area(curves[1]))


def smooth_noise(size_px: int, seed: int) -> NDArray[np.float32]:
    """A random map without fine detail, as a method might draw that knows nothing; shape (size, size)."""
    rough = np.random.default_rng(seed).random((_ROUGH, _ROUGH))
    return np.asarray(zoom(rough, size_px / _ROUGH, order=1, grid_mode=True, mode="nearest"), dtype=np.float32)


def _replaced(start: Pixels, other: Pixels, order: NDArray[np.int64], steps: int) -> Pixels:
    """The start with more and more of its pixels from another photo; shape (steps + 1, 3, size, size)."""
    states = np.repeat(start[None], steps + 1, axis=0).reshape(steps + 1, 3, -1)
    flat = other.reshape(3, -1)
    for step in range(1, steps + 1):
        chosen = order[: round(len(order) * step / steps)]
        states[step][:, chosen] = flat[:, chosen]
    return states.reshape(steps + 1, *start.shape)


def _blurred(pixels: Pixels) -> Pixels:
    spread = BLUR * pixels.shape[-1]
    return np.asarray(np.clip(gaussian_filter(pixels, (0, spread, spread), mode="nearest"), 0, 1), dtype=np.float32)


def _area(curve: NDArray[np.float64]) -> float:
    """Under a curve over [0, 1], by the trapezoidal rule."""
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))
