"""Ours: the linear probe, the probe on several views, and fine-tuning, one after the other in one `enxerto.train`."""

from __future__ import annotations

import os
from itertools import accumulate
from pathlib import Path

# Start-up is not counted on either side, so that everything is imported before the clock starts.
import openvino  # noqa: F401 - start-up is not counted
import scipy.linalg
import scipy.optimize  # noqa: F401 - start-up is not counted
import timm  # noqa: F401 - start-up is not counted
import torch  # noqa: F401 - start-up is not counted
import torchvision.transforms.v2  # noqa: F401 - start-up is not counted

import enxerto.jobs
import enxerto.tuning.tune
from benchmarks.child import report
from enxerto.tuning import Recipe

STAGES = ("head", "views", "fine-tuning")
"""Stages that end with a classifier."""


def main(photos: Path) -> dict[str, object]:
    """Every way with its accuracy, and the seconds since the start after which it was there.

    The seconds hold everything from listing the folder on, also what is done for test photos: their features and maps.
    `BACKBONE`, `SIZE`, `CROP`, `MIRROR`, `LABEL_PATTERN`, `SPLIT` and `SEED` are `enxerto.train`'s; `VIEWS` and
    `PRECISION` (of fine-tuning), too.
    """
    found = os.environ
    trained = enxerto.jobs.training.train(
        photos,
        backbone=found.get("BACKBONE", "efficientnet_lite0"),
        size_px=int(found["SIZE"]) if "SIZE" in found else None,
        crop=float(found["CROP"]) if "CROP" in found else None,
        mirror="MIRROR" in found,
        label_pattern=found.get("LABEL_PATTERN"),
        split=found.get("SPLIT"),
        views=int(found.get("VIEWS", "8")),
        finetune=Recipe(precision=found.get("PRECISION", "auto")),
        control=False,
        curve=False,
        seed=int(found.get("SEED", "0")),
    )
    contents = trained.contents
    if contents.notes:
        raise SystemExit(" ".join(contents.notes))
    elapsed = dict(zip(dict(contents.seconds), accumulate(dict(contents.seconds).values()), strict=True))
    stages = [stage for stage in elapsed if stage in STAGES]
    return {
        "points": [
            {
                "name": way.name,
                "seconds": elapsed[stage],
                "accuracy": way.accuracy.value,
                "log_loss": way.log_loss.value,
                "gain": None if way.gain is None else [way.gain.value, way.gain.low, way.gain.high],
                "kept": way.kept,
            }
            for way, stage in zip(contents.candidates, stages, strict=True)
        ],
        "photos": trained.evaluation.photos,
        "protocol": trained.evaluation.protocol,
        "engine": contents.engine,
        "best_epochs": [fit.best for fit in contents.tuning.fits] if contents.tuning else [],
    }


if __name__ == "__main__":
    report(main)
