"""What becomes of attacked photos in files: rounded to grey levels, written as PNG, read back, asked about again."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.attack_task import FOLDER, Task
from benchmarks.child import report
from enxerto.data import decode
from enxerto.types import Images, Pixels


def main(_photos: Path) -> dict[str, Any]:
    """For each file of points, which of the photos still fool."""
    task = Task.asked()
    engine = task.classifier.engine
    labels = task.labels.numpy()
    found: dict[str, list[bool]] = {}
    for file in sorted(Path(os.environ[FOLDER]).glob("*-*.npz")):
        with np.load(file) as stored:
            found[file.name] = (engine.logits(_read_back(stored["points"])).argmax(1) != labels).tolist()
    return found


def _read_back(points: Pixels) -> Images:
    return np.stack([_decoded(np.rint(255 * point.transpose(1, 2, 0)).astype(np.uint8)) for point in points])


def _decoded(image: NDArray[np.uint8]) -> Images:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    return decode(content.getvalue()).image


if __name__ == "__main__":
    report(main)
