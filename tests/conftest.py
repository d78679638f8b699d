"""What holds for every test: a cache of its own, no network; and models that many tests share."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests run side by side; PyTorch's threads would fight for cores
sys.path.insert(0, str(Path(__file__).parent))  # for `tiny_engines`

LOCAL = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `ENXERTO_HOME`, none of this machine's own weights, and no way to the network."""
    path = tmp_path / "enxerto-home"
    monkeypatch.setenv("ENXERTO_HOME", str(path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch-home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras-home"))
    for name in ("ENXERTO_WEIGHTS", "ENXERTO_TORCHVISION_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    _forbid_network(monkeypatch)
    return path


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `ENXERTO_HOME` that the shared models were trained with; it holds converted networks."""
    return tmp_path_factory.mktemp("trained-home")


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 200 small photos, `face` and `other`; not to be changed."""
    from enxerto.data import write_faces

    return write_faces(tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="session")
def shared_model(faces: Path, trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of those photos with its backbone inside; not to be changed, but for a copy take `model`."""
    import enxerto

    path = tmp_path_factory.mktemp("trained") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENXERTO_HOME", str(trained_home))
        _forbid_network(patch)
        enxerto.train(faces, path, control=False, precision="fp32", device="openvino")
    return path


@pytest.fixture
def model(shared_model: Path, tmp_path: Path) -> Path:
    """A copy of the shared model."""
    return Path(shutil.copytree(shared_model, tmp_path / "model"))


@pytest.fixture
def warm_home(home: Path, trained_home: Path, shared_model: Path) -> Path:
    """As `home`, with the shared model's networks already converted."""
    assert shared_model.is_dir()
    shutil.copytree(trained_home / "networks", home / "networks")
    return home


def _forbid_network(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _only_local(getattr(socket.socket, name)))


def _only_local(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOCAL):
            raise AssertionError(f"a test must not use the network, but asked for {address}")
        return connect(self, address)

    return guarded
