"""Ours: `enxerto.train`, with the look over the photos, the control, the report and the saved model."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

# Start-up is not counted on either side, so that everything is imported before the clock starts.
import openvino  # noqa: F401
import timm  # noqa: F401
import torch  # noqa: F401
import torchvision  # noqa: F401

import enxerto.jobs
import enxerto.report
from benchmarks.child import report


def main(photos: Path) -> dict[str, object]:
    """Seconds of a first and a second run, and the accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, stages = [], []
        for run in ("first", "second"):
            start = time.perf_counter()
            trained = enxerto.jobs.train(photos, Path(folder) / run)
            seconds.append(time.perf_counter() - start)
            stages.append(dict(trained.contents.seconds))
    return {
        "seconds": seconds[0],
        "second_run_seconds": seconds[1],
        "accuracy": trained.evaluation.accuracy.value,
        "photos": trained.evaluation.photos,
        "engine": trained.contents.engine,
        "stages": stages[0],
    }


if __name__ == "__main__":
    report(main)
