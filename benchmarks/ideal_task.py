"""Which ideal images a measurement makes, handed from the page to its processes in environment variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ANIMALS = (1, 22, 37, 323, 207, 284, 292, 340, 386, 388)
"""Goldfish, bald eagle, box turtle, monarch, golden retriever, Siamese cat, tiger, zebra, elephant, giant panda."""
THINGS = (404, 954, 483, 504, 817, 579, 879, 980, 849, 779)
"""Airliner, banana, castle, coffee mug, sports car, grand piano, umbrella, volcano, teapot, school bus."""
CLASSES, SEEDS, STEPS, IMAGES = "IDEAL_CLASSES", "IDEAL_SEEDS", "IDEAL_STEPS", "IDEAL_IMAGES"


@dataclass(frozen=True)
class Task:
    """Ideal images to make.

    Attributes:
        classes: how many, animals and things in turn.
        seeds: of each class.
        steps: instead of each side's own number, for a trial; `None` measures.
    """

    classes: int
    seeds: int
    steps: int | None

    @classmethod
    def asked(cls) -> Task:
        """As `IDEAL_CLASSES`, `IDEAL_SEEDS` and `IDEAL_STEPS` say; 20, three, and each side's own without them."""
        steps = os.environ.get(STEPS)
        return cls(
            int(os.environ.get(CLASSES, len(ANIMALS) + len(THINGS))),
            int(os.environ.get(SEEDS, "3")),
            int(steps) if steps else None,
        )

    @property
    def indices(self) -> tuple[int, ...]:
        """Of the classes, among ImageNet's."""
        return tuple(chain(*zip(ANIMALS, THINGS, strict=True)))[: self.classes]

    def environment(self, images: Path) -> dict[str, str]:
        """What a process needs to find the task, and where to put its images."""
        steps = {} if self.steps is None else {STEPS: str(self.steps)}
        return {CLASSES: str(self.classes), SEEDS: str(self.seeds), IMAGES: str(images), **steps}

    def wanted(self) -> Iterator[tuple[int, int]]:
        """Class and seed of each image; every class once before the second seed."""
        return ((index, seed) for seed in range(self.seeds) for index in self.indices)


def save(image: NDArray[np.uint8], index: int, seed: int) -> None:
    """Write an image, uint8 (height, width, 3), as the PNG file that is judged."""
    Image.fromarray(image).save(Path(os.environ[IMAGES]) / f"{index}-{seed}.png")


def index_of(file: Path) -> int:
    """The class of a file that `save` wrote."""
    return int(file.stem.split("-")[0])
