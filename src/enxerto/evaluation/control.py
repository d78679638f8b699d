"""Does transfer help here? The same head on features of the same backbone with random weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.evaluation.intervals import mean_interval, paired_difference
from enxerto.evaluation.results import Control
from enxerto.heads.folds import Folds, Groups, group_indices, stratified_folds
from enxerto.heads.linear import ClassWeight, solve
from enxerto.types import Features, Labels


def control(
    pretrained: Features,
    random: Features,
    labels: Labels,
    classes: tuple[str, ...],
    *,
    groups: Groups | None = None,
    class_weight: ClassWeight = None,
    seed: int = 0,
) -> Control:
    """Cross-validate the head on both kinds of features, over the same folds.

    Args:
        pretrained: features with the pretrained weights, float32, shape (photos, features).
        random: features of the same photos with random weights.
        labels: int64 indices into `classes`, shape (photos,).
        classes: names, at least two.
        groups: photos of one group are never on both sides of a fold.
        class_weight: `balanced` lets every class count the same.
        seed: of the folds.

    Raises:
        DataError: the features or labels can't be learned from.
    """
    numbers = group_indices(groups, len(labels))
    folds = stratified_folds(labels, groups=numbers, seed=seed)
    with_pretrained = _right(pretrained, labels, classes, folds, numbers, class_weight, seed)
    with_random = _right(random, labels, classes, folds, numbers, class_weight, seed)
    return Control(
        photos=len(labels),
        pretrained=mean_interval(with_pretrained, numbers),
        random=mean_interval(with_random, numbers),
        lift=paired_difference(with_pretrained, with_random, numbers),
    )


def _right(
    features: Features,
    labels: Labels,
    classes: tuple[str, ...],
    folds: Folds,
    groups: NDArray[np.int64],
    class_weight: ClassWeight,
    seed: int,
) -> NDArray[np.bool_]:
    right = np.zeros(len(labels), dtype=np.bool_)
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        learned = ~held_out
        head = solve(
            features[learned], labels[learned], classes, groups=groups[learned], class_weight=class_weight, seed=seed
        ).head
        right[held_out] = head.logits(features[held_out]).argmax(axis=1) == labels[held_out]
    return right
