"""What transfer is worth: a head on pretrained features against a small network trained from scratch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from enxerto.backbones import Augmentation, Preprocessing
from enxerto.evaluation.intervals import mean_interval, paired_difference
from enxerto.evaluation.results import Scratch
from enxerto.heads import fit_probe
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.control import stratified_sample
from enxerto.jobs.training.settings import Settings
from enxerto.training import rounds
from enxerto.types import Features

LEARNED = 2000
JUDGED = 1000
_HALF = (0.5, 0.5, 0.5)


def run_scratch(
    labelled: LabelledPhotos, features: Features, sides: Sequence[str], settings: Settings
) -> Scratch | None:
    """Let both learn from the same photos, and judge them on the same others: of the first round of the evaluation.

    Args:
        labelled: n photos.
        features: theirs with pretrained weights, of a layer that was chosen without the photos judged; float32, shape
            (n, features).
        sides: of each photo.
        settings: of the job.

    Returns:
        `None` where a class has no photo to learn from there.
    """
    from enxerto.tuning.inputs import Pictures
    from enxerto.tuning.scratch import fit_from_scratch, side_for

    learned, judged = rounds(sides, len(labelled.labels))[0]
    learned = learned[stratified_sample(labelled.labels[learned], LEARNED, settings.seed)]
    judged = judged[~np.isin(labelled.groups[judged], labelled.groups[learned])]
    if len(np.unique(labelled.labels[learned])) < len(labelled.classes) or not len(judged):
        return None
    judged = judged[stratified_sample(labelled.labels[judged], JUDGED, settings.seed)]
    side = side_for(float(np.median(labelled.short_sides[learned])))
    looking = Preprocessing(side, 1.0, "bilinear", _HALF, _HALF)
    pictures = Pictures(labelled.photos, looking, Augmentation(), settings.seed, settings.limits)
    fit = fit_from_scratch(
        pictures.batch(learned, 0), labelled.labels[learned], len(labelled.classes), seed=settings.seed,
        progress=settings.progress,
    )  # fmt: skip
    probe = fit_probe(
        features[learned], labelled.labels[learned], labelled.classes, groups=labelled.groups[learned],
        class_weight=settings.class_weight, coverage=settings.coverage, seed=settings.seed,
    )  # fmt: skip
    answers = labelled.labels[judged]
    with_transfer = probe.decide(features[judged]).predicted == answers
    without = fit.logits(pictures.batch(judged, 0)).argmax(axis=1) == answers
    groups = np.unique(labelled.groups[judged], return_inverse=True)[1]
    return Scratch(
        learned=len(learned),
        photos=len(judged),
        side_px=side,
        parameters=fit.parameters,
        epochs=fit.epochs,
        cut_short=fit.epochs < fit.planned,
        pretrained=mean_interval(with_transfer, groups),
        scratch=mean_interval(without, groups),
        lift=paired_difference(with_transfer, without, groups),
    )
