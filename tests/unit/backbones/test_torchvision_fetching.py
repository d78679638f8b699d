"""Torchvision's files from servers that are good, slow, broken or lying."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock
from mirror_server import MirrorServer, Served, serving

from enxerto import download
from enxerto.backbones import torchvision_fetching, torchvision_files, weights
from enxerto.backbones.catalog import find
from enxerto.download import Patience
from enxerto.errors import BusyError, IntegrityError, OptionError, StorageError, WeightsMissingError
from enxerto.home import downloads_home

BODY = random.Random(5).randbytes(50_000)
NAME = f"resnet18-{hashlib.sha256(BODY).hexdigest()[:8]}.pth"
"""Torchvision's form of a name, with the digits of this content."""


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    row = torchvision_files.Published("resnet18", "IMAGENET1K_V1", NAME, 1, "resnet18.tv_in1k", "tv_in1k")
    for module in (torchvision_files, torchvision_fetching):
        monkeypatch.setattr(module, "PUBLISHED", (row,))
    monkeypatch.setattr(download, "PATIENCE", Patience(timeout_s=0.4, attempts=3, pause_s=0.01, longest_pause_s=0.05))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorServer]:
    with serving({f"/models/{NAME}": Served(BODY)}) as running:
        monkeypatch.setenv(torchvision_fetching.MIRROR, f"{running.url}/models/")
        yield running


@pytest.fixture
def target() -> Path:
    return torchvision_files.checkpoints_home() / NAME


def test_a_download_lies_where_pytorch_looks_and_is_not_asked_for_again(server: MirrorServer, target: Path) -> None:
    entry = find("torchvision:resnet18")
    assert weights.locate(entry) == weights.Source("download", target)
    assert target.read_bytes() == BODY
    assert weights.locate(entry) == weights.Source("PyTorch's cache", target)
    assert server.asked == [(f"/models/{NAME}", None)]
    assert [path.name for path in target.parent.iterdir()] == [NAME]


def test_offline_nothing_is_asked(server: MirrorServer) -> None:
    with pytest.raises(WeightsMissingError, match=rf"bring {NAME} from .* import torchvision:resnet18 {NAME}$"):
        weights.locate(find("torchvision:resnet18"), offline=True)
    assert server.asked == []


def test_a_server_that_breaks_off_is_gone_on_from(server: MirrorServer, target: Path) -> None:
    server.files[f"/models/{NAME}"].breaks = [20_000, 10_000]
    assert torchvision_fetching.fetch(NAME).read_bytes() == BODY
    assert [asked for _, asked in server.asked] == [None, "bytes=20000-", "bytes=30000-"]


def test_a_server_that_always_breaks_off_leaves_a_part_for_the_next_time(server: MirrorServer, target: Path) -> None:
    server.files[f"/models/{NAME}"].breaks = [20_000, 0, 0]
    with pytest.raises(WeightsMissingError, match=r"20,000 of 50,000 bytes are kept, the same command goes on"):
        torchvision_fetching.fetch(NAME)
    assert not target.exists()
    assert torchvision_fetching.fetch(NAME).read_bytes() == BODY


def test_a_slow_server_is_waited_for_and_one_that_falls_silent_is_not(server: MirrorServer, target: Path) -> None:
    server.files[f"/models/{NAME}"].stalls_s = 0.05
    assert torchvision_fetching.fetch(NAME) == target
    target.unlink()
    server.files[f"/models/{NAME}"].stalls_s = 5.0
    with pytest.raises(WeightsMissingError, match=r"timed out; 49,99\d of 50,000 bytes are kept"):
        torchvision_fetching.fetch(NAME)


def test_a_lying_server_leaves_nothing(server: MirrorServer, target: Path) -> None:
    server.files[f"/models/{NAME}"].body = BODY[::-1]
    with pytest.raises(IntegrityError, match=rf"begins with {NAME[9:17]}, got .*: the server sent another file"):
        torchvision_fetching.fetch(NAME)
    assert list(target.parent.iterdir()) == []


def test_a_part_of_another_version_is_begun_anew(server: MirrorServer, target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.with_name(f"{NAME}.part").write_bytes(bytes(1000))
    assert torchvision_fetching.fetch(NAME).read_bytes() == BODY
    assert [asked for _, asked in server.asked] == ["bytes=1000-", None]


def test_no_such_file(server: MirrorServer) -> None:
    server.files.clear()
    with pytest.raises(WeightsMissingError, match=rf"can't download http://.*/models/{NAME}: the server says 404"):
        torchvision_fetching.fetch(NAME)


def test_a_mirror_that_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(torchvision_fetching.MIRROR, "/mnt/share")
    with pytest.raises(OptionError, match=r"ENXERTO_TORCHVISION_MIRROR must be an http\(s\):// address .*'/mnt/share'"):
        torchvision_fetching.fetch(NAME)


def test_only_one_process_downloads_a_file(server: MirrorServer) -> None:
    downloads_home().mkdir(parents=True)
    with FileLock(downloads_home() / f"{NAME}.lock"), pytest.raises(BusyError, match=f"downloading {NAME} already"):
        torchvision_fetching.fetch(NAME)
    assert server.asked == []


def test_a_disk_that_is_too_small_is_not_begun_on(server: MirrorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=9, used=9, free=5))
    with pytest.raises(StorageError, match=rf"no room for {NAME}: 1 MB are needed in .*, and 0 MB are free"):
        torchvision_fetching.fetch(NAME)
    assert server.asked == []
