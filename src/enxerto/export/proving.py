"""Run a `.keras` file on photos under the backend that `KERAS_BACKEND` names; a process of its own.

`python -m enxerto.export.proving MODEL IMAGES ANSWERS`: two NumPy files; who answered goes to stdout as JSON.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np


def main() -> None:
    """Answer."""
    model_file, images_file, answers_file = map(Path, sys.argv[1:])
    import keras

    if keras.backend.backend() == "openvino":
        _compute_in_fp32()
    model = keras.saving.load_model(model_file, compile=False, safe_mode=True)
    images = np.load(images_file).astype(np.float32)
    np.save(answers_file, np.asarray(model.predict(images, batch_size=4, verbose=0), dtype=np.float64))
    backend = keras.backend.backend()
    try:
        release = version(backend)
    except PackageNotFoundError:
        release = "of an unknown version"
    print(json.dumps({"backend": backend, "release": release, "keras": keras.__version__}))  # noqa: T201 - to the parent


def _compute_in_fp32() -> None:
    """OpenVINO computes in bf16 where a processor has it, unless it is told otherwise, and Keras doesn't tell it."""
    import openvino

    compiled = openvino.compile_model
    openvino.compile_model = lambda model, device: compiled(model, device, {"INFERENCE_PRECISION_HINT": "f32"})


if __name__ == "__main__":
    main()
