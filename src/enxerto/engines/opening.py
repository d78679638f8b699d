"""Choosing the engine for a backbone on this machine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from enxerto.engines.engine import Engine, HeadArrays
from enxerto.errors import EngineError, OptionError

if TYPE_CHECKING:
    from enxerto.backbones import Backbone

PRECISIONS = ("fp32", "bf16")
DEVICES = ("auto", "openvino", "torch", "cuda")

_log = logging.getLogger(__name__)


def open_engine(
    backbone: Backbone, *, head: HeadArrays | None = None, device: str = "auto", precision: str = "fp32"
) -> Engine:
    """The engine for a backbone: a GPU where there is one, else OpenVINO, else PyTorch with a warning.

    Args:
        backbone: what to run.
        head: a grafted head.
        device: `auto`, `openvino`, `torch` (on the CPU) or `cuda`.
        precision: `fp32` or `bf16`.

    Raises:
        OptionError: an unknown device or precision.
        EngineError: the device asked for is not there, or OpenVINO was asked for and can't convert the network.
    """
    if device not in DEVICES:
        raise OptionError(f"`device` must be one of {', '.join(DEVICES)}, got {device!r}")
    if precision not in PRECISIONS:
        raise OptionError(f"`precision` must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if device in ("auto", "cuda"):
        import torch

        if torch.cuda.is_available():
            return _torch(backbone, head, precision, "cuda")
        if device == "cuda":
            raise EngineError("`device` is cuda, but PyTorch finds no GPU on this machine; use auto, openvino or torch")
    if device == "torch":
        return _torch(backbone, head, precision, "cpu")
    return _openvino_or_torch(backbone, head, precision, required=device == "openvino")


def _torch(backbone: Backbone, head: HeadArrays | None, precision: str, device: str) -> Engine:
    from enxerto.engines.torch_engine import TorchEngine

    return TorchEngine(backbone, head, precision, device)


def _openvino_or_torch(backbone: Backbone, head: HeadArrays | None, precision: str, *, required: bool) -> Engine:
    from enxerto.engines.openvino_engine import OpenVINOEngine

    engine = OpenVINOEngine(backbone, head, precision)
    try:
        engine.require_convertible()
    except EngineError as error:
        if required:
            raise
        _log.warning("%s runs on torch instead of openvino: %s", backbone.name, error)
        return _torch(backbone, head, "fp32", "cpu")
    return engine
