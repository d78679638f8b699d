"""From a photo to one of the same size that fools when it is read back: an attack, then the lattice of grey levels."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from enxerto.attack import ddn
from enxerto.attack.file.canvas import Canvas
from enxerto.attack.file.lattice import settle
from enxerto.attack.file.survival import Transform
from enxerto.attack.goal import Goal
from enxerto.attack.minimal import minimal
from enxerto.attack.subject import Subject
from enxerto.classifier import Classifier
from enxerto.types import Images

STEPS = 60
_START_STEPS = 30
"""Gradients for the smallest change in fractions of grey levels, which the search starts from."""


@dataclass(frozen=True)
class Wish:
    """What is wanted of an attack on a file.

    Attributes:
        norm: to keep small, one of `NORMS`.
        limit: largest change, in grey levels or, for `l0`, pixels; without one the smallest change is looked for.
        confidence: least probability of the wrong class, in [0, 1).
        transforms: that the file shall survive.
        steps: of the search over grey levels, at most.
        seed: of everything random.
    """

    norm: str = "linf"
    limit: float | None = None
    confidence: float = 0.0
    transforms: tuple[Transform, ...] = ()
    steps: int = STEPS
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Made:
    """What `make` returns.

    Attributes:
        photo: uint8 RGB, shape (height, width, 3), of the size of the original; equal to it without success.
        success: the search believes that it fools; only the file tells.
        forwards: photos answered.
        backwards: photos differentiated.
    """

    photo: Images
    success: bool
    forwards: int
    backwards: int


def make(classifier: Classifier, photo: Images, label: int, target: int | None, wish: Wish) -> Made:
    """Change a photo within the square that the network sees, in whole grey levels, until it fools.

    Args:
        classifier: to fool.
        photo: uint8 RGB, shape (height, width, 3); never changed.
        label: index of what it shows.
        target: index of what shall be predicted; `None` for anything but the label.
        wish: the rest.
    """
    targets = None if target is None else torch.tensor([target])
    goal = Goal(torch.tensor([label]), targets, wish.confidence)
    free = Subject(Canvas(classifier.engine, classifier.preprocessing, photo), len(classifier.classes))
    canvas = Canvas(classifier.engine, classifier.preprocessing, photo, wish.transforms, goal, exact=True)
    exact = Subject(canvas, free.classes)
    settled = settle(
        exact, canvas.square, goal, wish.norm, steps=wish.steps, seed=wish.seed,
        start=_start(free, canvas.square, goal, wish), limit=wish.limit,
    )  # fmt: skip
    changed = canvas.photo_with(settled.square[0])
    return Made(changed, settled.success, free.forwards + exact.forwards, free.backwards + exact.backwards)


def _start(subject: Subject, square: torch.Tensor, goal: Goal, wish: Wish) -> torch.Tensor | None:
    """A small change in fractions of grey levels that fools; `None` where none was found.

    The shortest change is the best start in every norm but `l0`: what is sparse as fractions doesn't stay so when it is
    rounded, and its largest values are cut at little cost.
    """
    if wish.norm == "l0":
        sparse = minimal(subject, square, goal, "l0", steps=_START_STEPS, seed=wish.seed)
        if bool(sparse.success[0]):
            return sparse.best
    found = ddn.run(subject, square, goal, "l2", steps=_START_STEPS, seed=wish.seed)
    return found.best if bool(found.success[0]) else None
