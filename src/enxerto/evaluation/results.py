"""The frozen result of evaluating a classifier; every figure carries its 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassResult:
    """Precision, recall and F1 of one class; `support` is how many photos carry its label."""

    name: str
    support: int
    precision: Interval
    recall: Interval
    f1: Interval


@dataclass(frozen=True)
class ReliabilityBin:
    """Photos whose predicted probability lies in (low, high]: their mean probability and how many were right."""

    low: float
    high: float
    photos: int
    mean_probability: float
    accuracy: Interval


@dataclass(frozen=True)
class Outcome:
    """What the classifier said of one photo.

    Attributes:
        path: relative to the folder given, with `/`.
        label: the label it carries.
        predicted: the class with the highest probability.
        probability: calibrated, of `predicted`.
        label_probability: calibrated, of `label`.
    """

    path: str
    label: str
    predicted: str
    probability: float
    label_probability: float


@dataclass(frozen=True)
class PredictionSets:
    """How well prediction sets keep their promise: `stated` coverage against what was observed."""

    stated: float
    observed: Interval
    mean_size: float
    singletons: float


@dataclass(frozen=True)
class Evaluation:
    """How good a classifier is on photos that it has not learned from.

    Attributes:
        protocol: in words: "5-fold cross-validation", "given test split", ….
        photos: how many were evaluated.
        majority: accuracy of always answering the most frequent class.
        confusion: rows are labels, columns predictions, in the order of `classes`.
        calibration_error: expected calibration error, 15 equal-mass bins at most.
        rejected: share of these photos that "none of these" would turn away.
        mistakes: the most confident wrong answers first.
        suspicious_labels: photos whose label is probably wrong, most suspicious first.
    """

    protocol: str
    photos: int
    classes: tuple[str, ...]
    accuracy: Interval
    balanced_accuracy: Interval
    macro_precision: Interval
    macro_recall: Interval
    macro_f1: Interval
    log_loss: Interval
    calibration_error: Interval
    majority: float
    majority_class: str
    per_class: tuple[ClassResult, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[ReliabilityBin, ...]
    prediction_sets: PredictionSets
    rejected: Interval
    mistakes: tuple[Outcome, ...]
    suspicious_labels: tuple[Outcome, ...]


@dataclass(frozen=True)
class Control:
    """Does transfer help here? The same head on the same backbone with random weights, on the same photos.

    Attributes:
        photos: how many photos both were cross-validated on.
        pretrained: accuracy with the pretrained weights.
        random: accuracy with random weights.
        lift: the paired difference between both.
    """

    photos: int
    pretrained: Interval
    random: Interval
    lift: Interval
