"""Accuracy of `enxerto.train` with its defaults, for several backbones and seeds."""

from __future__ import annotations

import os
from pathlib import Path

import enxerto
from benchmarks.child import report


def main(photos: Path) -> dict[str, object]:
    """Accuracy with its interval, by seed."""
    results = []
    for seed in map(int, os.environ.get("SEEDS", "0,1,2").split(",")):
        trained = enxerto.train(
            photos,
            backbone=os.environ["BACKBONE"],
            size_px=int(os.environ["SIZE"]) if "SIZE" in os.environ else None,
            crop=float(os.environ["CROP"]) if "CROP" in os.environ else None,
            label_pattern=os.environ.get("LABEL_PATTERN"),
            control=False,
            seed=seed,
        )
        accuracy = trained.evaluation.accuracy
        results.append({"seed": seed, "accuracy": accuracy.value, "low": accuracy.low, "high": accuracy.high})
    return {
        "results": results,
        "photos": trained.evaluation.photos,
        "protocol": trained.evaluation.protocol,
        "engine": trained.contents.engine,
    }


if __name__ == "__main__":
    report(main)
