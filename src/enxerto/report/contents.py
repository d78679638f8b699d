"""What a report is made of: frozen results, ready to be rendered or kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.data.health import DataHealth
from enxerto.evaluation.results import (
    Candidate,
    Control,
    Defense,
    Domain,
    Evaluation,
    Interval,
    LayersTried,
    LearningCurve,
    Scratch,
    TrickEffect,
)
from enxerto.tuning.history import FitHistory


@dataclass(frozen=True)
class BackboneCard:
    """The pretrained network a classifier stands on.

    Attributes:
        name: as in `enxerto backbones list`.
        parameters: how many numbers it has.
        size_px: the side of the square it looks at.
        licence: of the weights.
        sha256: of the weights.
        layer: where the features come from, `last` by default.
        pooling: how a layer's maps become one vector.
    """

    name: str
    parameters: int
    size_px: int
    licence: str
    sha256: str
    layer: str
    pooling: str


@dataclass(frozen=True)
class TuningCard:
    """How the backbone was fine-tuned.

    Attributes:
        recipe: every knob with its value, in the recipe's order.
        stages: names of the network's stages that learned, the lowest first.
        parameters: how many numbers learned.
        fits: what happened, fit by fit.
        finder: learning rate and smoothed training loss, step by step of the learning-rate finder; empty when it
            wasn't asked.
        suggested_rate: the learning rate that the finder took; `None` likewise.
        defense: what learning from photos changed to fool buys and costs; `None` where photos were left as they are.
    """

    recipe: tuple[tuple[str, str], ...]
    stages: tuple[str, ...]
    parameters: int
    fits: tuple[FitHistory, ...]
    finder: tuple[tuple[float, float], ...] = ()
    suggested_rate: float | None = None
    defense: Defense | None = None


@dataclass(frozen=True)
class ReportContents:
    """Everything on the page of one training or evaluation.

    Attributes:
        title: of the page: the name of the folder or model.
        source: the folder of photos as it was given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        seconds: wall-clock time by stage, in order, e.g. `(("features", 3.1), ("head", 0.4))`.
        backbone: the network below the head.
        engine: what ran it, e.g. `openvino bf16`.
        precision_note: why this precision was taken, in a sentence.
        regularization: the inverse strength C chosen for the head.
        temperature: the calibration temperature.
        health: the look over the photos.
        evaluation: how good the classifier is.
        control: the same head on random weights; `None` when it was switched off, or there were too few photos.
        seen: names of evaluated photos that were in training, themselves, as a copy, or with a
            photo of their group.
        without_seen: the evaluation without those photos, `None` when there were none.
        versions: packages and their versions.
        seed: of splits, folds and bootstrap.
        candidates: the ways to a classifier that were tried, the plain linear probe first; empty when it was the only
            one.
        tuning: how the backbone was fine-tuned; `None` when it wasn't.
        curve: how accuracy grows with the number of photos; `None` when it wasn't measured.
        notes: what was asked for and couldn't be done, in sentences.
        unmeasured: classes of a training of which no photo was evaluated, as the few there are were learned from.
        layers: which layer's features transfer best; `None` where the layer was given.
        scratch: a small network trained from scratch on the same photos; `None` where it wasn't asked for.
        domain: how far the photos are from ImageNet's; `None` where the control was switched off, or the backbone can't
            tell.
    """

    title: str
    source: str
    command: str
    created: str
    seconds: tuple[tuple[str, float], ...]
    backbone: BackboneCard
    engine: str
    precision_note: str
    regularization: float
    temperature: float
    health: DataHealth
    evaluation: Evaluation
    control: Control | None
    seen: tuple[str, ...]
    without_seen: Evaluation | None
    versions: tuple[tuple[str, str], ...]
    seed: int
    candidates: tuple[Candidate, ...] = ()
    tuning: TuningCard | None = None
    curve: LearningCurve | None = None
    notes: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    layers: LayersTried | None = None
    scratch: Scratch | None = None
    domain: Domain | None = None

    @property
    def honest(self) -> Evaluation:
        """The evaluation that counts: without the photos that were in training, where there are any others."""
        return self.without_seen or self.evaluation

    @property
    def only_seen(self) -> bool:
        """Every photo was in training, so that nothing here says how good the classifier is on new ones."""
        return bool(self.seen) and self.without_seen is None


@dataclass(frozen=True)
class TricksContents:
    """Everything on the page of `enxerto tricks`.

    Attributes:
        title: of the page: the name of the folder.
        source: the folder of photos as it was given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        backbone: the network that was tuned.
        engine: what ran its frozen part.
        recipe: every knob of the default recipe with its value.
        stages: names of the stages that learned.
        photos: that every run learned from.
        validated: photos that every run was measured on, never learned from.
        probe: accuracy of the linear probe on them.
        accuracy: of the default recipe on them, over its seeds.
        effects: measured ones.
        unmeasured: settings that the time was too short for.
        minutes: the budget.
        seconds: spent.
        versions: packages and their versions.
        seed: of the first run; others count up from it.
        notes: how photos were drawn, and what couldn't be measured, in sentences.
        interrupted: somebody ended the comparison before its time.
    """

    title: str
    source: str
    command: str
    created: str
    backbone: BackboneCard
    engine: str
    recipe: tuple[tuple[str, str], ...]
    stages: tuple[str, ...]
    photos: int
    validated: int
    probe: Interval
    accuracy: Interval
    effects: tuple[TrickEffect, ...]
    unmeasured: tuple[str, ...]
    minutes: float
    seconds: float
    versions: tuple[tuple[str, str], ...]
    seed: int
    notes: tuple[str, ...] = ()
    interrupted: bool = False
