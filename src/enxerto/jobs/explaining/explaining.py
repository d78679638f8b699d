"""From photos as a network sees them to explanations, and from those to what a page shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from enxerto.heads.calibration import softmax
from enxerto.jobs.explaining.photos import SeenPhoto
from enxerto.report.explanation.contents import ExplanationCard, MapCard, NeighborCard
from enxerto.visualize.attribution import Explainer, Explanation, Neighbor
from enxerto.visualize.attribution.neighbors import LearnedPhotos


def explained(
    explainer: Explainer, seen: Sequence[SeenPhoto], wanted: int | None, known: LearnedPhotos | None, neighbors: int
) -> list[Explanation]:
    """Explain a block of photos.

    Args:
        explainer: classifier and methods.
        seen: the photos.
        wanted: index of the class to explain; each photo's predicted one when `None`.
        known: photos learned from, where there are some.
        neighbors: how many of them to name.
    """
    classifier, images = explainer.classifier, np.stack([one.square for one in seen])
    near: list[tuple[Neighbor, ...]] = [()] * len(seen)
    unfamiliar = np.zeros(len(seen), dtype=bool)
    vectors = explainer.subject.vectors(images)
    if classifier.probe is None:
        probabilities = softmax(vectors.astype(np.float64))
    else:
        decisions = classifier.decide(vectors)
        probabilities, unfamiliar = decisions.probabilities, decisions.unfamiliar
        near = near if known is None else known.nearest(vectors, neighbors)
    predicted = probabilities.argmax(1).astype(np.int64)
    targets = predicted if wanted is None else np.full(len(seen), wanted, dtype=np.int64)
    return [
        Explanation(
            name=one.photo.name,
            path=one.photo.path,
            label=classifier.classes[predicted[row]],
            probability=float(probabilities[row, predicted[row]]),
            target=classifier.classes[targets[row]],
            target_probability=float(probabilities[row, targets[row]]),
            unfamiliar=bool(unfamiliar[row]),
            square=one.square,
            box=one.box,
            attributions=attributed.attributions,
            chance=attributed.chance,
            neighbors=near[row],
        )
        for row, (one, attributed) in enumerate(zip(seen, explainer.attribute(images, targets), strict=True))
    ]


def card(explanation: Explanation) -> ExplanationCard:
    """An explanation without its arrays."""
    return ExplanationCard(
        name=explanation.name,
        label=explanation.label,
        probability=explanation.probability,
        target=explanation.target,
        target_probability=explanation.target_probability,
        unfamiliar=explanation.unfamiliar,
        maps=tuple(MapCard(each.method, each.faithfulness, each.random_weights) for each in explanation.attributions),
        chance=explanation.chance,
        neighbors=tuple(NeighborCard(each.name, each.label, each.similarity) for each in explanation.neighbors),
    )
