"""What learning from photos changed to fool buys: the probe and the tuned network, each under the same attack.

The attack is stronger than what was learned from and shares nothing with it: the first two of AutoAttack's standard
ensemble (Croce & Hein 2020, arXiv:2003.01690), with fewer steps. A stronger one may fool more; none fools fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.attack import apgd
from enxerto.attack.found import Found
from enxerto.attack.goal import Goal
from enxerto.attack.subject import Subject
from enxerto.backbones import Augmentation, Backbone
from enxerto.engines import Engine, HeadArrays, open_engine
from enxerto.evaluation.intervals import mean_interval, paired_difference
from enxerto.evaluation.results import Defense
from enxerto.heads.linear import solve
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.control import stratified_sample
from enxerto.jobs.training.settings import Settings
from enxerto.progress import Advance
from enxerto.training import rounds
from enxerto.tuning import Tuned
from enxerto.tuning.inputs import Pictures
from enxerto.tuning.network import TunableNetwork, tuned_backbone
from enxerto.types import Features

SAMPLE = 200
"""Photos attacked at most."""
STEPS = 20
TARGETS = 3
PHOTOS_AT_ONCE = 16
ATTACK = f"APGD up the cross-entropy, then toward the most probable of the other classes, {STEPS} steps each"


@dataclass(frozen=True)
class UnderAttack:
    """Which photos each of the two networks is right on, as they are and whatever the attack did.

    Attributes:
        radius: of the attack, in pixels of [0, 1].
        rows: the photos, int64, shape (photos,).
        right: by the probe and by the tuned network, bool, shape (2, photos).
        withstood: right under attack, likewise.
    """

    radius: float
    rows: NDArray[np.int64]
    right: NDArray[np.bool_]
    withstood: NDArray[np.bool_]

    def compared(self, labelled: LabelledPhotos, leaked: NDArray[np.int64]) -> Defense:
        """The figures.

        Args:
            labelled: all photos.
            leaked: indices of photos of whose groups some were learned from; they don't count, where there are others.
        """
        honest = ~np.isin(self.rows, leaked)
        counted = honest if honest.any() else np.ones(len(self.rows), dtype=bool)
        rows = self.rows[counted]
        groups = np.unique(labelled.groups[rows], return_inverse=True)[1]
        before, clean = self.right[:, counted]
        attacked_before, attacked = self.withstood[:, counted]
        return Defense(
            radius=self.radius,
            attack=ATTACK,
            photos=len(rows),
            majority=float(np.bincount(labelled.labels[rows]).max() / len(rows)),
            clean_before=mean_interval(before, groups),
            clean=mean_interval(clean, groups),
            clean_change=paired_difference(clean, before, groups),
            attacked_before=mean_interval(attacked_before, groups),
            attacked=mean_interval(attacked, groups),
            gain=paired_difference(attacked, attacked_before, groups),
        )


def attack_both(
    backbone: Backbone,
    engine: Engine,
    tuned: Tuned,
    labelled: LabelledPhotos,
    features: Features,
    sides: Sequence[str],
    settings: Settings,
) -> UnderAttack:
    """Attack the probe and the tuned network of every round on photos that the round has not learned from.

    Args:
        backbone: of the probe.
        engine: that made the features.
        tuned: by an adversarial recipe.
        labelled: n photos.
        features: theirs, float32, shape (n, features).
        sides: of each photo.
        settings: of the job.
    """
    planned = rounds(sides, len(labelled.labels))
    every = np.concatenate([evaluated for _, evaluated in planned])
    sample = every[stratified_sample(labelled.labels[every], SAMPLE, settings.seed)]
    pictures = Pictures(labelled.photos, backbone.preprocessing, Augmentation(), settings.seed, settings.limits)
    parts = []
    with settings.progress("attacking both", 2 * len(sample)) as advance:
        for (learned, evaluated), network in zip(planned, tuned.networks, strict=True):
            rows = evaluated[np.isin(evaluated, sample)]
            if not len(rows):
                continue
            solved = solve(
                features[learned], labelled.labels[learned], labelled.classes, groups=labelled.groups[learned],
                class_weight=settings.class_weight, seed=settings.seed,
            )  # fmt: skip
            rivals = (
                (backbone, HeadArrays(solved.head.weight, solved.head.bias)),
                (tuned_backbone(tuned.backbone, network.state_dict()), _head(network)),
            )
            answered = [
                _attacked(open_engine(below, head=head, device=engine.device), pictures, labelled, rows,
                          tuned.recipe.adversarial, settings.seed, advance)
                for below, head in rivals
            ]  # fmt: skip
            parts.append((rows, np.array(answered)))
    rows = np.concatenate([rows for rows, _ in parts])
    answers = np.concatenate([answered for _, answered in parts], axis=2)
    return UnderAttack(tuned.recipe.adversarial, rows, answers[:, 0], answers[:, 1])


def _head(network: TunableNetwork) -> HeadArrays:
    return HeadArrays(network.weight.detach().cpu().numpy(), network.bias.detach().cpu().numpy())


def _attacked(
    engine: Engine,
    pictures: Pictures,
    labelled: LabelledPhotos,
    rows: NDArray[np.int64],
    radius: float,
    seed: int,
    advance: Advance,
) -> NDArray[np.bool_]:
    """Which photos a network is right on, as they are and under attack; bool, shape (2, rows)."""
    subject = Subject(engine, len(labelled.classes))
    found = []
    for start in range(0, len(rows), PHOTOS_AT_ONCE):
        some = rows[start : start + PHOTOS_AT_ONCE]
        pixels, goal = pictures.batch(some, 0).contiguous(), Goal(torch.from_numpy(labelled.labels[some]))
        found.append(_attempt(subject, pixels, goal, radius, seed))
        advance(len(some))
    right = np.concatenate([(each.distances > 0).numpy() for each in found])
    return np.stack([right, np.concatenate([(~each.success).numpy() for each in found])])


def _attempt(subject: Subject, pixels: torch.Tensor, goal: Goal, radius: float, seed: int) -> Found:
    """Two attacks, the second on what the first leaves; a photo answered wrong as it is has a distance of 0."""
    radii = torch.full((len(pixels),), radius)
    found = apgd.run(subject, pixels, goal, "linf", radii, steps=STEPS, seed=seed)
    left = found.open
    if len(left):
        found.absorb(
            apgd.run_targeted(
                subject, pixels[left], goal.rows(left), "linf", radii[left], steps=STEPS, seed=seed, targets=TARGETS
            ),
            left,
        )
    return found
