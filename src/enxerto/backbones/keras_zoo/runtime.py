"""Keras on PyTorch, imported in this one place: its backend is fixed by the first import in a process."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from enxerto.errors import EngineError, OptionError

BACKEND = "torch"
OLDEST = (3, 13, 2)
"""Older ones run code from a model file in spite of `safe_mode` (CVE-2025-9905, CVE-2026-1462)."""

_LOCK = threading.RLock()
"""What a Keras model is built with (number format, layout of images, names) belongs to the whole process."""


def keras() -> Any:
    """The Keras module, on the torch backend.

    Raises:
        EngineError: Keras is not installed, or it is too old.
        OptionError: another backend was chosen for it.
    """
    if "keras" in sys.modules:
        return _on_torch(sys.modules["keras"])
    chosen = os.environ.get("KERAS_BACKEND", "")
    if chosen not in ("", BACKEND):
        raise OptionError(
            f"KERAS_BACKEND must be {BACKEND} or unset, got {chosen!r}: Keras's networks run on PyTorch here; "
            "unset KERAS_BACKEND"
        )
    _require_version()
    os.environ["KERAS_BACKEND"] = BACKEND
    try:
        loaded = importlib.import_module("keras")
    finally:
        os.environ.pop("KERAS_BACKEND")
        if chosen:
            os.environ["KERAS_BACKEND"] = chosen
    return _on_torch(loaded)


def _on_torch(loaded: Any) -> Any:
    found = loaded.backend.backend()
    if found != BACKEND:
        raise OptionError(
            f"Keras runs on {found} in this process, and Enxerto needs it on {BACKEND}; set KERAS_BACKEND={BACKEND} "
            "before Keras is first imported"
        )
    return loaded


def _require_version() -> None:
    try:
        found = importlib.metadata.version("keras")
    except importlib.metadata.PackageNotFoundError as error:
        raise EngineError(
            "Keras's networks need Keras, which is not installed; pip install 'enxerto[keras]'"
        ) from error
    numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    if numbers < OLDEST:
        raise EngineError(
            f"Keras must be {'.'.join(map(str, OLDEST))} or newer, as older ones run code from models, got {found}; "
            "pip install --upgrade 'enxerto[keras]'"
        )


@contextmanager
def building(device: str = "cpu") -> Iterator[Any]:
    """A block in which Keras models are built alike everywhere, whatever `keras.json` says: float32, channels last.

    Args:
        device: where their weights are; `meta` for none.

    Yields:
        The Keras module.
    """
    loaded = keras()
    with _LOCK:
        config = loaded.config
        before = config.floatx(), config.image_data_format(), config.dtype_policy()
        config.set_floatx("float32")
        config.set_image_data_format("channels_last")
        config.set_dtype_policy("float32")
        try:
            with loaded.device(device):
                yield loaded
        finally:
            config.set_floatx(before[0])
            config.set_image_data_format(before[1])
            config.set_dtype_policy(before[2])
