"""What networks see in saved ideal images: PNG files read back as any photo is. And in real photos, their ceiling."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logsumexp
from timm.data import ImageNetInfo

from benchmarks.child import report
from benchmarks.ideal_task import IMAGES, index_of
from enxerto.classifier import Classifier
from enxerto.data import decode, read_bytes

REAL = "photos"


def main(photos: Path) -> dict[str, Any]:
    """What each network of `JUDGES` sees in each folder in `IDEAL_IMAGES`.

    That is the `ranks` of the right classes, 1 the best, and the mean `log_probability` of them.
    """
    folders: dict[str, Mapping[Path, int]] = {
        folder.name: {file: index_of(file) for file in sorted(folder.iterdir())}
        for folder in sorted(Path(os.environ[IMAGES]).iterdir())
    }
    folders[REAL] = _real(photos / "imagenet")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name in os.environ["JUDGES"].split(","):
        judge = Classifier.from_backbone(name)
        found[name] = {folder: _seen(judge, files) for folder, files in folders.items() if files}
    return found


def _real(folder: Path) -> Mapping[Path, int]:
    """Photos of ImageNet, one a class, which begins the file name; none where the folder is missing."""
    labels: Sequence[str] = ImageNetInfo().label_names()
    return {file: labels.index(file.name.split("_")[0]) for file in sorted(folder.glob("n*_*"))}


def _seen(judge: Classifier, files: Mapping[Path, int]) -> dict[str, Any]:
    looks = judge.preprocessing
    images = [looks.image(decode(read_bytes(file), short_side_px=looks.short_side_px).image) for file in files]
    logits = judge.engine.logits(np.stack(images))
    right = logits[np.arange(len(logits)), list(files.values())]
    return {
        "ranks": (1 + (logits > right[:, None]).sum(1)).tolist(),
        "log_probability": float((right - logsumexp(logits, axis=1)).mean()),
    }


if __name__ == "__main__":
    report(main)
