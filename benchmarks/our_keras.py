"""One network of Keras: features by our engine and by `model.predict`, in photos a second, and their cosine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.child import report
from enxerto.backbones import Backbone, find
from enxerto.backbones.keras_zoo.applications import keras_model
from enxerto.backbones.keras_zoo.network import named_variables
from enxerto.backbones.keras_zoo.runtime import building
from enxerto.data import decode, list_photos, read_bytes
from enxerto.engines import open_engine
from enxerto.types import Features

PHOTOS = int(os.environ.get("KERAS_PHOTOS", "64"))


def main(photos: Path) -> dict[str, Any]:
    """Both rates, the faster of two passes each."""
    entry = find(os.environ["BACKBONE"])
    assert entry.keras is not None
    torch.manual_seed(0)
    model = keras_model(entry)
    tensors = {name: variable.value.detach() for name, variable in named_variables(model)}
    backbone = Backbone(entry, "random", lambda: tensors)
    engine = open_engine(backbone, device="openvino", precision=os.environ.get("PRECISION", "fp32"))
    seen = entry.preprocessing
    images = np.stack(
        [
            seen.image(decode(read_bytes(photo.path), short_side_px=seen.short_side_px).image)
            for photo in list_photos(photos).photos[:PHOTOS]
        ]
    )
    with building() as keras:
        prepared = getattr(keras.applications, entry.keras.module).preprocess_input(images.astype(np.float32))
        pooled = keras.Model(model.inputs, keras.layers.GlobalAveragePooling2D()(model.outputs[0]))
        expected, predict = _rate(lambda: np.asarray(pooled.predict(prepared, batch_size=32, verbose=0)))
    got, ours = _rate(lambda: engine.features(images))
    cosine = (got * expected).sum(1) / np.linalg.norm(got, axis=1) / np.linalg.norm(expected, axis=1)
    return {
        "ours": ours,
        "predict": predict,
        "smallest_cosine": float(cosine.min()),
        "photos": len(images),
        "engine": f"{engine.name} {engine.precision}",
        "keras": keras.__version__,
    }


def _rate(work: Callable[[], Features]) -> tuple[Features, float]:
    """What it gives, and photos a second, the faster of two passes after one that isn't counted."""
    features = work()
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return features, len(features) / min(seconds)


if __name__ == "__main__":
    report(main)
