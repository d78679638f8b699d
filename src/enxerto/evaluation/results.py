"""The frozen result of evaluating a classifier; every figure carries its 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass

NEAR = 0.45
"""Share of the distance of noise below which photos count as near: between that of ordinary photos and that of
textures, drawings and digits, as docs/benchmarks.md measures them under "New kinds of images"."""


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


@dataclass(frozen=True)
class Scratch:
    """Is transfer worth it? A head on pretrained features against a small network trained from scratch.

    Both learned from the same photos and were judged on the same other ones.

    Attributes:
        learned: photos that both learned from.
        photos: that both were judged on.
        side_px: of the square that the small network looked at.
        parameters: of the small network.
        epochs: that it learned for.
        cut_short: it should have learned for more, but its time was over.
        pretrained: accuracy of the head on pretrained features.
        scratch: accuracy of the small network.
        lift: the paired difference between both.
    """

    learned: int
    photos: int
    side_px: int
    parameters: int
    epochs: int
    cut_short: bool
    pretrained: Interval
    scratch: Interval
    lift: Interval


@dataclass(frozen=True)
class Domain:
    """How far photos are from those that the backbone was trained on.

    Attributes:
        photos: looked at.
        distance: of what the backbone's batch normalizations see of them to what they saw in training: the Hellinger
            distance, root mean square over channels; 0 is no difference, 1 the most there can be.
        noise: the distance of pictures of pure noise.
    """

    photos: int
    distance: Interval
    noise: float

    @property
    def share(self) -> Interval:
        """The distance as a share of that of noise."""
        return Interval(*(value / self.noise for value in (self.distance.value, self.distance.low, self.distance.high)))

    @property
    def far(self) -> bool:
        """Nearer to noise than ordinary photos are: `NEAR` of the way or more."""
        return self.share.value >= NEAR


@dataclass(frozen=True)
class LayerScore:
    """A head on the features of one layer, cross-validated among photos that may be learned from.

    Attributes:
        name: of the layer, as it is typed: `blocks.3`, or `blocks.3:2x2` over a 2x2 grid.
        width: features a photo.
        accuracy: out of fold.
        log_loss: likewise, which is what the choice goes by; `None` where nothing could be compared.
        chosen: it is the one that the saved model would take.
    """

    name: str
    width: int
    accuracy: Interval
    log_loss: float | None
    chosen: bool


@dataclass(frozen=True)
class LayersTried:
    """Which layer's features transfer best, by cross-validation.

    Attributes:
        photos: that these figures are of.
        scores: from input to output.
        rounds: the layer that each round of the evaluation chose among the photos that it learned from.
        gain: accuracy with the layers that the rounds chose minus that with the last layer, paired, on photos that no
            choice and no head has seen; `None` where the last layer was chosen.
    """

    photos: int
    scores: tuple[LayerScore, ...]
    rounds: tuple[str, ...]
    gain: Interval | None = None

    @property
    def chosen(self) -> LayerScore:
        """The layer that the saved model would take."""
        return next(score for score in self.scores if score.chosen)


@dataclass(frozen=True)
class Candidate:
    """One way to a classifier, measured on the same photos as the others.

    Attributes:
        name: `linear probe`, `probe on layer blocks.3:2x2`, `probe on 8 views`, `fine-tuning`.
        accuracy: on the evaluated photos.
        log_loss: likewise.
        gain: accuracy minus that of the plain linear probe, paired; `None` for that probe itself.
        loss_change: log loss minus that of the plain linear probe, paired; below 0 is better; `None` likewise.
        seconds: that it took on top of what came before it.
        kept: this is the one that the model was saved from.
        note: why it was kept or not, in a sentence.
    """

    name: str
    accuracy: Interval
    log_loss: Interval
    gain: Interval | None
    loss_change: Interval | None
    seconds: float
    kept: bool
    note: str


@dataclass(frozen=True)
class Defense:
    """What learning from photos changed to fool buys, and what it costs: fine-tuning against the plain linear probe.

    Every figure is of the same photos, none of which the network that answers has learned from. Each network was
    attacked on its own.

    Attributes:
        radius: how much each value of a photo's pixels could change; pixels lie in [0, 1].
        attack: what changed them, in words.
        photos: how many.
        majority: share of the most frequent label: what always answering it would get.
        clean_before: accuracy of the probe on photos as they are.
        clean: likewise of the tuned network.
        clean_change: the latter minus the former, paired.
        attacked_before: share of photos that the probe is right on whatever the attack did.
        attacked: likewise the tuned network.
        gain: the latter minus the former, paired.
    """

    radius: float
    attack: str
    photos: int
    majority: float
    clean_before: Interval
    clean: Interval
    clean_change: Interval
    attacked_before: Interval
    attacked: Interval
    gain: Interval

    @property
    def holds(self) -> bool:
        """Beyond noise, more photos stay right under attack, and more are right as they are than by always one answer.

        Always giving one answer would withstand every attack.
        """
        return self.gain.low > 0 and self.clean.low > self.majority


@dataclass(frozen=True)
class LearningPoint:
    """Accuracy of a head that learned from this many photos of each class; the interval covers photos and draws."""

    per_class: int
    accuracy: Interval


@dataclass(frozen=True)
class LearningCurve:
    """How accuracy grows with the number of photos to learn from, and where it goes.

    Attributes:
        points: from one photo a class upward; the last is as many as there are.
        doubled: accuracy to expect with twice the photos, with an interval; `None` where nothing can be said.
        photos: evaluated photos that every point was measured on.
    """

    points: tuple[LearningPoint, ...]
    doubled: Interval | None
    photos: int


@dataclass(frozen=True)
class TrickEffect:
    """What switching one training trick does, all else equal; positive accuracy and negative loss are better.

    Attributes:
        name: of the trick.
        setting: what was switched to, e.g. `label-smoothing=0.1` or `no-average`.
        default: what the default recipe has instead, e.g. `label-smoothing=0`.
        about: what the trick is, in a sentence.
        accuracy: accuracy with it minus accuracy of the default recipe, paired over photos and seeds.
        log_loss: likewise of the log loss.
        seeds: how many pairs of runs.
        seconds: of one run with it.
        seconds_ratio: seconds of a run with it over those of the default recipe, paired.
    """

    name: str
    setting: str
    default: str
    about: str
    accuracy: Interval
    log_loss: Interval
    seeds: int
    seconds: float
    seconds_ratio: float
