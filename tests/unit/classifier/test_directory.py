from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save, save_file
from tiny_models import tiny_classifier

from enxerto.backbones import find
from enxerto.backbones.identity import identity_of
from enxerto.classifier import Classifier, Provenance, read_manifest, require_slimmable
from enxerto.classifier import save as save_classifier
from enxerto.classifier.checksums import NAME, write_checksums
from enxerto.classifier.directory import BACKBONE, HEAD
from enxerto.classifier.manifest import NAME as MANIFEST
from enxerto.data import list_unlabeled
from enxerto.errors import IntegrityError, OptionError, UnknownNameError

Arrays = dict[str, np.ndarray[Any, Any]]


def relist(model: Path) -> None:
    """Make the checksums those of the files, as somebody would who tampers on purpose."""
    (model / NAME).unlink()
    write_checksums(model)


def edit_manifest(model: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((model / MANIFEST).read_bytes())
    change(document)
    (model / MANIFEST).write_text(json.dumps(document))
    relist(model)


def edit_arrays(model: Path, name: str, change: Callable[[Arrays], object]) -> None:
    arrays = load_file(model / name)
    change(arrays)
    save_file(arrays, model / name)
    if name == BACKBONE:
        edit_manifest(model, lambda document: document["backbone"].update(identity=identity_of(arrays)))
    relist(model)


def probabilities(classifier: Classifier, faces: Path, count: int = 6) -> Any:
    photos = list_unlabeled([faces]).subset(range(0, 200, 200 // count))
    return np.array([prediction.probabilities for prediction in classifier.predict(photos)])


@pytest.mark.usefixtures("warm_home")
def test_a_loaded_model_gives_the_same_answers_to_the_bit(model: Path, faces: Path, tmp_path: Path) -> None:
    first = Classifier.load(model)
    manifest = read_manifest(model)
    save_classifier(
        first, tmp_path / "again", provenance=manifest.provenance, figures=manifest.figures, extra={}, slim=False
    )
    second = Classifier.load(str(tmp_path / "again"))
    assert second.classes == first.classes == ("face", "other")
    assert np.array_equal(second.learned_from, first.learned_from)
    assert first.learned_from.shape == (200, 32)
    assert first.backbone.origin == "model"
    assert first.probe is not None
    assert second.probe is not None
    assert second.probe.settings() == first.probe.settings()
    assert np.array_equal(probabilities(first, faces), probabilities(second, faces))
    for name in (HEAD, BACKBONE, MANIFEST):
        assert (tmp_path / "again" / name).read_bytes() == (model / name).read_bytes()


@pytest.mark.usefixtures("warm_home")
def test_a_slim_model_finds_its_backbone_and_gives_the_same_answers(model: Path, faces: Path, tmp_path: Path) -> None:
    whole = Classifier.load(model)
    manifest = read_manifest(model)
    slim = tmp_path / "slim"
    save_classifier(whole, slim, provenance=manifest.provenance, figures={}, extra={}, slim=True)
    assert sorted(os.listdir(slim)) == [NAME, HEAD, MANIFEST]
    assert sum(file.stat().st_size for file in slim.iterdir()) < 1_000_000
    loaded = Classifier.load(slim)
    assert loaded.backbone.origin == "package"
    assert np.array_equal(probabilities(loaded, faces), probabilities(whole, faces))
    edit_manifest(slim, lambda document: document["backbone"].update(identity="f" * 64))
    with pytest.raises(
        IntegrityError, match="this slim model needs efficientnet_lite0 with weights ffffffffffff…, got"
    ):
        Classifier.load(slim)


def test_a_slim_model_of_a_file_s_weights_is_refused(tmp_path: Path) -> None:
    classifier = tiny_classifier()
    given = replace(classifier, backbone=replace(classifier.backbone, origin="file"))
    provenance = Provenance("now", "command", 0, "fp32", "", ())
    with pytest.raises(OptionError, match="the weights are a file's; save without --slim"):
        save_classifier(given, tmp_path / "slim", provenance=provenance, figures={}, extra={}, slim=True)
    with pytest.raises(OptionError, match=r"\(enxerto backbones import resnet50 FILE\), or save without --slim"):
        require_slimmable(replace(given.backbone, entry=find("resnet50")))
    assert not (tmp_path / "slim").exists()
    require_slimmable(classifier.backbone)


@pytest.mark.usefixtures("warm_home")
def test_every_engine_gives_the_same_probabilities(model: Path, faces: Path) -> None:
    """In fp32, within 1e-4: the order of additions differs, nothing else does."""
    openvino, torch = (Classifier.load(model, device=device) for device in ("openvino", "torch"))
    assert (openvino.engine.name, torch.engine.name) == ("openvino", "torch")
    one, other = probabilities(openvino, faces), probabilities(torch, faces)
    assert one.shape == (len(other), 2)
    np.testing.assert_allclose(one, other, atol=1e-4)
    assert len(np.unique(one.argmax(axis=1))) == 2


def test_the_manifest_says_what_the_model_is(shared_model: Path) -> None:
    manifest = read_manifest(shared_model)
    assert manifest.backbone.name == "efficientnet_lite0"
    assert manifest.backbone.inside
    assert manifest.probe.classes == ("face", "other")
    assert manifest.figures["photos"] == 200
    assert manifest.provenance.precision == "fp32"


def test_there_is_no_model(tmp_path: Path) -> None:
    for path in (tmp_path / "gone", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(OptionError, match="there is no model at"):
            Classifier.load(path)
    with pytest.raises(IntegrityError, match="is no Enxerto model: it has no checksums.json"):
        Classifier.load(tmp_path)


@pytest.mark.parametrize("name", [HEAD, MANIFEST, BACKBONE, "split.csv", "results.json", "report.html", NAME])
def test_a_flipped_bit_in_any_file_is_noticed(model: Path, name: str) -> None:
    whole = (model / name).read_bytes()
    for position in np.linspace(0, len(whole) - 1, 5).astype(int).tolist():
        changed = bytearray(whole)
        changed[position] ^= 4
        (model / name).write_bytes(changed)
        with pytest.raises(IntegrityError, match="was changed or damaged|can't be read|doesn't list|is missing"):
            Classifier.load(model)


@pytest.mark.parametrize("name", [HEAD, MANIFEST, BACKBONE])
def test_a_file_that_neither_the_folder_nor_the_list_has(model: Path, name: str) -> None:
    (model / name).unlink()
    relist(model)
    with pytest.raises(IntegrityError, match=f"{name} is missing from the model and its checksums"):
        Classifier.load(model)


def canary(path: Path) -> bytes:
    """A pickle that writes a file when somebody loads it."""

    class Payload:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {path}",)

    return pickle.dumps(Payload())


def header(text: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text)) + text + body


BROKEN: list[bytes] = [
    b"",
    b"\0" * 8,
    struct.pack("<Q", 2**63) + b"{}",
    struct.pack("<Q", 2**64 - 1),
    struct.pack("<Q", 1000) + b"{}",
    header(b"not json"),
    header(b'{"weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}', b"short"),
    header(b'{"weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"bias":{"dtype":"F32","shape":[2],'
           b'"data_offsets":[4,12]}}', bytes(12)),
    header(b'{"weight":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}}', bytes(8)),
    header(b'{"weight":{"dtype":"nonsense","shape":[2],"data_offsets":[0,8]}}', bytes(8)),
    header(b'{"weight":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}', bytes(8)),
]  # fmt: skip


@pytest.mark.parametrize("name", [HEAD, BACKBONE])
@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_broken_safetensors_are_refused(model: Path, name: str, content: bytes) -> None:
    (model / name).write_bytes(content)
    relist(model)
    with pytest.raises(IntegrityError, match=f"{name} can't be read: |{name} should hold|holds other weights"):
        Classifier.load(model)


@pytest.mark.parametrize("name", [HEAD, BACKBONE])
def test_a_pickle_in_disguise_is_refused_and_nothing_runs(model: Path, name: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (model / name).write_bytes(canary(ran))
    relist(model)
    with pytest.raises(IntegrityError, match=f"{name} can't be read: "):
        Classifier.load(model)
    assert not ran.exists()
    pickle.loads((model / name).read_bytes())  # the canary does sing
    assert ran.exists()


@pytest.mark.parametrize("name", [HEAD, BACKBONE])
@pytest.mark.parametrize("part", [2, 1000, 10_000])
def test_a_cut_file_is_refused_whatever_the_checksums_say(model: Path, name: str, part: int) -> None:
    content = (model / name).read_bytes()
    (model / name).write_bytes(content[: len(content) // part])
    relist(model)
    with pytest.raises(IntegrityError, match=f"{name} can't be read: "):
        Classifier.load(model)


def put(name: str, value: Any) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({name: value})


def poke(name: str, value: float) -> Callable[[Arrays], None]:
    return lambda arrays: arrays[name].reshape(-1).__setitem__(-1, value)


@pytest.mark.parametrize("name", ["weight", "bias", "bank"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_are_refused(model: Path, name: str, value: float) -> None:
    edit_arrays(model, HEAD, poke(name, value))
    with pytest.raises(IntegrityError, match=rf"{name} in .*head.safetensors holds NaN or infinity"):
        Classifier.load(model)


def test_numbers_that_are_none_in_the_backbone_are_refused(model: Path) -> None:
    edit_arrays(model, BACKBONE, poke("conv_stem.weight", float("nan")))
    with pytest.raises(IntegrityError, match=r"conv_stem.weight in .*backbone.safetensors holds NaN or infinity"):
        Classifier.load(model)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("weight", np.zeros((3, 1280), np.float32)), r"weight in .* should be float32 \(2, 1920\), got .*3, 1280"),
        (put("weight", np.zeros((2, 1280), np.float64)), r"weight in .* should be float32 .*got float64"),
        (put("weight", np.zeros((2, 1279), np.float32)), r"bank in .* should be float16 \(None, 1279\)"),
        (put("weight", np.zeros((), np.float32)), r"weight in .* should be float32 \(2, 0\), got float32 \(\)"),
        (put("weight", np.zeros((2, 0), np.float32)), r"bank in .* should be float16 \(None, 0\)"),
        (put("weight", np.zeros((1280, 2), np.float32)), r"weight in .* should be float32 \(2, 1280\)"),
        (put("bias", np.zeros((2, 1), np.float32)), r"bias in .* should be float32 \(2,\), got float32 \(2, 1\)"),
        (put("bias", np.zeros(3, np.float32)), r"bias in .* should be float32 \(2,\), got float32 \(3,\)"),
        (put("bank", np.zeros((5, 1280), np.float32)), r"bank in .* should be float16"),
        (put("learned_from", np.zeros((5, 31), np.uint8)), r"learned_from in .* should be uint8 \(None, 32\)"),
        (put("more", np.zeros(1, np.float32)), r"should hold weight, bias, bank, learned_from, got .*more"),
        (lambda arrays: arrays.pop("bank"), r"should hold weight, bias, bank, learned_from, got bias, learned_from"),
        (lambda arrays: arrays.pop("weight"), r"should hold weight, bias, bank, learned_from"),
    ],
)
def test_a_head_of_another_shape_is_refused(model: Path, change: Callable[[Arrays], object], said: str) -> None:
    edit_arrays(model, HEAD, change)
    with pytest.raises(IntegrityError, match=said):
        Classifier.load(model)


def test_other_weights_than_the_manifest_says_are_refused(model: Path) -> None:
    arrays = load_file(model / BACKBONE)
    poke("conv_stem.weight", 0.125)(arrays)
    (model / BACKBONE).write_bytes(save(arrays))
    relist(model)
    with pytest.raises(IntegrityError, match="holds other weights than model.json says; copy the model again"):
        Classifier.load(model)


@pytest.mark.parametrize(
    "change",
    [
        put("conv_stem.weight", np.zeros((32, 3, 5, 5), np.float32)),
        put("unknown", np.zeros(3, np.float32)),
        lambda arrays: arrays.pop("classifier.bias"),
    ],
)
def test_weights_that_do_not_fit_their_architecture_are_refused(
    model: Path, change: Callable[[Arrays], object]
) -> None:
    edit_arrays(model, BACKBONE, change)
    with pytest.raises(IntegrityError, match="these weights are not those of efficientnet_lite0"):
        Classifier.load(model)


def test_other_weights_that_fit_are_loaded(model: Path) -> None:
    edit_arrays(model, BACKBONE, poke("conv_stem.weight", 0.125))
    classifier = Classifier.load(model)
    assert float(classifier.backbone.load()["conv_stem.weight"].reshape(-1)[-1]) == 0.125


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"architecture": "vgg16"}, IntegrityError, "says that efficientnet_lite0 is a vgg16, not a tf_efficientnet"),
        ({"name": "no_such_network"}, UnknownNameError, "unknown backbone 'no_such_network'"),
    ],
)
def test_a_backbone_that_the_catalog_does_not_know_so(
    model: Path, changes: dict[str, object], error: type[Exception], said: str
) -> None:
    edit_manifest(model, lambda document: document["backbone"].update(changes))
    with pytest.raises(error, match=said):
        Classifier.load(model)


def test_more_classes_in_the_manifest_than_in_the_head(model: Path) -> None:
    edit_manifest(model, lambda document: document["probe"].update(classes=["a", "b", "c"]))
    with pytest.raises(IntegrityError, match=r"weight in .* should be float32 \(3, "):
        Classifier.load(model)


def test_preprocessing_and_layer_are_those_that_were_saved(tmp_path: Path) -> None:
    classifier = tiny_classifier()
    entry = classifier.backbone.entry
    preprocessing = replace(entry.preprocessing, crop=0.5)
    backbone = replace(
        classifier.backbone, entry=replace(entry, preprocessing=preprocessing), layer="blocks.5", pooling="max"
    )
    provenance = Provenance("now", "command", 0, "fp32", "", ())
    path = tmp_path / "model"
    save_classifier(
        replace(classifier, backbone=backbone), path, provenance=provenance, figures={}, extra={}, slim=True
    )
    loaded = Classifier.load(path, offline=True)
    assert loaded.preprocessing == preprocessing
    assert (loaded.backbone.layer, loaded.backbone.pooling) == ("blocks.5", "max")


def test_files_are_flushed_before_they_are_moved_and_the_move_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiny_models import save_tiny

    events: list[tuple[str, str]] = []
    sync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        events.append(("sync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        sync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        events.append(("rename", target.name))
        return rename(self, target)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc to tell which file a descriptor is of")
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    save_tiny(tmp_path / "model", 1)
    moved = events.index(("rename", "model"))
    written = {NAME, HEAD, MANIFEST, "split.csv", "report.html"}
    assert written <= {name for kind, name in events[:moved] if kind == "sync"}
    assert events[moved - 1][1].startswith(".model.unfinished-")
    assert events[moved + 1 :] == [("sync", tmp_path.name)]
