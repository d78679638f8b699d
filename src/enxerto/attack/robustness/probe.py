"""Looks at how a gradient attack fares on each photo, for signs that gradients mislead it."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from enxerto.attack import square
from enxerto.attack.ball import nearest
from enxerto.attack.dice import dice_of, uniform
from enxerto.attack.goal import Goal
from enxerto.attack.loss import cross_entropy
from enxerto.attack.margin import climb
from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.robustness.records import MaskingRecord
from enxerto.attack.subject import Subject

RADIUS = 4 / 255
STEP = 0.25
"""Length of a step in radii."""
LATE = 4
"""The last quarter of the steps is late."""
NEARBY = 1 / 255
DRAWS = 8
"""Points looked at nearby."""
CLEARLY = 0.02
"""How far a point must fool, in the photo's own margin, so that rounding in another graph can't undo it."""


class Walk(NamedTuple):
    """What `walk` returns, for each photo.

    Attributes:
        points: where it ended, float32, shape of the photos.
        reached: whether the logits that come with gradients say that it clearly fools there, bool, shape (photos,).
        flat: share of the steps without a usable gradient, float32, shape (photos,).
        late: share of the margin's rise that came in the last quarter of the steps, float32, shape (photos,).
    """

    points: torch.Tensor
    reached: torch.Tensor
    flat: torch.Tensor
    late: torch.Tensor


def measure(
    subject: Subject, chunk: Chunk, *, radius: float = RADIUS, steps: int = 40, queries: int = 300, seed: int = 0
) -> list[MaskingRecord]:
    """Attack each photo by plain steps up its margin, in L-infinity, and look at what happens.

    Args:
        subject: under attack.
        chunk: the photos.
        radius: L-infinity, above 0.
        steps: gradients a photo.
        queries: answers of Square, for photos that withstood.
        seed: of what is random.
    """
    logits = subject.logits(chunk.pixels)
    rows = torch.nonzero(chunk.goal.margin(logits) < 0)[:, 0]
    records = [
        MaskingRecord(name, label, right=False) for name, label in zip(chunk.names, chunk.labels.tolist(), strict=True)
    ]
    if not len(rows):
        return records
    mine = Chunk(tuple(chunk.names[row] for row in rows), chunk.pixels[rows], chunk.labels[rows])
    signs = _signs(subject, mine, logits[rows], seed) | _attacked(
        subject, mine, -mine.goal.margin(logits[rows]), radius, steps, queries, seed
    )
    for place, row in enumerate(rows.tolist()):
        seen: dict[str, Any] = {name: values[place].item() for name, values in signs.items()}
        if seen["fooled"]:
            seen["unfinished"] = seen["black_box"] = None
        records[row] = MaskingRecord(mine.names[place], int(mine.labels[place]), right=True, **seen)
    return records


def walk(
    subject: Subject, photos: torch.Tensor, goal: Goal, radius: torch.Tensor, steps: int, enough: torch.Tensor
) -> Walk:
    """Steps of one length up the margin from the photos, until it is large enough.

    Args:
        subject: under attack.
        photos: float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        radius: L-infinity, shape (photos,).
        steps: gradients a photo, at least 1.
        enough: margin at which a photo stops, by the logits that come with gradients, shape (photos,).
    """
    points, rows = photos.clone(), torch.arange(len(photos))
    margins = torch.full((steps, len(photos)), -torch.inf)
    taken, flat, reached = torch.zeros(len(photos)), torch.zeros(len(photos)), torch.zeros(len(photos)) > 0
    for step in range(steps):
        here = climb(subject, points[rows], goal.rows(rows))
        margins[step, rows] = here.values.nan_to_num(-torch.inf)
        taken[rows] += 1
        flat[rows] += ~usable(here.gradient)
        reached[rows] = here.values > enough[rows]
        on = ~reached[rows]
        rows = rows[on]
        if not len(rows):
            break
        uphill = STEP * radius[rows].view(-1, 1, 1, 1) * here.gradient[on].nan_to_num(0.0).sign()
        points[rows] = nearest(photos[rows], points[rows] + uphill, radius[rows], "linf")
    return Walk(points, reached, flat / taken, _late(margins))


def usable(gradient: torch.Tensor) -> torch.Tensor:
    """Which gradients are numbers and not all zero; bool, shape (photos,)."""
    flat = gradient.flatten(1)
    return flat.isfinite().all(1) & flat.any(1)


def _late(margins: torch.Tensor) -> torch.Tensor:
    best = margins.cummax(0).values
    whole = best[-1] - best[0]
    late = best[-1] - best[-1 - len(best) // LATE]
    return torch.where(whole > 0, late / whole, 0.0).nan_to_num(0.0)


def _signs(subject: Subject, chunk: Chunk, logits: torch.Tensor, seed: int) -> dict[str, torch.Tensor]:
    """What can be told at the photo and around it; each of shape (photos,)."""
    pixels, goal = chunk.pixels, chunk.goal
    margin = goal.margin(logits)
    nearby = torch.zeros(len(chunk))
    dice = dice_of(pixels, seed, "probe")
    for _ in range(DRAWS):
        points = (pixels + NEARBY * uniform(dice, pixels.shape[1:])).clamp_(0, 1)
        nearby += (goal.margin(subject.logits(points)) - margin).abs() / DRAWS
    slope = cross_entropy(goal, subject.classes)
    _, _, gradient = subject.gradient(pixels, slope.target, slope.objective)
    return {
        "probabilities": ((logits >= 0) & (logits <= 1)).all(1) & ((logits.sum(1) - 1).abs() < 1e-4),
        "margin": -margin,
        "wavering": (subject.logits(pixels) - logits).abs().amax(1),
        "unstable": nearby,
        "saturated": ~usable(gradient),
    }


def _attacked(
    subject: Subject, chunk: Chunk, margin: torch.Tensor, radius: float, steps: int, queries: int, seed: int
) -> dict[str, torch.Tensor]:
    """What comes of attacks within the radius and without one; each of shape (photos,)."""
    pixels, goal, enough = chunk.pixels, chunk.goal, CLEARLY * margin
    near = walk(subject, pixels, goal, chunk.radius(radius), steps, enough)
    once, again = (goal.reached(subject.logits(near.points)) & near.reached for _ in range(2))
    fooled = once & again
    left = torch.nonzero(~fooled)[:, 0]
    black_box, unbounded = torch.zeros_like(fooled), torch.ones_like(fooled)
    if len(left):
        photos, aim = pixels[left], goal.rows(left)
        found = square.run(subject, photos, aim, "linf", chunk.radius(radius)[left], steps=queries, seed=seed)
        black_box[left] = found.success
        far = walk(subject, photos, aim, torch.ones(len(left)), steps, enough[left])
        unbounded[left] = aim.reached(subject.logits(far.points))
    return {
        "flat": near.flat,
        "fooled": fooled,
        "lost": once != again,
        "mismatched": near.reached & ~once & ~again,
        "unfinished": near.late,
        "black_box": black_box,
        "unbounded": unbounded,
    }
