from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import save_file
from tiny_networks import tiny_weights
from torchvision_weights import entry_named, write

from enxerto.backbones import find, share, store, torchvision_files, weights
from enxerto.backbones.bundle import write_bundle
from enxerto.backbones.store import imported_file
from enxerto.errors import IntegrityError, OptionError

ENTRY = find("test_resnet")


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "share"
    folder.mkdir()
    monkeypatch.setenv(share.SHARE, str(folder))
    return folder


def _put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tiny_weights(), path)
    return path


def test_a_share_is_searched_before_the_store(shared: Path) -> None:
    _put(imported_file(ENTRY))
    assert weights.locate(ENTRY).origin == "imported"
    file = _put(shared / "test_resnet.r160_in1k.safetensors")
    assert weights.locate(ENTRY) == weights.Source("share", file)
    assert [source.origin for source in weights.places(ENTRY)] == ["share", "imported"]


def test_a_share_may_hold_torchvision_s_files(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(entry_named("mobilenet_v2-7ebf99e0.pth"), shared)
    entry = find("torchvision:mobilenet_v2")
    with pytest.raises(IntegrityError, match="begins with 7ebf99e0, got "):
        weights.locate(entry)
    monkeypatch.setattr(torchvision_files, "sha256_of", lambda path: path.stem[-8:])
    source = weights.locate(entry)
    assert source == weights.Source("share", path)
    assert "features.0.0.weight" in weights.load(entry, source)


def test_a_share_may_be_a_copy_of_a_store(shared: Path) -> None:
    file = shared / imported_file(ENTRY).name
    store.keep(_put(shared / "new"), file)
    assert share.verify(file)
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(IntegrityError, match=r"test_resnet.*should have SHA-256"):
        weights.locate(ENTRY)


def test_a_share_may_be_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(imported_file(ENTRY))
    bundle = write_bundle([ENTRY], tmp_path / "bundle")
    monkeypatch.setenv(share.SHARE, str(bundle))
    source = weights.locate(ENTRY)
    assert source.origin == "share"
    assert weights.verify(ENTRY, source)
    source.path.write_bytes(b"damaged")
    with pytest.raises(IntegrityError, match=r"it was damaged on its way: bring it again"):
        weights.locate(ENTRY)


def test_a_file_that_no_manifest_names_is_taken_as_it_is(shared: Path) -> None:
    file = _put(shared / imported_file(ENTRY).name)
    (shared / "manifest.json").write_text('{"kind": "enxerto weights", "schema": 1, "weights": []}')
    assert not share.verify(file)


def test_weights_of_a_package_are_not_looked_for_in_a_share(shared: Path) -> None:
    _put(shared / "efficientnet_lite0.safetensors")
    assert weights.locate(find("efficientnet_lite0")).origin == "package"


def test_a_share_that_is_not_connected_is_said_so(shared: Path) -> None:
    shared.rmdir()
    with pytest.raises(OptionError, match=r"ENXERTO_WEIGHTS must name a folder with weights, got '.*share'; connect"):
        weights.locate(ENTRY)
