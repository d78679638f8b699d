"""Whether the fastest backbone within noise of the best is right on photos that had no part in choosing it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.child import report
from enxerto.data import PhotoSet, list_photos
from enxerto.engines import open_engine
from enxerto.evaluation.intervals import paired_difference
from enxerto.jobs.comparing.candidates import candidates
from enxerto.jobs.comparing.choosing import Cost, by_accuracy, wishes
from enxerto.jobs.comparing.screening import sample_of, screen
from enxerto.jobs.comparing.solving import Answers, answers, features_of_all
from enxerto.jobs.comparing.speed import speed_of
from enxerto.progress import silent

BACKBONES = (
    "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "squeezenet1_1", "random:squeezenet1_1",
    "random:efficientnet_lite0",
)  # fmt: skip


def main(photos: Path) -> dict[str, Any]:
    """Choices on one half, judged on the other, over random splits."""
    listed = list_photos(photos, label_pattern=os.environ.get("LABEL_PATTERN"))
    listed = replace(listed, photos=tuple(replace(photo, split=None) for photo in listed.photos))
    taking_part, _ = candidates(BACKBONES, offline=True, seed=0)
    engines = {each.name: open_engine(each.backbone) for each in taking_part}
    own = [each for each in taking_part if not each.random]
    costs = {
        each.name: Cost(
            speed_of(each, engines[each.name], listed, keep=True, seed=0, limits=None).milliseconds, each.size_bytes
        )
        for each in own
    }

    def solved(part: PhotoSet, name: str) -> Answers:
        features, material = features_of_all(
            engines[name], part, folds=5, seed=0, keep=True, limits=None, progress=silent
        )
        return answers(features, material, 0)

    sample = sample_of(listed, 120, 4, 0)
    scores = [screen(engine, sample, keep=True, limits=None, progress=silent).score for engine in engines.values()]
    accuracies = [solved(listed, name).accuracy for name in engines]
    chosen: Counter[str] = Counter()
    right, same, losses = 0, 0, []
    for seed in range(int(os.environ["SPLITS"])):
        halves = [{each.name: solved(part, each.name) for each in own} for part in _halves(listed, seed)]
        first, second = (wishes(half, costs) for half in halves)
        assert first is not None
        assert second is not None
        held_out = halves[1]
        best, taken = held_out[by_accuracy(held_out)[0]], held_out[first.fastest]
        chosen[first.fastest] += 1
        right += paired_difference(taken.right, best.right, best.groups).high >= 0
        same += first.fastest == second.fastest
        losses.append(best.accuracy - taken.accuracy)
    return {
        "photos": len(listed) // 2, "chosen": dict(chosen.most_common()), "right": int(right), "same": int(same),
        "largest_loss": max(losses), "rank_correlation": float(spearmanr(scores, accuracies).statistic),
    }  # fmt: skip


def _halves(listed: PhotoSet, seed: int) -> tuple[PhotoSet, PhotoSet]:
    """Two random halves of each class."""
    labels = np.array([photo.label for photo in listed.photos])
    generator = np.random.default_rng(seed)
    first: list[int] = []
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        first += rows[: len(rows) // 2].tolist()
    second = sorted(set(range(len(labels))) - set(first))
    return listed.subset(sorted(first)), listed.subset(second)


if __name__ == "__main__":
    report(main)
