"""`enxerto export --to keras`: a `.keras` file for TensorFlow, JAX and PyTorch, and a card that goes with it."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from enxerto.classifier import Classifier
from enxerto.errors import OptionError
from enxerto.export.proof import Proof, choose_backend, prove
from enxerto.files import sha256_of, storage_errors, sync_directory, sync_file, write_durably

SUFFIX = ".keras"


@dataclass(frozen=True)
class Exported:
    """What `export_keras` wrote.

    Attributes:
        path: the `.keras` file.
        card: a JSON file beside it: classes, how photos become its input, and the proof.
        size_bytes: of the `.keras` file.
        proof: that it gives the same answers on another backend.
    """

    path: Path
    card: Path
    size_bytes: int
    proof: Proof


def export_keras(classifier: Classifier, path: Path, *, backend: str = "auto", force: bool = False) -> Exported:
    """Write a classifier on one of Keras's networks as a Keras model; only once it is proven to answer the same.

    Args:
        classifier: with a head of its own.
        path: of the file, which ends with `.keras`.
        backend: that proves it: `tensorflow`, `jax`, `openvino`, or `auto` for the first that is installed.
        force: replace a file that is there.

    Raises:
        OptionError: it is no classifier on a Keras network, or the path or backend is impossible.
        EngineError: the proof can't be run, or it failed; nothing was written.
        StorageError: the disk is full, or the path can't be written.
    """
    from enxerto.export.keras_model import as_keras_model, require_keras

    require_keras(classifier)
    if path.suffix != SUFFIX:
        raise OptionError(f"the exported file must end with {SUFFIX}, got {path.name}")
    if path.exists() and not (force and path.is_file()):
        raise OptionError(f"there is something at {path} already; choose another path, or pass --force")
    chosen = choose_backend(backend)
    model = as_keras_model(classifier)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as folder:
            unfinished = Path(folder) / path.name
            model.save(unfinished)
            proof = prove(classifier, unfinished, chosen)
            sync_file(unfinished)
            unfinished.replace(path)
        sync_directory(path.parent)
    card = path.with_name(f"{path.name}.json")
    write_durably(card, _card(classifier, path, proof))
    return Exported(path, card, path.stat().st_size, proof)


def _card(classifier: Classifier, path: Path, proof: Proof) -> bytes:
    seen, backbone = classifier.preprocessing, classifier.backbone
    content = {
        "kind": "enxerto keras export",
        "schema": 1,
        "file": path.name,
        "sha256": sha256_of(path),
        "classes": classifier.classes,
        "backbone": {"name": backbone.name, "identity": backbone.identity, "licence": backbone.entry.licence},
        "input": {
            "shape": [None, seen.size_px, seen.size_px, 3],
            "values": "RGB, 0 to 255; normalization is inside the model",
            "crop": seen.crop,
            "interpolation": seen.interpolation,
        },
        "output": "calibrated probabilities, in the order of classes",
        "proof": asdict(proof),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"
