"""`enxerto backbones` as a user meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_runs import Ended, Run
from hub_mirror import REPOSITORY, Mirror, serve
from mirror_server import MirrorServer, Served, serving
from safetensors.torch import save
from tiny_networks import tiny_weights
from torchvision_weights import entry_named, write

from enxerto import download
from enxerto.backbones import torchvision_fetching, torchvision_files
from enxerto.download import Patience

MOBILE = entry_named("mobilenet_v2-7ebf99e0.pth")


@pytest.fixture(autouse=True)
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf/hub"))
    monkeypatch.setattr(download, "PATIENCE", Patience(timeout_s=0.5, attempts=2, pause_s=0.01))
    return tmp_path / "hf/hub"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorServer]:
    """Torchvision's server, with a file of the true name; its values are others, so its name is believed."""
    body = write(MOBILE, tmp_path / "published").read_bytes()
    for module in (torchvision_files, torchvision_fetching):
        monkeypatch.setattr(module, "sha256_of", lambda path: "7ebf99e0" if path.read_bytes() == body else "0" * 8)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with serving({f"/{MOBILE.file}": Served(body)}) as running:
        monkeypatch.setenv("ENXERTO_TORCHVISION_MIRROR", running.url)
        yield running


def _one_line(ended: Ended, code: int, words: str) -> None:
    assert ended.code == code
    assert ended.last.startswith("enxerto: ")
    assert words in ended.last


def test_from_torchvision_s_server_to_another_machine(
    run: Run, server: MirrorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = run("backbones", "fetch", "torchvision:mobilenet_v2", "--json")
    path = torchvision_files.checkpoints_home() / MOBILE.file
    assert (fetched.code, fetched.json) == (
        0,
        [{"name": "torchvision:mobilenet_v2", "origin": "download", "path": str(path)}],
    )
    again = run("backbones", "fetch", "torchvision:mobilenet_v2", "--offline")
    assert again.last == f"PyTorch's cache  torchvision:mobilenet_v2  {path}"
    bundled = run("backbones", "bundle", "torchvision:mobilenet_v2", "-o", tmp_path / "usb")
    assert bundled.code == 0
    assert bundled.last == f"import   enxerto backbones import {tmp_path}/usb"

    monkeypatch.setenv("ENXERTO_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "other/torch"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    _one_line(run("backbones", "verify", "torchvision:mobilenet_v2"), 1, "are not on this machine; enxerto backbones f")
    taken = run("backbones", "import", tmp_path / "usb")
    stored = tmp_path / "other/weights/mobilenet_v2.IMAGENET1K_V2.safetensors"
    assert (taken.code, taken.last) == (0, f"imported  {stored}")
    good = run("backbones", "verify", "torchvision:mobilenet_v2")
    assert good.code == 0
    assert good.out == f"ok         imported         torchvision:mobilenet_v2  {stored}\n"
    stored.write_bytes(stored.read_bytes()[:-1])
    bad = run("backbones", "verify")
    _one_line(bad, 6, f"{stored} should have SHA-256 ")
    assert f"damaged    imported         {MOBILE.names[1]}  {stored}" in bad.out.splitlines()
    states = {row["name"]: row["state"] for row in run("backbones", "verify", "--json").json}
    assert states[MOBILE.names[1]] == "damaged"
    assert states["efficientnet_lite0"] == "ok"


def test_from_a_mirror_of_the_hub(run: Run, hub_cache: Path, tmp_path: Path) -> None:
    """By a process of its own: the hub's client reads the environment when it is imported."""
    with serve(Mirror(save(tiny_weights()))) as mirror:
        told = {"HF_ENDPOINT": mirror.endpoint, "HF_HOME": str(hub_cache.parent), "HF_HUB_OFFLINE": "0"}
        child = subprocess.run(
            [sys.executable, "-m", "enxerto", "backbones", "fetch", "test_resnet"],
            env=os.environ | told,
            capture_output=True,
            text=True,
            check=False,
        )
    assert child.returncode == 0, child.stderr
    assert child.stderr.splitlines()[-1].startswith("download         test_resnet  ")
    assert run("backbones", "verify", "test_resnet").out.startswith("ok         hub cache        test_resnet  ")
    assert run("backbones", "bundle", "test_resnet", "-o", tmp_path / "usb").code == 0
    assert (tmp_path / f"usb/{REPOSITORY.partition('/')[2]}.safetensors").is_file()


def test_every_fault_is_one_line_and_its_code(run: Run, server: MirrorServer, tmp_path: Path) -> None:
    _one_line(run("backbones", "fetch", "vgg61"), 2, "unknown backbone 'vgg61'; did you mean vgg1")
    _one_line(run("backbones", "bundle", "torchvision:vgg61", "-o", "x"), 2, "did you mean torchvision:vgg1")
    _one_line(run("backbones", "fetch", "torchvision:vgg16", "--offline"), 1, "bring vgg16-397923af.pth from a connec")
    _one_line(run("backbones", "fetch", "torchvision:vgg16"), 1, "/vgg16-397923af.pth: the server says 404")
    server.files[f"/{MOBILE.file}"].breaks = [10_000, 0, 0]
    _one_line(run("backbones", "fetch", "torchvision:mobilenet_v2"), 1, "the same command goes on from there")
    server.files[f"/{MOBILE.file}"].body = b"<html>Please log in</html>"
    _one_line(run("backbones", "fetch", "torchvision:mobilenet_v2"), 6, "the server sent another file")
    (tmp_path / "folder").mkdir()
    _one_line(run("backbones", "import", tmp_path / "folder"), 6, "is no bundle of weights: it has no manifest.json")
    _one_line(run("backbones", "import", tmp_path / "model.safetensors"), 2, "doesn't say which backbone it belongs to")
    _one_line(run("backbones", "import", "a", "b", "c"), 2, "`import` takes one file or bundle, and at most one name")
    _one_line(run("backbones", "import", "vgg16", tmp_path / "none.pth"), 1, "there is no weight file")


def test_several_damaged_files_are_counted(run: Run) -> None:
    for file in ("resnet18-f37072fd.pth", "mobilenet_v2-b0353104.pth"):
        write(entry_named(file))
    _one_line(run("backbones", "verify"), 6, "delete this file and try again (and 1 more)")


def test_the_whole_list_names_torchvision_s(run: Run) -> None:
    rows = {row["name"]: row for row in run("backbones", "list", "--all", "--json").json}
    assert rows["torchvision:vit_b_16.IMAGENET1K_V1"]["source"] == "torchvision vit_b_16-c867db91.pth"
    assert rows["torchvision:vit_b_16.IMAGENET1K_V1"]["licence"] == "bsd-3-clause"
    assert rows["resnet50.tv2_in1k"]["source"] == "hub timm/resnet50.tv2_in1k"
