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

    model = keras.saving.load_model(model_file, compile=False, safe_mode=True)
    images = np.load(images_file).astype(np.float32)
    np.save(answers_file, np.asarray(model.predict(images, batch_size=4, verbose=0), dtype=np.float64))
    backend = keras.backend.backend()
    try:
        release = version(backend)
    except PackageNotFoundError:
        release = "of an unknown version"
    print(json.dumps({"backend": backend, "release": release, "keras": keras.__version__}))  # noqa: T201 - to the parent


if __name__ == "__main__":
    main()
