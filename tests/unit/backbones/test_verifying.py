from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import save_file
from tiny_networks import tiny_weights
from torchvision_weights import entry_named, write

from enxerto.backbones import find, share, store
from enxerto.backbones.catalog import EMBEDDED
from enxerto.backbones.store import imported_file
from enxerto.backbones.verifying import here, verify
from enxerto.backbones.weights import is_present
from enxerto.errors import WeightsMissingError

ENTRY = find("test_resnet")


@pytest.fixture(autouse=True)
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def _keep(target: Path, tmp_path: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tiny_weights(), tmp_path / "new")
    store.keep(tmp_path / "new", target)
    return target


def test_everything_here_is_looked_at_wherever_it_lies(
    tmp_path: Path, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(share.SHARE, str(tmp_path / "share"))
    imported = _keep(imported_file(ENTRY), tmp_path)
    shared = _keep(tmp_path / "share" / imported.name, tmp_path)
    own = _keep(imported_file(find("torchvision:mobilenet_v2")), tmp_path)
    _keep(imported.with_name("of_somebody_else.safetensors"), tmp_path)
    theirs = write(entry_named("resnet18-f37072fd.pth"))
    cached = hub_cache / "models--timm--test_vit.r160_in1k/snapshots/main/model.safetensors"
    cached.parent.mkdir(parents=True)
    (cached.parents[2] / "refs").mkdir()
    (cached.parents[2] / "refs/main").write_text("main")
    cached.write_bytes(b"a copy where there are no links")
    shared.write_bytes(b"damaged")
    embedded = [entry.name for entry in EMBEDDED if is_present(entry)]
    assert {entry.name for entry in here()} >= {*embedded, "test_resnet.r160_in1k", "test_vit.r160_in1k"}
    verdicts = {verdict.path: verdict for verdict in verify()}
    states = {path: (verdict.name, verdict.origin, verdict.state) for path, verdict in verdicts.items()}
    assert [state[2] for state in states.values()][: len(embedded)] == ["ok"] * len(embedded)
    assert list(states.items())[len(embedded) :] == [
        (own, ("torchvision:mobilenet_v2.IMAGENET1K_V2", "imported", "ok")),
        (shared, ("test_resnet.r160_in1k", "share", "damaged")),
        (imported, ("test_resnet.r160_in1k", "imported", "ok")),
        (theirs, ("torchvision:resnet18.IMAGENET1K_V1", "PyTorch's cache", "damaged")),
        (cached, ("test_vit.r160_in1k", "hub cache", "unchecked")),
    ]
    assert verdicts[theirs].reason.startswith(f"{theirs} should have a SHA-256 that begins with f37072fd, got ")
    assert verdicts[imported].reason == ""


def test_those_that_are_named_must_be_here(tmp_path: Path) -> None:
    _keep(imported_file(ENTRY), tmp_path)
    assert [verdict.state for verdict in verify([ENTRY])] == ["ok"]
    with pytest.raises(WeightsMissingError, match="are not on this machine; enxerto backbones fetch test_vit"):
        list(verify([find("test_vit")]))
