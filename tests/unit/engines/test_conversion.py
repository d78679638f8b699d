from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
import torch
from tiny_networks import tiny_network

from enxerto.backbones import Backbone
from enxerto.engines import conversion, gradient_graph, openvino_engine
from enxerto.engines.conversion import convert, convert_cached
from enxerto.engines.objective import Margin
from enxerto.engines.opening import open_engine
from enxerto.errors import EngineError
from enxerto.home import networks_home

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)


class Affine(torch.nn.Module):
    """A network in no time."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3), requires_grad=False)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return batch @ self.weight.T


class Unknown(torch.nn.Module):
    """An operator that OpenVINO has no rule for."""

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return torch.special.airy_ai(batch)


def affine() -> openvino.Model:
    return convert(Affine().eval(), [torch.zeros((1, 3))])


def run(model: openvino.Model) -> Any:
    return openvino.Core().compile_model(model, "CPU")([np.ones((1, 3), dtype=np.float32)])[0].tolist()


def forbidden(*_: Any) -> Any:
    pytest.fail("converted again")


@pytest.fixture
def cached(caplog: pytest.LogCaptureFixture) -> Path:
    """The file of a network that was converted before."""
    caplog.set_level(logging.WARNING, "enxerto")
    convert_cached("affine", affine, openvino.Core())
    return conversion.cached_path("affine")


def test_a_converted_network_has_static_shapes_and_the_types_of_its_examples() -> None:
    model = convert(Affine().eval(), [torch.zeros((2, 3))])
    (parameter,) = model.get_parameters()
    assert parameter.get_element_type() == openvino.Type.f32
    assert parameter.get_partial_shape() == openvino.PartialShape([2, 3])
    assert run(affine()) == [[3.0, 12.0]]


def test_an_operator_without_a_rule_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match=r"OpenVINO can't convert the network: .*airy"):
        convert(Unknown().eval(), [torch.zeros((1, 3))])


@pytest.mark.parametrize("error", [TypeError("no"), AssertionError(), KeyError("no")], ids=repr)
def test_whatever_a_network_raises_while_it_is_traced_is_an_engine_error(error: Exception) -> None:
    class Broken(torch.nn.Module):
        def forward(self, _batch: torch.Tensor) -> torch.Tensor:
            raise error

    with pytest.raises(EngineError, match=r"the network can't be traced: ('?no'?|AssertionError)$"):
        convert(Broken().eval(), [torch.zeros((1, 3))])


@pytest.mark.parametrize("error", [TypeError("first\nlast"), AssertionError()], ids=repr)
def test_whatever_the_frontend_raises_is_an_engine_error(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: Any, **_options: Any) -> Any:
        raise error

    monkeypatch.setattr("openvino.frontend.pytorch.ts_decoder.TorchScriptPythonDecoder", broken)
    with pytest.raises(EngineError, match="OpenVINO can't convert the network: (last|AssertionError)$"):
        affine()


def test_converting_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    """Neither of `torch.jit`, which is deprecated, nor of a network that looks at its input's shape."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        network = tiny_network("test_vit").feature_network()
        convert(network, [torch.zeros((1, 160, 160, 3), dtype=torch.uint8)])
        example = torch.full((1, 3, 160, 160), 0.5)
        gradient_graph.convert_gradient(network, Margin(), example, torch.zeros((1, 64)))
    assert [str(warning.message) for warning in recwarn] == []


def test_converting_reports_nothing_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import openvino_telemetry

    monkeypatch.setattr(openvino_telemetry.Telemetry, "send_event", forbidden)
    monkeypatch.setattr(openvino_telemetry.Telemetry, "start_session", forbidden)
    monkeypatch.setattr(openvino_telemetry.Telemetry, "__init__", forbidden)
    assert run(affine()) == [[3.0, 12.0]]


def test_the_second_time_nothing_is_converted(cached: Path) -> None:
    assert cached.parent == networks_home()
    assert run(convert_cached("affine", forbidden, openvino.Core())) == [[3.0, 12.0]]


