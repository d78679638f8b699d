"""A model on disk: a directory of JSON and safetensors, written atomically, loaded with every check.

| file | what |
|---|---|
| `model.json` | what the model is (`enxerto.classifier.manifest`) |
| `head.safetensors` | the head, the bank of "none of these", checksums of the photos learned from |
| `backbone.safetensors` | the backbone's weights; absent in a slim model |
| `backbone.keras`, `backbone.h5`, `backbone.pt2` | the user's own network that the backbone is, if it is one |
| `split.csv`, `results.json`, `report.html` | which photo was on which side, every figure, the report |
| `checksums.json` | size and SHA-256 of all of them |
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone, find, open_backbone
from enxerto.backbones.backbone import FINE_TUNED
from enxerto.backbones.catalog import FILE
from enxerto.backbones.identity import identity_of
from enxerto.backbones.model_files.names import SUFFIXES
from enxerto.classifier.checksums import read_verified, write_checksums
from enxerto.classifier.classifier import Classifier
from enxerto.classifier.manifest import NAME as MANIFEST
from enxerto.classifier.manifest import SCHEMA, BackbonePart, Manifest, ProbePart, Provenance, decode, encode
from enxerto.classifier.replacement import move_into_place, recover, require_free, sweep_beside
from enxerto.errors import IntegrityError, OptionError
from enxerto.files import storage_errors, sync_directory, sync_file, unfinished_directory
from enxerto.heads import LinearProbe

HEAD = "head.safetensors"
BACKBONE = "backbone.safetensors"


def require_slimmable(backbone: Backbone) -> None:
    """Raise an `OptionError` when a model without the backbone's weights could never be loaded."""
    if backbone.origin == FINE_TUNED:
        raise OptionError(
            "a slim model finds its backbone again by name; fine-tuned weights are nowhere but in the model"
        )
    if backbone.origin == "file":
        first = (
            ""
            if backbone.entry.package or backbone.entry.file
            else f"import it first (enxerto backbones import {backbone.name} FILE), or "
        )
        raise OptionError(
            "a slim model finds its backbone again by name, which it can't where the weights are a file's; "
            f"{first}save without --slim"
        )


def save(
    classifier: Classifier,
    path: Path,
    *,
    provenance: Provenance,
    figures: Mapping[str, float],
    extra: Mapping[str, bytes],
    slim: bool = False,
    force: bool = False,
) -> None:
    """Write a model directory; after a crash there is either the old one or the whole new one.

    Args:
        classifier: with a head of its own.
        path: of the directory.
        provenance: how it came to be.
        figures: the main figures, by name.
        extra: further files, by name: the split, the results, the report.
        slim: leave the backbone's weights out.
        force: replace what is there.

    Raises:
        OptionError: there is something at `path` already, and `force` is off; or see `require_slimmable`.
        StorageError: the disk is full, or the path can't be written.
    """
    if slim:
        require_slimmable(classifier.backbone)
    require_free(path, force=force)
    assert classifier.probe is not None
    path = path.resolve()
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep_beside(path)
        unfinished = path.with_name(f".{path.name}.unfinished-{secrets.token_hex(4)}")
        with unfinished_directory(unfinished):
            _write_files(classifier, unfinished, provenance, figures, extra, slim=slim)
            move_into_place(unfinished, path, force=force)


def read_manifest(path: Path) -> Manifest:
    """The checked manifest of a model directory.

    Raises:
        IntegrityError: the directory is no intact model.
    """
    return _read(path, ())[0]


def load(path: Path, *, device: str = "auto", precision: str = "fp32", offline: bool = False) -> Classifier:
    """See `Classifier.load`."""
    manifest, contents = _read(path, (HEAD, BACKBONE))
    arrays = _arrays(contents, path / HEAD)
    probe = _probe(manifest.probe, arrays, path)
    if manifest.backbone.inside:
        backbone = _inside(manifest.backbone, _arrays(contents, path / BACKBONE), path)
    else:
        backbone = _outside(manifest.backbone, offline)
    return Classifier(
        backbone=backbone,
        classes=probe.classes,
        probe=probe,
        learned_from=arrays["learned_from"],
        device=device,
        precision=precision,
    )


def _read(path: Path, wanted: tuple[str, ...]) -> tuple[Manifest, dict[str, bytes]]:
    recover(path)
    if not path.is_dir():
        raise OptionError(f"there is no model at {path}")
    contents = read_verified(path, (MANIFEST, *wanted))
    return decode(_required(contents, path / MANIFEST)), contents


def _required(contents: dict[str, bytes], path: Path) -> bytes:
    if path.name not in contents:
        raise IntegrityError(f"{path} is missing from the model and its checksums; copy the whole directory again")
    return contents[path.name]


