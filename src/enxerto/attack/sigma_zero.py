"""sigma-zero: a smooth stand-in for the number of changed pixels, and a threshold that drops the small changes."""

from __future__ import annotations

import math

import torch

from enxerto.attack.boundary import confirm
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb
from enxerto.attack.prune import COST, prune
from enxerto.attack.subject import Subject

_SIGMA = 1e-3
_RATE, _LAST_RATE = 1.0, 0.1
_THRESHOLD, _THRESHOLD_STEP = 0.3, 0.01
_FIRST_MOMENT, _SECOND_MOMENT = 0.9, 0.999
_TINY = 1e-12
_SHARE = 5


def run(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    *,
    steps: int,
    seed: int,
    start: torch.Tensor | None = None,
) -> Found:
    """The fewest changed pixels that fool.

    What is counted are pixels, places of the photo, as in `norms`: one, two or all three values of a pixel may change
    for the price of one. The paper counts values; here stand-in and threshold see the length of a pixel's change. At
    the end, pixels that aren't needed are given back.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: `l0`.
        steps: gradients a photo, of which a fifth's worth is spent on giving pixels back.
        seed: not used, nothing is drawn.
        start: where to begin, shape of the photos; the photos when `None`.

    References: Cinà et al. 2025, Alg. 1, arXiv:2402.01879; Kingma & Ba 2015 (Adam), arXiv:1412.6980.
    """
    del seed
    found = look(subject, pixels, goal, norm)
    rounds = steps // (_SHARE * COST)
    descend(subject, found, found.open, steps - rounds * COST, start)
    prune(subject, found, rounds)
    confirm(subject, found)
    return found


def descend(subject: Subject, found: Found, rows: torch.Tensor, steps: int, start: torch.Tensor | None = None) -> None:
    """Run the attack on some of the photos and keep in `found` what it sees.

    Args:
        subject: under attack.
        found: gives the photos and the goal.
        rows: which photos, int64.
        steps: gradients a photo.
        start: where to begin, shape of all the photos; the photos when `None`.
    """
    if not len(rows):
        return
    photos, goal = found.pixels[rows], found.goal.rows(rows)
    change = torch.zeros_like(photos) if start is None else start[rows] - photos
    first, second = torch.zeros_like(change), torch.zeros_like(change)
    threshold, rate = torch.full((len(rows),), _THRESHOLD), _RATE
    for step in range(1, steps + 1):
        points = (photos + change).clamp_(0, 1)
        here = climb(subject, points, goal)
        fooled = found.offer(points, here.logits, rows)
        if step == 1 and start is None:
            found.mark_flat(here.gradient, rows)
        downward = _count_gradient(points - photos) - here.gradient * (here.values < 0).view(-1, 1, 1, 1)
        downward /= downward.flatten(1).abs().amax(1).clamp_min(_TINY).view(-1, 1, 1, 1)
        first.lerp_(downward, 1 - _FIRST_MOMENT)
        second.mul_(_SECOND_MOMENT).addcmul_(downward, downward, value=1 - _SECOND_MOMENT)
        spread = (second / (1 - _SECOND_MOMENT**step)).sqrt_().add_(1e-8)
        points = (points - rate / (1 - _FIRST_MOMENT**step) * first / spread).clamp_(0, 1)
        rate = _LAST_RATE + (_RATE - _LAST_RATE) * (1 + math.cos(math.pi * step / steps)) / 2
        turn = torch.where(fooled, 1.0, -1.0)
        threshold = (threshold + turn * _THRESHOLD_STEP * rate).clamp_(0, 1)
        change = points - photos
        length = torch.linalg.vector_norm(change, dim=1, keepdim=True)
        change = torch.where(length >= threshold.view(-1, 1, 1, 1), change, 0)
    points = (photos + change).clamp_(0, 1)
    found.offer(points, subject.logits(points), rows)


def _count_gradient(change: torch.Tensor) -> torch.Tensor:
    """Of the mean over pixels of s / (s + sigma), with s the squared length of a pixel's change (eq. 5)."""
    square = (change**2).sum(1, keepdim=True)
    return 2 * _SIGMA * change / ((square + _SIGMA) ** 2 * square[0].numel())
