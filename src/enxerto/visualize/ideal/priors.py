"""What images are kept to besides the objective: smoothness, and unlikeness to each other."""

from __future__ import annotations

import torch

LOOK_PX = 16


def total_variation(image: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference to the next pixel to the right plus that to the next one below; a scalar.

    Args:
        image: shape (3, height, width).

    Reference: Rudin, Osher & Fatemi 1992, doi:10.1016/0167-2789(92)90242-F; the anisotropic form.
    """
    across: torch.Tensor = (image[:, :, 1:] - image[:, :, :-1]).abs().mean()
    down = (image[:, 1:] - image[:, :-1]).abs().mean()
    return across + down


def look_of(image: torch.Tensor) -> torch.Tensor:
    """An image seen from far away, as one vector of length 1 about its mean."""
    small = torch.nn.functional.adaptive_avg_pool2d(image, LOOK_PX).flatten()
    centered = small - small.mean()
    unit: torch.Tensor = centered / centered.norm().clamp_min(1e-6)
    return unit


def likeness(image: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Mean cosine between how an image and how others look from far away; a scalar.

    Args:
        image: shape (3, height, width).
        others: what `look_of` gave for them, one a row.
    """
    mean: torch.Tensor = (others @ look_of(image)).mean()
    return mean