def _write_files(
    classifier: Classifier,
    folder: Path,
    provenance: Provenance,
    figures: Mapping[str, float],
    extra: Mapping[str, bytes],
    *,
    slim: bool,
) -> None:
    assert classifier.probe is not None
    backbone = classifier.backbone
    manifest = Manifest(
        schema=SCHEMA,
        backbone=BackbonePart(
            name=backbone.name,
            architecture=backbone.entry.architecture,
            identity=backbone.identity,
            licence=backbone.entry.licence,
            preprocessing=backbone.preprocessing,
            layer=backbone.layer,
            pooling=backbone.pooling,
            inside=not slim,
        ),
        probe=ProbePart(**classifier.probe.settings()),
        provenance=provenance,
        figures=dict(figures),
    )
    (folder / MANIFEST).write_bytes(encode(manifest))
    _write_arrays(folder / HEAD, {**classifier.probe.tensors(), "learned_from": classifier.learned_from})
    if not slim:
        _write_arrays(folder / BACKBONE, {name: tensor.numpy() for name, tensor in backbone.tensors().items()})
    if backbone.entry.file is not None:
        shutil.copyfile(backbone.entry.file, folder / _file_name(backbone.entry.architecture))
    for name, content in extra.items():
        (folder / name).write_bytes(content)
    write_checksums(folder)
    mode = (folder / MANIFEST).stat().st_mode
    for written in folder.iterdir():
        written.chmod(mode)  # safetensors writes files that only their owner may read
        sync_file(written)
    sync_directory(folder)


def _write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    from safetensors.numpy import save_file

    # safetensors writes the memory of an array as it lies, whatever its strides say.
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def _arrays(contents: dict[str, bytes], path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file; not those in formats that NumPy doesn't know."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, NDArray[Any]] = load(_required(contents, path))
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"{path} can't be read: {error}") from error
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise IntegrityError(f"{name} in {path} holds NaN or infinity")
    return arrays


def _probe(part: ProbePart, arrays: dict[str, NDArray[Any]], path: Path) -> LinearProbe:
    classes = len(part.classes)
    features = arrays["weight"].size // classes if "weight" in arrays else 0
    expected = {
        "weight": ("float32", (classes, features)),
        "bias": ("float32", (classes,)),
        "bank": ("float16", (None, features)),
        "learned_from": ("uint8", (None, 32)),
    }
    if set(arrays) != set(expected):
        raise IntegrityError(f"{path / HEAD} should hold {', '.join(expected)}, got {', '.join(sorted(arrays))}")
    for name, (dtype, shape) in expected.items():
        array = arrays[name]
        fits = len(shape) == array.ndim and all(
            want in (None, got) for want, got in zip(shape, array.shape, strict=True)
        )
        if array.dtype != dtype or not fits:
            raise IntegrityError(f"{name} in {path / HEAD} should be {dtype} {shape}, got {array.dtype} {array.shape}")
    return LinearProbe.from_parts(arrays, asdict(part))


def _inside(part: BackbonePart, arrays: dict[str, NDArray[Any]], path: Path) -> Backbone:
    """The backbone whose weights lie in the model's directory."""
    import torch

    identity = identity_of(arrays)
    if identity != part.identity:
        raise IntegrityError(f"{path / BACKBONE} holds other weights than model.json says; copy the model again")
    if part.name.startswith(FILE):
        copy = path / _file_name(part.architecture)
        if not copy.is_file():
            raise IntegrityError(f"{copy} is missing from the model; copy the whole directory again")
        from enxerto.backbones.model_files.opening import saved_entry

        entry = saved_entry(part.name, copy, part.preprocessing.size_px)
    else:
        entry = find(part.name)
    if entry.architecture != part.architecture:
        raise IntegrityError(f"model.json says that {part.name} is a {part.architecture}, not a {entry.architecture}")
    backbone = Backbone(
        entry=replace(entry, preprocessing=part.preprocessing, licence=part.licence),
        origin="model",
        load=lambda: {name: torch.from_numpy(array) for name, array in arrays.items()},
        known_identity=identity,
        layer=part.layer,
        pooling=part.pooling,
    )
    if identity != entry.identity:
        backbone.feature_network()  # weights that the catalog doesn't know: see now that they fit
    return backbone


def _file_name(architecture: str) -> str:
    """Of a user's own network inside a model; `architecture` begins with its ending."""
    suffix = architecture.split()[0] if architecture else ""
    if suffix not in SUFFIXES:
        raise IntegrityError(f"model.json names a backbone that is a {suffix!r} file; known: {', '.join(SUFFIXES)}")
    return f"backbone{suffix}"


def _outside(part: BackbonePart, offline: bool) -> Backbone:
    """The backbone of a slim model, found by name and accepted by identity."""
    backbone = open_backbone(part.name, layer=part.layer, pooling=part.pooling, offline=offline)
    if backbone.identity != part.identity:
        raise IntegrityError(
            f"this slim model needs {part.name} with weights {part.identity[:12]}…, got {backbone.identity[:12]}…"
        )
    return replace(backbone, entry=replace(backbone.entry, preprocessing=part.preprocessing))
