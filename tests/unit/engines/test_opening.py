from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tiny_networks import tiny_network

from enxerto.backbones import Backbone
from enxerto.engines import ClassLogit, has_native_bf16, opening, openvino_engine, torch_engine
from enxerto.engines.opening import open_engine
from enxerto.errors import EngineError, OptionError

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)


@pytest.fixture
def _gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU, as far as choosing goes."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(opening, "_torch", lambda *given: SimpleNamespace(name="torch", given=given[1:]))


@pytest.fixture
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def _unconvertible(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO knows no network."""

    def convert(*_: Any) -> None:
        raise EngineError("no rule for it")

    monkeypatch.setattr(openvino_engine, "convert", convert)


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return tiny_network("test_resnet")


@pytest.mark.usefixtures("_no_gpu")
def test_auto_is_openvino_where_there_is_no_gpu(backbone: Backbone) -> None:
    engine = open_engine(backbone)
    assert (engine.name, engine.device, engine.precision) == ("openvino", "openvino", "fp32")


@pytest.mark.usefixtures("_gpu")
@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_auto_is_the_gpu_where_there_is_one(device: str, backbone: Backbone) -> None:
    assert open_engine(backbone, device=device, precision="bf16").given == (None, "bf16", "cuda")  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_no_gpu")
def test_cuda_without_a_gpu_is_an_error(backbone: Backbone) -> None:
    with pytest.raises(EngineError, match="`device` is cuda, but PyTorch finds no GPU on this machine; use auto"):
        open_engine(backbone, device="cuda")


def test_an_unknown_device_is_an_error(backbone: Backbone) -> None:
    with pytest.raises(OptionError, match="`device` must be one of auto, openvino, torch, cuda, got 'gpu'"):
        open_engine(backbone, device="gpu")


@pytest.mark.parametrize("precision", ["auto", "fp16"])
def test_an_unknown_precision_is_an_error(precision: str, backbone: Backbone) -> None:
    with pytest.raises(OptionError, match=f"`precision` must be one of fp32, bf16, got '{precision}'"):
        open_engine(backbone, precision=precision)


@pytest.mark.usefixtures("_no_gpu", "_unconvertible")
def test_a_network_that_openvino_can_t_convert_runs_on_torch_with_a_warning(
    backbone: Backbone, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "enxerto"):
        engine = open_engine(backbone, precision="bf16")
    assert (engine.name, engine.precision) == ("torch", "fp32")
    assert caplog.messages == ["test_resnet runs on torch instead of openvino: no rule for it"]
    assert engine.features(IMAGES).shape == (2, 96)


@pytest.mark.usefixtures("_unconvertible")
def test_openvino_where_it_can_t_convert_the_network_is_an_error(backbone: Backbone) -> None:
    with pytest.raises(EngineError, match="no rule for it"):
        open_engine(backbone, device="openvino")


def test_a_network_that_can_t_even_be_traced_is_an_engine_error() -> None:
    class Untraceable(torch.nn.Module):
        def forward(self, _batch: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("not\nlike this")

    with pytest.raises(EngineError, match="the network can't be traced: not like this"):
        openvino_engine.convert(Untraceable().eval(), [torch.zeros(1)])


@pytest.mark.parametrize("device", ["openvino", "torch"])
def test_bf16_is_near_fp32_but_another_identity(device: str, backbone: Backbone) -> None:
    exact, fast = (open_engine(backbone, device=device, precision=precision) for precision in ("fp32", "bf16"))
    assert exact.identity != fast.identity
    left, right = exact.features(IMAGES), fast.features(IMAGES)
    assert right.dtype == np.float32
    assert np.abs(left - right).max() < 0.05 * np.abs(left).max()


@pytest.mark.parametrize("device", ["openvino", "torch"])
def test_gradients_in_bf16_point_where_those_in_fp32_do(device: str) -> None:
    backbone = tiny_network("test_efficientnet")
    pixels = np.random.default_rng(0).random((2, 3, *IMAGES.shape[1:3])).astype(np.float32)
    target = np.eye(backbone.network.num_classes, dtype=np.float32)[:2]
    exact, fast = (
        open_engine(backbone, device=device, precision=precision).input_gradient(pixels, target, ClassLogit())
        for precision in ("fp32", "bf16")
    )
    assert fast.gradient.dtype == fast.logits.dtype == np.float32
    assert np.linalg.norm(fast.gradient - exact.gradient) < 0.3 * np.linalg.norm(exact.gradient)
    if device == "torch" or has_native_bf16():
        assert np.abs(fast.gradient - exact.gradient).max() > 1e-4 * np.abs(exact.gradient).max()  # it is another one


def test_identities_tell_engines_apart(backbone: Backbone) -> None:
    names = {open_engine(backbone, device=device).identity.split("-")[0] for device in ("openvino", "torch")}
    assert names == {"openvino", "torch"}


def test_the_torch_engine_places_a_network_once(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[object] = []
    place = torch_engine.TorchEngine._place
    monkeypatch.setattr(torch_engine.TorchEngine, "_place", lambda *given: placed.append(given) or place(*given))
    engine = open_engine(backbone, device="torch")
    for _ in range(3):
        engine.features(IMAGES)
    assert len(placed) == 1
