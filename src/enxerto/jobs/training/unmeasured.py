"""Training where no photo can be spared to measure on: a classifier, and a record that says that nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from enxerto.backbones import Backbone
from enxerto.classifier import Classifier
from enxerto.data import DataHealth, Split
from enxerto.data.split import ALWAYS
from enxerto.engines import Engine
from enxerto.features import PrecisionChoice
from enxerto.heads.probe import fit_probe
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.jobs.training.agreement import agreement_with_fp32
from enxerto.jobs.training.settings import Settings
from enxerto.report import UnmeasuredContents
from enxerto.types import Features


def measures_nothing(sides: Split) -> bool:
    """Whether every photo is learned from, so that none is left to evaluate."""
    return set(sides.sides) == {ALWAYS}


@dataclass(frozen=True)
class Asked:
    """What was asked for, for the record.

    Attributes:
        source: the folder of photos.
        command: the command line.
        views: of each photo to solve a head on, 1 for none.
        finetune: the backbone should have been tuned.
        any_layer: the layer should have been chosen.
        device: that the classifier shall run on.
    """

    source: str
    command: str
    views: int
    finetune: bool
    any_layer: bool
    device: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What isn't done, as it can't be judged, in sentences."""
        notes = []
        if self.any_layer:
            notes.append(
                "No layer was chosen: no photo is held out to see whether another one is better, so the last layer's "
                "features are kept."
            )
        if self.views > 1:
            notes.append(
                f"No probe on {self.views} views was tried: no photo is held out to see whether it is better, so the "
                "plain probe is kept."
            )
        if self.finetune:
            notes.append(
                "Not fine-tuned: no photo is held out to see when to stop and whether it is better, so the plain probe "
                "is kept."
            )
        return tuple(notes)


def train_unmeasured(
    backbone: Backbone,
    engine: Engine,
    choice: PrecisionChoice,
    labelled: LabelledPhotos,
    features: Features,
    sides: Split,
    health: DataHealth,
    settings: Settings,
    watch: Stopwatch,
    asked: Asked,
) -> tuple[Classifier, UnmeasuredContents]:
    """Solve a head on all photos; regularization, temperature and thresholds come from what can be spared, if any.

    Args:
        backbone: that the features come from.
        engine: that made them.
        choice: of its precision.
        labelled: n photos.
        features: theirs, float32, shape (n, features).
        sides: all of them `always`, and why.
        health: the look over the photos.
        settings: of the job.
        watch: times each stage.
        asked: what was asked for.

    Raises:
        DataError: all photos are copies of each other, or in one group.
    """
    with watch.stage("head"), settings.progress("solving the head", len(labelled.labels)) as advance:
        probe = fit_probe(
            features, labelled.labels, labelled.classes, groups=labelled.groups, class_weight=settings.class_weight,
            coverage=settings.coverage, seed=settings.seed,
        )  # fmt: skip
        advance(len(labelled.labels))
    classifier = Classifier(
        backbone=backbone, classes=labelled.classes, probe=probe, learned_from=labelled.content, device=asked.device
    )
    with watch.stage("agreement"):
        note = choice.note + agreement_with_fp32(
            classifier, labelled.photos, features, choice.precision, keep=settings.cache, limits=settings.limits
        )
    contents = UnmeasuredContents(
        title=Path(asked.source).resolve().name,
        source=asked.source,
        command=asked.command,
        created=now(),
        seconds=watch.seconds(),
        backbone=backbone_card(backbone),
        engine=f"{engine.name} {engine.precision}",
        precision_note=note,
        regularization=probe.C,
        temperature=probe.temperature,
        calibrated=bool(probe.search),
        set_threshold=probe.set_threshold,
        familiarity_threshold=probe.familiarity.threshold,
        health=health,
        reason=sides.protocol,
        versions=versions(),
        seed=settings.seed,
        notes=asked.notes,
    )
    return classifier, contents
