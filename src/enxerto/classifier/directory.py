"""A model on disk: a directory of JSON and safetensors, written atomically, loaded with every check.

| file | what |
|---|---|
| `model.json` | what the model is (`enxerto.classifier.manifest`) |
| `head.safetensors` | the head, the bank of "none of these", checksums of the photos learned from |
| `backbone.safetensors` | the backbone's weights; absent in a slim model |
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
from enxerto.backbones.identity import identity_of
from enxerto.classifier.checksums import verify_checksums, write_checksums
from enxerto.classifier.classifier import Classifier
from enxerto.classifier.manifest import SCHEMA, BackbonePart, Manifest, ProbePart, Provenance, decode, encode
from enxerto.errors import IntegrityError, OptionError
from enxerto.files import storage_errors, sync_directory, sync_file
from enxerto.heads import LinearProbe

HEAD = "head.safetensors"
BACKBONE = "backbone.safetensors"
MANIFEST = "model.json"


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
        OptionError: there is something at `path` already, and `force` is off.
        StorageError: the disk is full, or the path can't be written.
    """
    require_free(path, force=force)
    assert classifier.probe is not None
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob(f".{path.name}.unfinished-*"):
            shutil.rmtree(stale, ignore_errors=True)
        unfinished = path.with_name(f".{path.name}.unfinished-{secrets.token_hex(4)}")
        unfinished.mkdir()
        try:
            _write_files(classifier, unfinished, provenance, figures, extra, slim=slim)
            _move_into_place(unfinished, path)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


def require_free(path: Path, *, force: bool) -> None:
    """Raise an `OptionError` when a model can't be written to `path`, before any work is done."""
    _recover(path)
    if path.is_dir() and not any(path.iterdir()):
        return
    if path.exists() and not (force and (path / MANIFEST).is_file()):
        what = "a model" if (path / MANIFEST).is_file() else "something that is no model"
        hint = "pass --force to replace it" if what == "a model" else "choose another path"
        raise OptionError(f"there is {what} at {path} already; {hint}")


def read_manifest(path: Path) -> Manifest:
    """The checked manifest of a model directory.

    Raises:
        IntegrityError: the directory is no intact model.
    """
    _recover(path)
    if not path.is_dir():
        raise OptionError(f"there is no model at {path}")
    verify_checksums(path)
    return decode((path / MANIFEST).read_bytes())


def load(path: Path, *, device: str = "auto", precision: str = "fp32", offline: bool = False) -> Classifier:
    """See `Classifier.load`."""
    manifest = read_manifest(path)
    arrays = _read_arrays(path / HEAD)
    probe = _probe(manifest.probe, arrays, path)
    backbone = _inside(path, manifest.backbone) if manifest.backbone.inside else _outside(manifest.backbone, offline)
    return Classifier(
        backbone=backbone,
        classes=probe.classes,
        probe=probe,
        learned_from=arrays["learned_from"],
        device=device,
        precision=precision,
    )


def _write_files(
    classifier: Classifier,
    folder: Path,
    provenance: Provenance,
    figures: Mapping[str, float],
    extra: Mapping[str, bytes],
    *,
    slim: bool,
) -> None:
    from safetensors.numpy import save_file

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
    save_file({**classifier.probe.tensors(), "learned_from": classifier.learned_from}, folder / HEAD)
    if not slim:
        # safetensors writes the memory of an array as it lies, so strided tensors must be laid out first.
        arrays = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in backbone.load().items()}
        save_file(arrays, folder / BACKBONE)
    for name, content in extra.items():
        (folder / name).write_bytes(content)
    write_checksums(folder)
    for written in folder.iterdir():
        sync_file(written)
    sync_directory(folder)


def _move_into_place(unfinished: Path, path: Path) -> None:
    old = path.with_name(f".{path.name}.replaced")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    unfinished.rename(path)
    sync_directory(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _recover(path: Path) -> None:
    """Bring back a model that a killed `save` had moved aside."""
    old = path.with_name(f".{path.name}.replaced")
    if not path.exists() and old.is_dir():
        old.rename(path)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise IntegrityError(f"{path} can't be read: {error}") from error


def _probe(part: ProbePart, arrays: dict[str, NDArray[Any]], path: Path) -> LinearProbe:
    classes = len(part.classes)
    features = arrays["weight"].shape[-1] if "weight" in arrays else 0
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
        if not np.isfinite(array).all():
            raise IntegrityError(f"{name} in {path / HEAD} holds NaN or infinity")
    return LinearProbe.from_parts(arrays, asdict(part))


def _inside(path: Path, part: BackbonePart) -> Backbone:
    """The backbone whose weights lie in the model's directory."""
    import torch

    arrays = _read_arrays(path / BACKBONE)
    identity = identity_of(arrays)
    if identity != part.identity:
        raise IntegrityError(f"{path / BACKBONE} holds other weights than model.json says; copy the model again")
    entry = find(part.name)
    if entry.architecture != part.architecture:
        raise IntegrityError(f"model.json says that {part.name} is a {part.architecture}, not a {entry.architecture}")
    return Backbone(
        entry=replace(entry, preprocessing=part.preprocessing, licence=part.licence),
        origin="model",
        load=lambda: {name: torch.from_numpy(array) for name, array in arrays.items()},
        known_identity=identity,
        layer=part.layer,
        pooling=part.pooling,
    )


def _outside(part: BackbonePart, offline: bool) -> Backbone:
    """The backbone of a slim model, found by name and accepted by identity."""
    backbone = open_backbone(part.name, layer=part.layer, pooling=part.pooling, offline=offline)
    if backbone.identity != part.identity:
        raise IntegrityError(
            f"this slim model needs {part.name} with weights {part.identity[:12]}…, got {backbone.identity[:12]}…"
        )
    return replace(backbone, entry=replace(backbone.entry, preprocessing=part.preprocessing))
