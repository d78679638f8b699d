"""Grad-CAM overlays of photos as `enxerto explain` makes them, and the gradient engine's rate on the same photos."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.child import report
from enxerto.backbones import to_pixels
from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.data import Limits, PhotoSet, list_unlabeled
from enxerto.engines import ClassLogit
from enxerto.jobs.explaining.explain import explain
from enxerto.jobs.explaining.explaining import explained
from enxerto.jobs.explaining.photos import SeenPhoto, draw_all, seen_blocks
from enxerto.types import Images
from enxerto.visualize.attribution import Explainer, find_methods


def main(photos: Path) -> dict[str, Any]:
    """Photos a second, of the first `COUNT`: overlays from file to JPEG, the whole command, and gradients alone."""
    listed = list_unlabeled([photos])
    listed = listed.subset(list(range(min(int(os.environ["COUNT"]), len(listed)))))
    classifier = Classifier.from_backbone("efficientnet_lite0")
    explainer = Explainer(classifier, find_methods(["gradcam"]), len(listed), checks=False)
    overlays, seconds = _faster(lambda: _overlays(explainer, listed))
    images = np.stack([one.square for block in _blocks(classifier, listed) for one in block])
    _, gradient_seconds = _faster(lambda: _gradients(classifier, images))
    return {
        "photos": overlays,
        "overlays": overlays / seconds,
        "command": len(listed) / _command(classifier, listed),
        "gradients": overlays / gradient_seconds,
        "engine": f"{classifier.engine.name} {classifier.engine.precision}",
    }


def _faster(work: Callable[[], int]) -> tuple[int, float]:
    """What three passes give, and the seconds of the fastest; the first one also converts and compiles."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        count = work()
        seconds.append(time.perf_counter() - start)
    return count, min(seconds)


def _blocks(classifier: Classifier, listed: PhotoSet) -> list[list[SeenPhoto]]:
    blocks = seen_blocks(listed.photos, classifier.preprocessing, Limits())
    return [[one for one in block if isinstance(one, SeenPhoto)] for block in blocks]


def _overlays(explainer: Explainer, listed: PhotoSet) -> int:
    """Decoded, explained, and drawn over the photos in their own size as JPEG files; how many."""
    count = 0
    for block in _blocks(explainer.classifier, listed):
        new = explained(explainer, block, None, None, 0)
        count += sum(len(drawn.files) for drawn in draw_all(new, Limits(), files=True, page=False))
    return count


def _command(classifier: Classifier, listed: PhotoSet) -> float:
    """Seconds of `enxerto explain --method gradcam --no-checks`, page and all, with the network open."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        explain(
            [photo.path for photo in listed.photos], Path(folder) / "explained", model=classifier,
            methods=["gradcam"], checks=False, neighbors=0,
        )  # fmt: skip
        return time.perf_counter() - start


def _gradients(classifier: Classifier, images: Images) -> int:
    """Of a class's logit with respect to the pixels, which are in memory, with all processors."""
    engine, pixels = classifier.engine, to_pixels(images)
    targets = np.zeros((len(images), len(imagenet_classes())), dtype=np.float32)
    targets[:, 0] = 1
    with ThreadPoolExecutor(engine.workers) as pool:
        parts = [slice(start, start + engine.chunk) for start in range(0, len(images), engine.chunk)]
        found = pool.map(lambda part: engine.input_gradient(pixels[part], targets[part], ClassLogit()), parts)
        return sum(len(each.gradient) for each in found)


if __name__ == "__main__":
    report(main)
