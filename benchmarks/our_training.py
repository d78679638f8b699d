"""Ours: `enxerto.train`, with the look over the photos, the control, the report and the saved model."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

# Start-up is not counted on either side, so that everything is imported before the clock starts.
import jinja2  # noqa: F401 - start-up is not counted
import openvino  # noqa: F401 - start-up is not counted
import safetensors.numpy  # noqa: F401 - start-up is not counted
import scipy.linalg
import scipy.optimize  # noqa: F401 - start-up is not counted
import timm  # noqa: F401 - start-up is not counted
import torch  # noqa: F401 - start-up is not counted
import torchvision  # noqa: F401 - start-up is not counted

import enxerto.jobs
import enxerto.report
from benchmarks.child import report
from enxerto.data import write_faces


def main(photos: Path) -> dict[str, object]:
    """Seconds of a first and a second run, and the accuracy.

    `SEED` is the seed; with `CONTROL=no` there is no control; with `CONVERTED=yes` the networks were converted before,
    by training on other photos.
    """
    start_of_process = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        if os.environ.get("CONVERTED") == "yes":
            for precision in ("fp32", "bf16"):
                _train(write_faces(Path(folder) / "faces"), Path(folder) / precision, precision=precision)
        aside = time.perf_counter() - start_of_process
        seconds, stages = [], []
        for run in ("first", "second"):
            start = time.perf_counter()
            trained = _train(photos, Path(folder) / run)
            seconds.append(time.perf_counter() - start)
            stages.append(dict(trained.contents.seconds))
    return {
        "seconds": seconds[0],
        "second_run_seconds": seconds[1],
        "not_counted_seconds": aside + seconds[1],
        "accuracy": trained.evaluation.accuracy.value,
        "photos": trained.evaluation.photos,
        "engine": trained.contents.engine,
        "stages": stages[0],
    }


def _train(photos: Path, model: Path, **options: str) -> enxerto.jobs.Trained:
    seed, control = int(os.environ.get("SEED", "0")), os.environ.get("CONTROL", "yes") == "yes"
    return enxerto.jobs.training.train(photos, model, seed=seed, control=control, **options)


if __name__ == "__main__":
    report(main)
