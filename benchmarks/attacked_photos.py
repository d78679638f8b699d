"""What is attacked: photos that the classifier gets right, on OpenVINO and in eager PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import enxerto
from benchmarks.attack_task import FOLDER, MODEL, PHOTOS, SEED, attacked
from benchmarks.child import report
from enxerto.backbones import to_pixels
from enxerto.data import decode, read_bytes
from enxerto.engines import open_engine
from enxerto.types import Images


def main(photos: Path) -> dict[str, Any]:
    """Save as many as `ATTACK_PHOTOS` says, in a seeded order, as the network sees them.

    Args:
        photos: of ImageNet, or with sides `train` and `test`: then a model is trained on one and attacked on the other.
    """
    count, folder = int(os.environ.get(PHOTOS, "16")), Path(os.environ[FOLDER])
    trained = (photos / "train").is_dir()
    if trained:
        enxerto.train(photos, folder / MODEL)
    classifier = attacked(folder)
    engines = (classifier.engine, open_engine(classifier.backbone, head=classifier.head, device="torch"))
    files, label_of = _of_folders(photos / "test", classifier.classes) if trained else _of_imagenet(photos)
    images: list[Images] = []
    labels: list[int] = []
    looked = 0
    for row in np.random.default_rng(SEED).permutation(len(files)):
        if len(images) == count:
            break
        looked += 1
        image = classifier.preprocessing.image(decode(read_bytes(files[row])).image)
        label = label_of(files[row])
        if all(int(engine.logits(image[None]).argmax()) == label for engine in engines):
            images.append(image)
            labels.append(label)
    np.savez(folder / "photos.npz", pixels=to_pixels(np.stack(images)), labels=np.array(labels))
    return {"photos": len(images), "looked_at": looked, "size_px": classifier.preprocessing.size_px}


def _of_imagenet(photos: Path) -> tuple[list[Path], Callable[[Path], int]]:
    names: list[str] = import_module("timm.data").ImageNetInfo().label_names()
    return sorted(photos.glob("n*_*")), lambda file: names.index(file.name.split("_")[0])


def _of_folders(photos: Path, classes: Sequence[str]) -> tuple[list[Path], Callable[[Path], int]]:
    return sorted(photos.glob("*/*")), lambda file: classes.index(file.parent.name)


if __name__ == "__main__":
    report(main)
