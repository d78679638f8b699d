"""Networks of Keras and of users are compared with PyTorch when they are converted."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from tiny_keras import tiny_keras

from enxerto.engines import open_engine, openvino_engine
from enxerto.errors import EngineError


def test_a_conversion_that_differs_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backbone = tiny_keras("keras:MobileNetV2_0.35_96")
    monkeypatch.setattr(openvino_engine, "AGREEMENT", 0.0)  # no two libraries round alike
    with pytest.raises(EngineError, match="the converted network differs from PyTorch's by"):
        open_engine(backbone, device="openvino")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with caplog.at_level(logging.WARNING):
        engine = open_engine(backbone)
    assert engine.name == "torch"
    assert "runs on torch instead of openvino: the converted network differs" in caplog.text
    assert engine.features(np.zeros((1, 96, 96, 3), dtype=np.uint8)).shape == (1, 1280)
