"""The proof that an exported file gives a classifier's answers: loaded by another process on another backend."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enxerto.classifier import Classifier
from enxerto.data.embedded import cat_photo
from enxerto.errors import EngineError, OptionError
from enxerto.heads.calibration import softmax
from enxerto.types import Images

BACKENDS = ("tensorflow", "jax", "openvino")
"""What a `.keras` file is for besides PyTorch, the first that is installed unless one is asked for."""
TOLERANCE = 1e-3
"""Largest difference of a probability; float32 in another library rounds differently, layer after layer."""
TIMEOUT_S = 600


@dataclass(frozen=True)
class Proof:
    """How an exported file answers elsewhere.

    Attributes:
        backend: that ran it.
        release: of the backend.
        keras: its version.
        photos: how many it was asked about.
        largest_difference: of a probability.
        same_class: of how many photos the most probable class is the same.
    """

    backend: str
    release: str
    keras: str
    photos: int
    largest_difference: float
    same_class: int


def choose_backend(wanted: str = "auto") -> str:
    """The backend that a proof runs on.

    Raises:
        OptionError: an unknown one.
        EngineError: it is not installed.
    """
    if wanted != "auto":
        if wanted not in BACKENDS:
            raise OptionError(f"`backend` must be auto or one of {', '.join(BACKENDS)}, got {wanted!r}")
        if importlib.util.find_spec(wanted) is None:
            raise EngineError(f"the proof can't run on {wanted}, which is not installed; pip install {wanted}")
        return wanted
    return next(name for name in BACKENDS if importlib.util.find_spec(name) is not None)  # openvino always is


def prove(classifier: Classifier, model: Path, backend: str) -> Proof:
    """Ask the classifier and the file about the same photos.

    Raises:
        EngineError: the file can't be run there, or it answers otherwise.
    """
    images = sample(classifier)
    expected = softmax(classifier(images))
    answered, told = _answers(model, images, backend)
    if answered.shape != expected.shape:
        raise EngineError(f"the exported file gives shape {answered.shape} on {backend}, not {expected.shape}")
    largest = float(np.abs(answered - expected).max())
    same = int((answered.argmax(1) == expected.argmax(1)).sum())
    if not largest <= TOLERANCE:
        raise EngineError(
            f"the exported file answers otherwise on {backend}: probabilities differ by up to {largest:.2g}, "
            f"{len(images) - same} of {len(images)} photos get another class; nothing was written"
        )
    return Proof(**told, photos=len(images), largest_difference=largest, same_class=same)


def sample(classifier: Classifier) -> Images:
    """Parts of an embedded photo, and noise: uint8, shape (16, size, size, 3)."""
    seen, photo = classifier.preprocessing, cat_photo()
    random = np.random.default_rng(0)
    parts = [photo[top : top + 200, left : left + 200] for top in (0, 50, 100) for left in (0, 80, 160, 240)]
    noise = random.integers(0, 256, (4, seen.size_px, seen.size_px, 3), dtype=np.uint8)
    return np.concatenate([np.stack([seen.image(np.ascontiguousarray(part)) for part in parts]), noise])


def _answers(model: Path, images: Images, backend: str) -> tuple[np.ndarray, dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        asked, answers = Path(folder) / "images.npy", Path(folder) / "answers.npy"
        np.save(asked, images)
        try:
            child = subprocess.run(
                [sys.executable, "-m", "enxerto.export.proving", str(model), str(asked), str(answers)],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
                env={**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"},
            )
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"the proof on {backend} took more than {TIMEOUT_S} s; nothing was written") from error
        if child.returncode != 0:
            reason = (child.stderr.strip().splitlines() or ["it was killed"])[-1][:300]
            raise EngineError(f"the exported file can't be run on {backend}: {reason}; nothing was written")
        return np.load(answers), json.loads(child.stdout.strip().splitlines()[-1])
