"""Ours: steps of fine-tuning as `enxerto train --finetune` does them, on pixels or maps that are in memory."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

import enxerto.tuning.fit
from benchmarks.child import report
from benchmarks.plain_step import BATCH, WARM_UP
from enxerto.backbones import open_backbone
from enxerto.data import PhotoSet, list_photos
from enxerto.progress import silent
from enxerto.tuning import Material, Recipe, Surroundings
from enxerto.tuning.bench import Bench, open_inputs
from enxerto.tuning.initialization import initial_head
from enxerto.tuning.inputs import Inputs
from enxerto.tuning.material import Start
from enxerto.tuning.network import open_tail

VIEW = 1
"""The view that the first epoch shows: a random one."""


@dataclass
class InMemory(Inputs):
    """One view of every photo."""

    views: torch.Tensor

    def prepare(self, view: int, progress: object) -> None:
        """All is there."""

    def batch(self, rows: NDArray[np.int64], view: int) -> torch.Tensor:  # noqa: ARG002 - the same for every view
        """Of these photos."""
        return self.views[torch.from_numpy(rows)].contiguous(memory_format=torch.channels_last)

    def close(self) -> None:
        """Nothing was opened."""


def main(photos: Path) -> dict[str, float]:
    """Photos learned from a second, the median of `STEPS` steps; and the seconds that a photo's maps took.

    With `STAGES=all` the whole network learns, otherwise the default recipe's part; `PRECISION` is `fp32` or `bf16`.
    """
    steps, precision = int(os.environ["STEPS"]), os.environ["PRECISION"]
    stages = {"stages": None} if os.environ.get("STAGES") == "all" else {}
    recipe = Recipe(batch=BATCH, epochs=1, **stages)
    backbone = open_backbone()
    opened = open_tail(backbone, recipe)
    material = _material(photos, BATCH * (WARM_UP + steps), backbone.network.num_features)
    rows = np.arange(len(material.photos))
    around = Surroundings(bf16=precision == "bf16")
    with tempfile.TemporaryDirectory() as folder:
        inputs = open_inputs(backbone, opened, material, rows >= 0, around, Path(folder), "auto", precision)
        inputs.prepare(0, silent)  # compiles the frozen part
        start = time.perf_counter()
        inputs.prepare(VIEW, silent)
        preparing = time.perf_counter() - start
        ready = InMemory(inputs.batch(rows, VIEW))
        inputs.close()
        head = initial_head("inverse-sqrt", material.features.shape[2], len(material.classes), torch.Generator())
        bench = Bench("step", backbone, opened, ready, material, rows, rows[:1], Start(*head, 1.0, ()), around, None)
        seconds = _seconds(bench, recipe)[WARM_UP:]
    return {
        "rate": BATCH / statistics.median(seconds),
        "steps": len(seconds),
        "preparing_a_photo": preparing / len(rows) if opened.trunk else 0.0,
        "stages": len(opened.learning),
    }


def _material(folder: Path, count: int, features: int) -> Material:
    """Some of the photos to learn from."""
    listed = list_photos(folder)
    train = [row for row, photo in enumerate(listed.photos) if photo.split == "train"]
    photos: PhotoSet = listed.subset(np.random.default_rng(0).permutation(train)[:count].tolist())
    labels = np.array([photos.classes.index(photo.label or "") for photo in photos.photos])
    return Material(
        photos=photos,
        labels=labels,
        classes=photos.classes,
        groups=np.arange(len(photos)),
        features=np.zeros((len(photos), 1, features), dtype=np.float32),
        validation=np.arange(0),
        class_weight=None,
        coverage=0.95,
        seed=0,
        limits=None,
    )


def _seconds(bench: Bench, recipe: Recipe) -> list[float]:
    """What each step of a fit took."""
    learn, seconds = enxerto.tuning.fit.learn, []

    def timed(*arguments: object) -> float:
        start = time.perf_counter()
        loss: float = learn(*arguments)
        seconds.append(time.perf_counter() - start)
        return loss

    with mock.patch.object(enxerto.tuning.fit, "learn", timed):
        bench.fit(recipe)
    return seconds


if __name__ == "__main__":
    report(main)
