"""What is attacked: photos of ImageNet that EfficientNet-Lite0 gets right, on OpenVINO and in eager PyTorch."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.attack_task import FOLDER, PHOTOS, SEED
from benchmarks.child import report
from enxerto.backbones import to_pixels
from enxerto.classifier import Classifier
from enxerto.data import decode, read_bytes
from enxerto.engines import open_engine
from enxerto.types import Images


def main(photos: Path) -> dict[str, Any]:
    """Save as many as `ATTACK_PHOTOS` says, in a seeded order, as the network sees them."""
    count = int(os.environ.get(PHOTOS, "16"))
    classifier = Classifier.from_backbone()
    engines = (classifier.engine, open_engine(classifier.backbone, device="torch"))
    names: list[str] = import_module("timm.data").ImageNetInfo().label_names()
    files = sorted(photos.glob("n*_*"))
    images: list[Images] = []
    labels: list[int] = []
    looked = 0
    for row in np.random.default_rng(SEED).permutation(len(files)):
        if len(images) == count:
            break
        looked += 1
        image = classifier.preprocessing.image(decode(read_bytes(files[row])).image)
        label = names.index(files[row].name.split("_")[0])
        if all(int(engine.logits(image[None]).argmax()) == label for engine in engines):
            images.append(image)
            labels.append(label)
    np.savez(Path(os.environ[FOLDER]) / "photos.npz", pixels=to_pixels(np.stack(images)), labels=np.array(labels))
    return {"photos": len(images), "looked_at": looked}


if __name__ == "__main__":
    report(main)
