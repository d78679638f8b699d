"""The rival of fine-tuning: fastai's `fine_tune`, or, where fastai can't be imported, a plain loop with its defaults.

Everything is as fastai's own examples have it: the quick start resizes to 224 pixels, the tutorial on pets to 460 and
augments down to 224. Only the network is ours, with the very weights that ours starts from.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import timm  # noqa: F401 - start-up is not counted
import torch
from safetensors.torch import save_file

from benchmarks.child import report
from benchmarks.plain_tuning import BATCH, WORKERS, plain_fine_tune
from benchmarks.sides import read_side
from enxerto.backbones import Backbone, open_backbone

try:
    import fastai
    from fastai.vision import all as vision
except ImportError:
    fastai = None

SIZE_PX = 224
LARGER_PX = 460


def main(photos: Path) -> dict[str, Any]:
    """Points of (seconds, accuracy) after each epoch.

    `SPLIT` is the CSV file, `EPOCHS` what `fine_tune` gets, `AUGMENTED` whether views are augmented, `SEED` the seed.
    """
    tested = read_side(photos, Path(os.environ["SPLIT"]), "test")
    run = plain_fine_tune if fastai is None else fastai_fine_tune
    name = "a plain PyTorch loop with fastai's published defaults" if fastai is None else f"fastai {fastai.__version__}"
    points = run(
        photos,
        Path(os.environ["SPLIT"]),
        open_backbone(),
        epochs=int(os.environ["EPOCHS"]),
        augmented=os.environ.get("AUGMENTED") == "yes",
        seed=int(os.environ.get("SEED", "0")),
    )
    return {"rival": name, "points": points, "photos": len(tested.paths), "batch": BATCH}


def fastai_fine_tune(
    photos: Path, split: Path, backbone: Backbone, *, epochs: int, augmented: bool, seed: int
) -> list[dict[str, Any]]:
    """`vision_learner(…).fine_tune(epochs)`."""
    vision.set_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        tensors = {name: tensor.contiguous() for name, tensor in backbone.tensors().items()}
        save_file(tensors, weights)
        points = Points()
        sides = [(read_side(photos, split, name), name == "test") for name in ("train", "test")]
        rows = [
            (str(path), label, tested)
            for side, tested in sides
            for path, label in zip(side.paths, side.labels, strict=True)
        ]
        loaders = vision.ImageDataLoaders.from_df(
            vision.pd.DataFrame(rows, columns=["path", "label", "tested"]),
            path="/",
            fn_col="path",
            label_col="label",
            valid_col="tested",
            item_tfms=vision.Resize(LARGER_PX if augmented else SIZE_PX),
            batch_tfms=vision.aug_transforms(size=SIZE_PX) if augmented else None,
            bs=BATCH,
            num_workers=WORKERS,
        )
        learner = vision.vision_learner(
            loaders, backbone.entry.architecture, cbs=points, pretrained_cfg_overlay={"file": str(weights)}
        )
        name, first = next(learner.model[0].model.named_parameters())
        assert torch.equal(first, tensors[name]), "these are not the packaged weights"
        with learner.no_bar(), learner.no_logging():
            learner.fine_tune(epochs)
    return points.points


if fastai is not None:

    class Points(vision.Callback):
        """Accuracy on the test photos after each epoch, and the seconds until then without all such tests."""

        def __init__(self) -> None:
            self.points: list[dict[str, Any]] = []
            self.right = 0
            self.not_counted = 0.0
            self.start = time.perf_counter()

        def before_validate(self) -> None:
            """An epoch is learned."""
            self.right = 0
            self.paused = time.perf_counter()

        def after_batch(self) -> None:
            """Count right answers."""
            if not self.training:
                self.right += int((self.pred.argmax(1) == self.y).sum())

        def after_validate(self) -> None:
            """Note the point."""
            number = len(self.points)
            self.points.append({
                "name": "frozen epoch" if number == 0 else f"epoch {number}",
                "seconds": self.paused - self.start - self.not_counted,
                "accuracy": self.right / len(self.dls.valid_ds),
            })  # fmt: skip
            self.not_counted += time.perf_counter() - self.paused


if __name__ == "__main__":
    report(main)
