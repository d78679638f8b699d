"""Carlini and Wagner's attack: length plus a price times what is missing, minimized for several prices."""

from __future__ import annotations

import torch

from enxerto.attack.boundary import confirm, shrink
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb
from enxerto.attack.norms import distance
from enxerto.attack.radius import linear_radius
from enxerto.attack.subject import Subject

_SEARCHES = 3
_RATE = 0.3
_CHEAPER, _DEARER = 0.5, 5.0
_PATIENCE = 10
_WORTH = 1e-3
_EDGE = 1e-6
_FIRST_MOMENT, _SECOND_MOMENT = 0.9, 0.999
_LINE_STEPS = 6


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
    """The shortest change that fools, in L2.

    Each of the searches for a price takes its part of the steps, and a photo leaves it once its loss has stopped
    falling. Differs from the paper in scale: the first price is what a linear classifier of the first gradient would
    ask, and Adam's rate is a share of that classifier's distance, not 0.01 for all.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: `l2`.
        steps: gradients a photo, of all searches together; the search for the boundary adds a few forward passes.
        seed: not used, nothing is drawn.
        start: where to begin, shape of the photos; the photos when `None`.

    References: Carlini & Wagner 2017, section V–VI, arXiv:1608.04644; Kingma & Ba 2015 (Adam), arXiv:1412.6980.
    """
    del seed
    found = look(subject, pixels, goal, norm)
    rows = found.open
    if len(rows):
        _searches(subject, found, rows, steps, pixels if start is None else start)
    shrink(subject, found, _LINE_STEPS)
    confirm(subject, found)
    return found


def _searches(subject: Subject, found: Found, rows: torch.Tensor, steps: int, start: torch.Tensor) -> None:
    photos = found.pixels[rows]
    here = climb(subject, start[rows], found.goal.rows(rows))
    found.offer(start[rows], here.logits, rows)
    found.mark_flat(here.gradient, rows)
    length = distance(here.gradient, "l2").clamp_min(1e-30)
    reach = distance(start[rows] - photos, "l2") + linear_radius(here.gradient, photos, here.values.abs(), "l2")
    rate = _RATE * reach / photos[0].numel() ** 0.5
    price = 10 * reach / length
    low, high = torch.zeros_like(price), torch.full_like(price, torch.inf)
    searches = min(_SEARCHES, max(1, (steps - 1) // _PATIENCE))
    left = steps - 1
    for number in range(searches):
        share = left // 2 if number < searches - 1 else left
        left -= share
        fooled = _search(subject, found, rows, start[rows], price, rate, share)
        high = torch.where(fooled, torch.minimum(high, price), high)
        low = torch.where(fooled, low, torch.maximum(low, price))
        middle = torch.where(low > 0, (low * high).sqrt(), high * _CHEAPER)
        price = torch.where(torch.isfinite(high), middle, price * _DEARER)


def _search(
    subject: Subject,
    found: Found,
    rows: torch.Tensor,
    start: torch.Tensor,
    price: torch.Tensor,
    rate: torch.Tensor,
    steps: int,
) -> torch.Tensor:
    """Adam on tanh-coordinates for one price a photo; which of the photos were fooled on the way."""
    photos, goal = found.pixels[rows], found.goal.rows(rows)
    inner = torch.atanh((2 * start - 1).clamp(-1 + _EDGE, 1 - _EDGE))
    first, second = torch.zeros_like(inner), torch.zeros_like(inner)
    fooled = torch.zeros(len(rows), dtype=torch.bool)
    lowest, idle = torch.full((len(rows),), torch.inf), torch.zeros(len(rows), dtype=torch.int64)
    live = torch.arange(len(rows))
    for step in range(1, steps + 1):
        points = (inner[live].tanh() + 1) / 2
        here = climb(subject, points, goal.rows(live))
        fooled[live] |= found.offer(points, here.logits, rows[live])
        change = points - photos[live]
        loss = distance(change, "l2") ** 2 + price[live] * (-here.values).clamp_min(0)
        idle[live] = torch.where(loss < lowest[live] * (1 - _WORTH), 0, idle[live] + 1)
        lowest[live] = torch.minimum(lowest[live], loss)
        missing = (price[live] * (here.values <= 0)).view(-1, 1, 1, 1)
        inward = (2 * change - missing * here.gradient) * 2 * points * (1 - points)
        first[live] = _FIRST_MOMENT * first[live] + (1 - _FIRST_MOMENT) * inward
        second[live] = _SECOND_MOMENT * second[live] + (1 - _SECOND_MOMENT) * inward**2
        mean = first[live] / (1 - _FIRST_MOMENT**step)
        spread = (second[live] / (1 - _SECOND_MOMENT**step)).sqrt()
        inner[live] -= 4 * rate[live].view(-1, 1, 1, 1) * mean / spread.clamp_min(1e-30)
        live = live[idle[live] < _PATIENCE]
        if not len(live):
            break
    return fooled
