"""Fast adaptive boundary attack: onto the linearized boundary, pulled toward the photo."""

from __future__ import annotations

import torch

from enxerto.attack.boundary import confirm, shrink
from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb
from enxerto.attack.norms import distance
from enxerto.attack.radius import to_hyperplane
from enxerto.attack.rivals import rivals
from enxerto.attack.subject import Subject

_MOST_PULL = 0.1
_OVERSHOOT = 1.05
_BACKWARD = 0.9
_TARGETS = 9
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
    """The smallest change that fools; without a target, away from the label along the goal's margin.

    The pull toward the photo begins once the photo fools: before, it keeps curved boundaries out of reach.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo.
        norm: `linf`, `l2` or `l1`.
        steps: gradients a photo; the search for the boundary adds a few forward passes.
        seed: not used, nothing is drawn.
        start: where to begin, shape of the photos; the photos when `None`.

    References: Croce & Hein 2020, Alg. 1, arXiv:1907.02044.
    """
    del seed
    found = look(subject, pixels, goal, norm)
    pull(subject, found, found.open, steps, start)
    shrink(subject, found, _LINE_STEPS)
    confirm(subject, found)
    return found


def run_targeted(
    subject: Subject,
    pixels: torch.Tensor,
    goal: Goal,
    norm: str,
    *,
    steps: int,
    seed: int,
    start: torch.Tensor | None = None,
) -> Found:
    """FAB-T: the other classes with the largest logits as targets in turn, at most nine; the best of them counts.

    Args:
        subject: under attack.
        pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
        goal: of each photo; with a target of its own there is only that one.
        norm: `linf`, `l2` or `l1`.
        steps: gradients a photo and target.
        seed: not used, nothing is drawn.
        start: where to begin, shape of the photos; the photos when `None`.

    References: Croce & Hein 2020 (AutoAttack), section 4, arXiv:2003.01690.
    """
    if goal.targeted:
        return run(subject, pixels, goal, norm, steps=steps, seed=seed, start=start)
    found = look(subject, pixels, goal, norm)
    wanted = rivals(subject.logits(pixels), goal.labels, _TARGETS)
    rows = found.open
    for target in wanted.unbind(1):
        if not len(rows):
            break
        aimed = Found(found.pixels[rows], Goal(goal.labels[rows], target[rows], goal.confidence), norm)
        pull(subject, aimed, torch.arange(len(rows)), steps, None if start is None else start[rows])
        found.absorb(aimed, rows)
    shrink(subject, found, _LINE_STEPS)
    confirm(subject, found)
    return found


def pull(subject: Subject, found: Found, rows: torch.Tensor, steps: int, start: torch.Tensor | None = None) -> None:
    """Run the attack on some of the photos and keep in `found` what it sees.

    Args:
        subject: under attack.
        found: gives the photos, the goal and the norm.
        rows: which photos, int64.
        steps: gradients a photo.
        start: where to begin, shape of all the photos; the photos when `None`.
    """
    photos, goal, norm = found.pixels[rows], found.goal.rows(rows), found.norm
    points = photos.clone() if start is None else start[rows].clone()
    for step in range(steps if len(rows) else 0):
        here = climb(subject, points, goal)
        fooled = found.offer(points, here.logits, rows)
        if step == 0 and start is None:
            found.mark_flat(here.gradient, rows)
        drawn = torch.where(fooled.view(-1, 1, 1, 1), photos + _BACKWARD * (points - photos), points)
        short = _short(here.values, here.gradient, drawn - points)
        points = _pulled(here.gradient, drawn, photos, short, _MOST_PULL * found.success[rows], norm)
    if len(rows) and steps:
        found.offer(points, subject.logits(points), rows)


def _short(values: torch.Tensor, gradient: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """What the linear function is short of after a change."""
    return -values - (gradient * change).flatten(1).sum(1)


def _pulled(
    gradient: torch.Tensor,
    points: torch.Tensor,
    photos: torch.Tensor,
    short: torch.Tensor,
    most: torch.Tensor,
    norm: str,
) -> torch.Tensor:
    """Between the projections of point and photo onto the hyperplane, nearer to the closer one (eqs. 8–9)."""
    own = _onto(gradient, points, short, norm)
    from_photo = _onto(gradient, photos, _short(-short, gradient, photos - points), norm)
    near, far = distance(own, norm), distance(from_photo, norm)
    share = (near / (near + far).clamp_min(1e-30)).minimum(most).view(-1, 1, 1, 1)
    return ((1 - share) * (points + _OVERSHOOT * own) + share * (photos + _OVERSHOOT * from_photo)).clamp(0, 1)


def _onto(gradient: torch.Tensor, points: torch.Tensor, short: torch.Tensor, norm: str) -> torch.Tensor:
    """The smallest change onto the hyperplane, from either side."""
    side = torch.where(short >= 0, 1.0, -1.0)
    return to_hyperplane(side.view(-1, 1, 1, 1) * gradient, points, short.abs().clamp_min(1e-9), norm)
