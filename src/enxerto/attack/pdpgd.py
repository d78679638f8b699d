"""Primal-dual proximal gradient descent: the norm's own proximal step, and a price of not fooling that learns."""

from __future__ import annotations

import math

import torch

from enxerto.attack.boundary import confirm, shrink
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb
from enxerto.attack.norms import distance, project
from enxerto.attack.radius import linear_radius
from enxerto.attack.subject import Subject

_STEP, _LAST_STEP = 0.3, 0.02
_PRICE_STEP, _LAST_PRICE_STEP = 0.5, 0.02
_MEMORY = 0.5
_FAR = 0.5
_STRONGEST = 3.0
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
    """The smallest change that fools, by a saddle point of norm and price.

    Differs from the paper in scale: a step along the gradient is a share of what a linear classifier of the first
    gradient would need, plain and not by Adam, so that the proximal step is exact; and the first price is that
    classifier's.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: `linf`, `l2` or `l1`.
        steps: gradients a photo; the search for the boundary adds a few forward passes.
        seed: not used, nothing is drawn.
        start: where to begin, shape of the photos; the photos when `None`.

    References: Matyasko & Chau 2021, Alg. 1, arXiv:2106.01538.
    """
    del seed
    found = look(subject, pixels, goal, norm)
    rows = found.open
    if len(rows):
        _search(subject, found, rows, steps, pixels[rows] if start is None else start[rows])
    shrink(subject, found, _LINE_STEPS)
    confirm(subject, found)
    return found


def _search(subject: Subject, found: Found, rows: torch.Tensor, steps: int, points: torch.Tensor) -> None:
    photos, goal, norm = found.pixels[rows], found.goal.rows(rows), found.norm
    change, trend = points - photos, torch.zeros_like(points)
    price, reach = torch.ones(len(rows)), torch.ones(len(rows))
    for step in range(steps):
        points = (photos + change).clamp_(0, 1)
        here = climb(subject, points, goal)
        fooled = found.offer(points, here.logits, rows)
        if step == 0:
            found.mark_flat(here.gradient, rows)
            reach = _reach(here.gradient, photos, here.values, norm)
            price = 2 / _dual(here.gradient, norm).clamp_min(1e-30)
        cosine = (1 + math.cos(math.pi * step / steps)) / 2
        length = reach * (_LAST_STEP + (_STEP - _LAST_STEP) * cosine)
        upward = _bounded(here.gradient, price * torch.sigmoid(-here.values), norm)
        trend = _MEMORY * trend + (1 - _MEMORY) * upward
        change = _shrunk(points - photos + length.view(-1, 1, 1, 1) * trend, length, norm)
        factor = math.exp(_LAST_PRICE_STEP + (_PRICE_STEP - _LAST_PRICE_STEP) * cosine)
        price = torch.where(fooled, price / factor, price * factor)
    points = (photos + change).clamp_(0, 1)
    found.offer(points, subject.logits(points), rows)


def _bounded(gradient: torch.Tensor, price: torch.Tensor, norm: str) -> torch.Tensor:
    """The gradient times its price, a few times as strong as the proximal step at most."""
    if norm == "l1":
        return (price.view(-1, 1, 1, 1) * gradient).clamp(-_STRONGEST, _STRONGEST)
    price = torch.minimum(price, _STRONGEST / _dual(gradient, norm).clamp_min(1e-30))
    return price.view(-1, 1, 1, 1) * gradient


def _dual(gradient: torch.Tensor, norm: str) -> torch.Tensor:
    return distance(gradient, {"linf": "l1", "l2": "l2", "l1": "linf"}[norm])


def _reach(gradient: torch.Tensor, photos: torch.Tensor, values: torch.Tensor, norm: str) -> torch.Tensor:
    """How long a gradient step has to be in all: in l1 single values go far, in linf all go equally far."""
    radius = linear_radius(gradient, photos, values.abs().clamp_min(1e-6), norm)
    if norm == "l1":
        return radius.clamp_max(_FAR)
    return radius * photos[0].numel() if norm == "linf" else radius


def _shrunk(change: torch.Tensor, length: torch.Tensor, norm: str) -> torch.Tensor:
    """The proximal step: the point with the least sum of norm and half the squared distance by `length`."""
    wide = length.view(-1, 1, 1, 1)
    if norm == "l1":
        return change.sign() * (change.abs() - wide).clamp_min(0)
    if norm == "linf":
        return change - project(change, length, "l1")
    return change * (1 - wide / distance(change, "l2").clamp_min(1e-30).view(-1, 1, 1, 1)).clamp_min(0)
