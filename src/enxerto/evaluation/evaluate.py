"""Everything a report says about how good a classifier is, from its decisions on photos it has not learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import DataError
from enxerto.evaluation.bootstrap import Bootstrap
from enxerto.evaluation.intervals import mean_interval
from enxerto.evaluation.metrics import confusion_matrix
from enxerto.evaluation.results import Evaluation, Outcome, PredictionSets, ReliabilityBin
from enxerto.evaluation.suspicion import suspicious_labels
from enxerto.heads.folds import Groups, group_indices
from enxerto.heads.probe import Decisions
from enxerto.types import Labels

LISTED = 24
"""Mistakes and suspicious labels that are listed at most."""


def evaluate(
    decisions: Decisions,
    labels: Labels,
    classes: tuple[str, ...],
    names: Sequence[str],
    *,
    protocol: str,
    groups: Groups | None = None,
    coverage: float = 0.95,
    seed: int = 0,
) -> Evaluation:
    """Measure a classifier; every figure with its 95 % interval.

    Shares get Wilson's interval, with the effective number of photos where they come in groups; averages over classes
    and losses get a percentile bootstrap over groups, and where such an average is a share, never a narrower interval
    than Wilson's.

    Args:
        decisions: of photos that the classifier has not learned from.
        labels: int64 indices into `classes`, shape (photos,).
        classes: names, in the order of the probabilities.
        names: of the photos, as the report shows them.
        protocol: in words: "5-fold cross-validation", "given test split", ….
        groups: photos of one group are not independent.
        coverage: stated coverage of the prediction sets.
        seed: of the bootstrap.

    Raises:
        DataError: no photos, or not one label, name and decision a photo.
    """
    _check(decisions, labels, classes, names)
    numbers = group_indices(groups, len(labels))
    bootstrap = Bootstrap(decisions.probabilities, labels, numbers, seed)
    recall = bootstrap.macro("recall")
    counts = np.bincount(labels, minlength=len(classes))
    wrong = np.flatnonzero(~bootstrap.right)
    mistakes = wrong[np.argsort(-bootstrap.confidence[wrong], kind="stable")]
    return Evaluation(
        protocol=protocol,
        photos=len(labels),
        classes=classes,
        accuracy=mean_interval(bootstrap.right, numbers),
        balanced_accuracy=recall,
        macro_precision=bootstrap.macro("precision"),
        macro_recall=recall,
        macro_f1=bootstrap.macro("f1"),
        log_loss=bootstrap.log_loss(),
        calibration_error=bootstrap.calibration_error(),
        majority=float(counts.max() / len(labels)),
        majority_class=classes[int(counts.argmax())],
        per_class=bootstrap.per_class(classes),
        confusion=tuple(tuple(row) for row in confusion_matrix(labels, bootstrap.predicted, len(classes)).tolist()),
        reliability=_reliability(bootstrap),
        prediction_sets=_prediction_sets(decisions.sets, labels, numbers, coverage),
        rejected=mean_interval(decisions.unfamiliar, numbers),
        mistakes=_outcomes(mistakes, bootstrap, classes, names),
        suspicious_labels=_outcomes(suspicious_labels(decisions.probabilities, labels), bootstrap, classes, names),
    )


def _check(decisions: Decisions, labels: Labels, classes: tuple[str, ...], names: Sequence[str]) -> None:
    if not len(labels):
        raise DataError("no photos to evaluate; expected one or more with labels")
    expected = (len(labels), len(classes))
    if decisions.probabilities.shape != expected or len(names) != len(labels):
        raise DataError(
            f"expected a name and {expected[1]} probabilities for each of {expected[0]} labels, "
            f"got {len(names)} names and probabilities of shape {decisions.probabilities.shape}"
        )


def _reliability(bootstrap: Bootstrap) -> tuple[ReliabilityBin, ...]:
    bins = np.searchsorted(bootstrap.edges, bootstrap.confidence, side="left") - 1
    found = []
    for index, (low, high) in enumerate(zip(bootstrap.edges[:-1], bootstrap.edges[1:], strict=True)):
        inside = np.flatnonzero(bins == index)
        groups = np.unique(bootstrap.groups[inside], return_inverse=True)[1]
        accuracy = mean_interval(bootstrap.right[inside], groups)
        mean = float(bootstrap.confidence[inside].mean())
        found.append(ReliabilityBin(float(low), float(high), len(inside), mean, accuracy))
    return tuple(found)


def _prediction_sets(
    sets: NDArray[np.bool_], labels: Labels, groups: NDArray[np.int64], coverage: float
) -> PredictionSets:
    sizes = sets.sum(axis=1)
    held = sets[np.arange(len(labels)), labels]
    return PredictionSets(coverage, mean_interval(held, groups), float(sizes.mean()), float((sizes == 1).mean()))


def _outcomes(
    indices: NDArray[np.int64], bootstrap: Bootstrap, classes: tuple[str, ...], names: Sequence[str]
) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(
            path=names[photo],
            label=classes[bootstrap.labels[photo]],
            predicted=classes[bootstrap.predicted[photo]],
            probability=float(bootstrap.confidence[photo]),
            label_probability=float(bootstrap.probabilities[photo, bootstrap.labels[photo]]),
        )
        for photo in indices[:LISTED]
    )
