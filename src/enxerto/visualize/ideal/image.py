"""What an ascent gives: an ideal image with its origin, and the opinions of networks on its saved file."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from enxerto.visualize.ideal.recipe import IdealRecipe


@dataclass(frozen=True)
class Step:
    """One measured step of an ascent; step 0 is the start.

    Attributes:
        number: 0, 1, ….
        value: of the objective on the image as it would be saved, the mean over the networks: logit, or activation.
        probability: of the class on that image, the mean over the networks; `None` where the objective is no class.
    """

    number: int
    value: float
    probability: float | None


@dataclass(frozen=True)
class Opinion:
    """What one network says of a saved file, seen in one way.

    Attributes:
        network: name of its backbone, or of the saved model.
        relation: to the networks that made the image: `itself`, `sibling` (of the same family) or `unrelated`.
        view: `as saved`, `top left crop`, `JPEG 75`, ….
        rank: of the wanted class among the network's classes, 1 the best; 0 where it has no such class.
        probability: of the wanted class.
        best: the five best classes with their probabilities.
    """

    network: str
    relation: str
    view: str
    rank: int
    probability: float
    best: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class IdealImage:
    """Pixels that maximize an objective.

    Attributes:
        target: class name, or layer and channel in words.
        seed: of everything random.
        networks: names of the backbones that made it.
        image: uint8, shape (height, width, 3); what is saved.
        steps: measured steps, the start first.
        frames: the image at some of them, for a film; uint8, shape (frames, height, width, 3).
        stopped: why it ended, in words: "all 512 steps done", "the verifiers agree", "no better for 64 steps".
        seconds: that it took; images made together share their time equally.
        recipe: how it was made.
        index: of the class among those of its networks; `None` where the target is no class.
        opinions: of networks that had no part in it, and of those that had, on the saved file; empty before that.
    """

    target: str
    seed: int
    networks: tuple[str, ...]
    image: NDArray[np.uint8] = field(repr=False)
    steps: tuple[Step, ...]
    frames: NDArray[np.uint8] = field(repr=False)
    stopped: str
    seconds: float
    recipe: IdealRecipe
    index: int | None = None
    opinions: tuple[Opinion, ...] = ()
