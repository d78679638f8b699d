"""Converted gradients are kept on disk, and every photo has its own."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_networks import tiny_network

from enxerto.engines import (
    ClassLogit,
    CrossEntropy,
    Engine,
    HeadArrays,
    InputGradient,
    Objective,
    gradient_graph,
    open_engine,
)
from enxerto.engines.openvino_engine import OpenVINOEngine
from enxerto.errors import EngineError
from enxerto.types import Pixels

BACKBONE = tiny_network("test_efficientnet")
SIDE = BACKBONE.preprocessing.size_px
FEATURES = 256


def head(seed: int = 0) -> HeadArrays:
    weight = np.random.default_rng(seed).normal(size=(2, FEATURES)).astype(np.float32)
    return HeadArrays(weight, np.zeros(2, dtype=np.float32))


def engine(seed: int = 0) -> Engine:
    return OpenVINOEngine(BACKBONE, head(seed))


def photos(count: int) -> Pixels:
    return np.random.default_rng(1).random((count, 3, SIDE, SIDE), dtype=np.float32)


def target(count: int) -> NDArray[np.float32]:
    return np.eye(2, dtype=np.float32)[np.arange(count) % 2]


def gradient(of: Engine, count: int = 1, objective: Objective = ClassLogit()) -> InputGradient:  # noqa: B008
    return of.input_gradient(photos(count), target(count), objective)


def kept(home: Path) -> int:
    return len(list((home / "networks").glob("*.network")))


def test_a_second_start_converts_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = gradient(engine())

    def convert(*_: object) -> None:
        raise AssertionError("converted again")

    monkeypatch.setattr(gradient_graph, "convert_gradient", convert)
    second = gradient(engine(), 3)
    assert np.array_equal(second.gradient[:1], first.gradient)
    assert kept(home) == 1


def test_another_head_or_objective_is_another_gradient(home: Path) -> None:
    first = gradient(engine())
    assert not np.allclose(gradient(engine(1)).gradient, first.gradient)
    gradient(engine(), objective=CrossEntropy())
    assert kept(home) == 3


def test_a_photos_gradient_does_not_depend_on_its_batch() -> None:
    of = engine()
    together = gradient(of, 5)
    assert together.gradient.shape == (5, 3, SIDE, SIDE)
    for row in range(5):
        alone = of.input_gradient(photos(5)[row : row + 1], target(5)[row : row + 1], ClassLogit())
        for whole, part in zip(together, alone, strict=True):
            assert np.array_equal(whole[row], part[0])


def test_a_gradient_that_is_not_autograds_is_not_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def differs(*_: object) -> None:
        raise EngineError("the converted gradient differs from autograd by 50.0%")

    monkeypatch.setattr(gradient_graph, "require_agreement", differs)
    with caplog.at_level(logging.WARNING):
        found = gradient(engine())
    assert "run on torch instead of openvino: the converted gradient differs" in caplog.text
    assert kept(home) == 0
    np.testing.assert_allclose(
        found.gradient, gradient(open_engine(BACKBONE, head=head(), device="torch")).gradient, atol=1e-6
    )


def test_networks_are_converted_in_several_threads(caplog: pytest.LogCaptureFixture) -> None:
    engines = [engine(seed) for seed in range(2)]
    together = threading.Barrier(len(engines))

    def ask(one: Engine) -> InputGradient:
        together.wait()
        return gradient(one)

    with ThreadPoolExecutor(len(engines)) as pool:
        found = list(pool.map(ask, engines))
    assert not caplog.records
    for one, answer in zip(engines, found, strict=True):
        np.testing.assert_array_equal(answer.gradient, gradient(one).gradient)
