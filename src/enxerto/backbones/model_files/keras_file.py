"""A whole Keras model from a file, opened only when nothing in it runs code of its own."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from enxerto.backbones.keras_zoo.published import published
from enxerto.backbones.keras_zoo.runtime import building
from enxerto.errors import IntegrityError

_CODE = frozenset({"Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"})
_INSIDE = frozenset({"Rescaling", "Normalization"})


def open_keras(path: Path, *, device: str = "cpu") -> Any:
    """The Keras model in a `.keras` or a whole `.h5` file.

    Raises:
        IntegrityError: it is none, it is damaged, or it has code of its own in it, which is never run.
        EngineError: Keras is not installed.
    """
    _require_plain(path)
    with building(device) as keras:
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras meets damaged and foreign files with whatever error it runs into
            reason = " ".join(str(error).split())[:300]
            raise IntegrityError(f"{path} is no Keras model that can be opened: {reason}") from error


def told_mode(model: Any) -> str | None:
    """How a model wants its photos, where its layers say so; `None` where nothing does.

    A model that begins with a layer of preprocessing takes 0 to 255; one that is called like a network of
    `keras.applications`, or begins with one, wants what that network wants.
    """
    for layer in model.layers[:4]:
        if type(layer).__name__ in _INSIDE:
            return "inside"
    names = [_plain(name) for name in (model.name, *(layer.name for layer in model.layers[:4]))]
    matching = [
        each for each in published().values() if any(name.startswith(_plain(each.application)) for name in names)
    ]
    longest = max(matching, key=lambda each: len(each.application), default=None)  # resnet50v2 is no resnet50
    return longest.mode if longest else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _require_plain(path: Path) -> None:
    """Look at a model's description before Keras does."""
    for part in _parts(_description(path)):
        name, module = part.get("class_name"), part.get("module")
        registered = part.get("registered_name")
        if name in _CODE:
            raise IntegrityError(f"{path} has a {name} layer in it, which is code that would run here; it isn't opened")
        if isinstance(module, str) and module.split(".")[0] not in ("keras", "builtins"):
            raise IntegrityError(f"{path} needs code that isn't Keras's own ({module}.{name}); it isn't opened")
        if name == "function" and module != "keras.activations":
            raise IntegrityError(f"{path} calls the function {part.get('config')!r} of {module}; it isn't opened")
        if isinstance(registered, str) and ">" in registered and not registered.startswith("keras"):
            raise IntegrityError(f"{path} needs a custom layer ({registered}), whose code isn't in it; it isn't opened")


def _description(path: Path) -> Any:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read("config.json"))
        import h5py

        with h5py.File(path) as file:
            if "model_config" not in file.attrs:
                raise IntegrityError(f"{path} holds weights without their network; name the network: keras:NAME")
            return json.loads(file.attrs["model_config"])
    except ImportError:
        return {}  # opening it says that Keras is missing
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        raise IntegrityError(f"{path} is no intact Keras model: {' '.join(str(error).split())[:200]}") from error


def _parts(description: Any) -> Iterator[dict[str, Any]]:
    """Every object in a description, however deep; a loop, as a hostile one may be deeper than Python calls go."""
    waiting = [description]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