def test_another_network_has_another_file(cached: Path) -> None:
    assert conversion.cached_path("other") != cached


def test_another_version_of_openvino_has_another_file(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "__version__", "1900.1")
    assert conversion.cached_path("affine") != cached


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda _content: b"",
        lambda _content: b"[1, 2]\nrest",
        lambda content: b"{}" + content[content.index(b"\n") :],
    ],
    ids=["cut", "bit", "empty", "no-header", "no-checksum"],
)
def test_a_damaged_file_is_made_again_with_a_warning(
    damage: Any, cached: Path, caplog: pytest.LogCaptureFixture
) -> None:
    intact = cached.read_bytes()
    cached.write_bytes(damage(intact))
    assert run(convert_cached("affine", affine, openvino.Core())) == [[3.0, 12.0]]
    assert caplog.messages == [f"{cached} is damaged; the network is converted again"]
    assert run(convert_cached("affine", forbidden, openvino.Core())) == [[3.0, 12.0]]


def test_a_file_that_can_t_be_read_or_replaced_does_no_harm(cached: Path, caplog: pytest.LogCaptureFixture) -> None:
    cached.unlink()
    cached.mkdir()
    assert run(convert_cached("affine", affine, openvino.Core())) == [[3.0, 12.0]]
    assert len(caplog.messages) == 2
    assert "can't be read (Is a directory); the network is converted again" in caplog.messages[0]
    assert caplog.messages[1].startswith("the converted network was not kept: can't write ")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("iostream error")], ids=repr)
def test_a_full_disk_of_temporary_files_does_no_harm(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: Any, **_options: Any) -> Any:
        raise error

    monkeypatch.setattr(openvino, "save_model", full)
    with caplog.at_level(logging.WARNING, "enxerto"):
        assert run(convert_cached("affine", affine, openvino.Core())) == [[3.0, 12.0]]
    assert caplog.messages == [f"the converted network was not kept: {error}"]
    assert not conversion.cached_path("affine").exists()


def test_reading_a_network_counts_as_use(cached: Path) -> None:
    os.utime(cached, (1e9, 1e9))
    convert_cached("affine", forbidden, openvino.Core())
    assert cached.stat().st_mtime > 1.5e9


def test_an_engine_opened_again_converts_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = tiny_network()
    before = open_engine(backbone, device="openvino").features(IMAGES)
    assert [path.suffix for path in (home / "networks").iterdir()] == [".network"]
    monkeypatch.setattr(openvino_engine, "convert", forbidden)
    monkeypatch.setattr(Backbone, "network", property(forbidden))
    again = Backbone(backbone.entry, "elsewhere", forbidden, known_identity=backbone.identity)
    after = open_engine(again, device="openvino").features(IMAGES)
    np.testing.assert_array_equal(after, before)


def test_an_engine_whose_file_is_damaged_converts_again(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    backbone = tiny_network()
    before = open_engine(backbone, device="openvino").features(IMAGES)
    (file,) = (home / "networks").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING, "enxerto"):
        after = open_engine(backbone, device="openvino").features(IMAGES)
    np.testing.assert_array_equal(after, before)
    assert caplog.messages == [f"{file} is damaged; the network is converted again"]


def test_a_converted_gradient_that_isn_t_autograd_s_is_an_engine_error() -> None:
    right = torch.tensor([3.0, 4.0])
    gradient_graph.require_agreement(right, right * 1.001)
    with pytest.raises(EngineError, match="the converted gradient differs from autograd by 10\\.0%"):
        gradient_graph.require_agreement(right, right * 1.1)
    with pytest.raises(EngineError, match="the converted gradient differs from autograd by nan%"):
        gradient_graph.require_agreement(right, right * torch.nan)


def test_a_gradient_that_can_t_be_traced_is_an_engine_error() -> None:
    class Branching(torch.nn.Module):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            return batch * 2 if batch.sum() > 0 else batch

    with pytest.raises(EngineError, match="the gradient can't be traced: "):
        gradient_graph.convert_gradient(Branching(), Margin(), torch.ones((1, 3)), torch.zeros((1, 3)))
