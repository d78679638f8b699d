"""What the report of a training is made of that left no photo to measure on."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.data.health import DataHealth
from enxerto.report.contents import BackboneCard


@dataclass(frozen=True)
class UnmeasuredContents:
    """Everything on the page of a training in which every photo was needed to learn from; no figure of how good it is.

    Attributes:
        title: of the page: the name of the folder.
        source: the folder of photos as it was given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        seconds: wall-clock time by stage, in order.
        backbone: the network below the head.
        engine: what ran it, e.g. `openvino bf16`.
        precision_note: why this precision was taken, in a sentence.
        regularization: the inverse strength C of the head.
        temperature: that probabilities are made with.
        calibrated: regularization and temperature were fitted on photos that a head had not learned from; otherwise
            both are defaults.
        set_threshold: probability from which a class belongs to the prediction set; 0 puts every class in it.
        familiarity_threshold: similarity below which "none of these" is answered; -1 or less never answers it.
        health: the look over the photos.
        reason: why nothing could be measured, in words that follow a colon.
        versions: packages and their versions.
        seed: of everything random.
        notes: what was asked for and couldn't be done, in sentences.
        evaluation: always `None`: nothing was measured.
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
    calibrated: bool
    set_threshold: float
    familiarity_threshold: float
    health: DataHealth
    reason: str
    versions: tuple[tuple[str, str], ...]
    seed: int
    notes: tuple[str, ...] = ()
    evaluation: None = None
