"""Explaining answers: the maps of every method asked for, scored and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from enxerto.classifier import Classifier
from enxerto.types import Images, Labels
from enxerto.visualize.attribution.explanation import Attribution, Faithfulness, SanityCheck
from enxerto.visualize.attribution.faithfulness import faithfulness, smooth_noise
from enxerto.visualize.attribution.methods import Method
from enxerto.visualize.attribution.sanity import judged, rank_correlation
from enxerto.visualize.attribution.subject import Subject, without_knowledge

CHECKED_PHOTOS = 4
"""How many photos the sanity check takes, the first ones: it judges methods, not photos."""


@dataclass(frozen=True, eq=False)
class Attributed:
    """One photo's maps.

    Attributes:
        attributions: one a method, in order.
        chance: the scores of a smooth random map; `None` where nothing was scored.
    """

    attributions: tuple[Attribution, ...]
    chance: Faithfulness | None


@dataclass
class Explainer:
    """A classifier with the methods to explain its answers by.

    Attributes:
        classifier: any; it stays as it is.
        methods: in order.
        photos: about how many will be explained.
        checks: score maps, and see what the methods draw for random weights.
        seed: of random weights and random maps.
    """

    classifier: Classifier
    methods: Sequence[Method]
    photos: int = 1
    checks: bool = True
    seed: int = 0
    subject: Subject = field(init=False)
    _correlations: dict[str, list[float]] = field(init=False, default_factory=dict)
    _unlearned: Subject | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        gradients = sum(method.gradients for method in self.methods)
        layered = any(method.layered for method in self.methods)
        self.subject = Subject(self.classifier, self.photos, gradients * self.photos, layered=layered)
        if self.checks:
            checked = min(self.photos, CHECKED_PHOTOS)
            self._unlearned = Subject(without_knowledge(self.classifier, self.seed), checked, gradients * checked)

    def attribute(self, images: Images, targets: Labels) -> list[Attributed]:
        """The maps of some photos.

        Args:
            images: what the network looks at, uint8, shape (batch, size, size, 3).
            targets: indices of the classes to explain, int64, shape (batch,).

        Raises:
            OptionError: a method can't look into this network.
        """
        maps = {method.name: method.maps(self.subject, images, targets) for method in self.methods}
        found = self._checked(images, targets, maps)
        return [self._scored(images[i], int(targets[i]), {name: each[i] for name, each in maps.items()}, found[i])
                for i in range(len(images))]  # fmt: skip

    def sanity(self) -> tuple[SanityCheck, ...]:
        """What the maps so far say of each method; nothing before the first, or without checks."""
        return tuple(judged(name, values) for name, values in self._correlations.items())

    def _scored(
        self, image: Images, target: int, maps: dict[str, NDArray[np.float32]], checked: dict[str, float]
    ) -> Attributed:
        def scores(values: NDArray[np.float32]) -> Faithfulness | None:
            return faithfulness(self.subject, image, target, values) if self.checks else None

        attributions = tuple(
            Attribution(name, values, scores(values), checked.get(name)) for name, values in maps.items()
        )
        return Attributed(attributions, scores(smooth_noise(self.subject.size_px, self.seed)) if self.checks else None)

    def _checked(self, images: Images, targets: Labels, maps: dict[str, NDArray[np.float32]]) -> list[dict[str, float]]:
        """The rank correlation of each photo's maps with those for random weights, as long as photos are to check."""
        found: list[dict[str, float]] = [{} for _ in images]
        if self._unlearned is None:
            return found
        for method in self.methods:
            so_far = self._correlations.setdefault(method.name, [])
            left = max(0, CHECKED_PHOTOS - len(so_far))
            if not left or not len(images):
                continue
            unlearned = method.maps(self._unlearned, images[:left], targets[:left])
            for row, values in enumerate(unlearned):
                found[row][method.name] = rank_correlation(maps[method.name][row], values)
                so_far.append(found[row][method.name])
        return found
