"""One step as far as the budget allows, to where the loss would be largest if it were linear.

Reference: Goodfellow et al. 2015, sec. 4, arXiv:1412.6572 (linf). For the other norms, and for photos that touch their
bounds, the farthest point is worked out as exactly.
"""

from __future__ import annotations

import torch

from enxerto.attack.ball import farthest
from enxerto.attack.found import Found
from enxerto.attack.goal import Goal
from enxerto.attack.loss import cross_entropy
from enxerto.attack.subject import Subject

NORMS = ("linf", "l2", "l1", "l0")


def run(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    radius: torch.Tensor,
    *,
    steps: int = 1,  # noqa: ARG001  # one step by its name
    restarts: int = 1,  # noqa: ARG001  # nothing is random
    seed: int = 0,  # noqa: ARG001
) -> Found:
    """Attack every photo within its own radius.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: one of `NORMS`.
        radius: at least 0, shape (photos,); a number of pixels for l0.
        steps: not used, as are restarts and seed.
        restarts: see steps.
        seed: see steps.
    """
    found = Found(pixels, goal, norm)
    slope = cross_entropy(goal, subject.classes).slope(subject, pixels)
    found.offer(pixels, slope.logits)
    found.mark_flat(slope.gradient)
    left = found.open
    if len(left):
        points = farthest(pixels[left], slope.gradient[left], radius[left], norm)
        found.offer(points, subject.logits(points), left)
    return found
