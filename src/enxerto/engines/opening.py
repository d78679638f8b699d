"""Choosing the engine and the precision for a backbone on this machine."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from enxerto.engines.engine import Engine, HeadArrays
from enxerto.engines.machine import has_native_bf16
from enxerto.errors import EngineError, OptionError
from enxerto.types import Features, Floats, Images

if TYPE_CHECKING:
    from enxerto.backbones import Backbone

PRECISIONS = ("auto", "fp32", "bf16")
DEVICES = ("auto", "openvino", "torch", "cuda")
REQUIRED_COSINE = 0.999

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrecisionChoice:
    """Which precision was taken, and why.

    Attributes:
        precision: `fp32` or `bf16`.
        cosine: the mean cosine between fp32 and bf16 features of the sample; `None` when it wasn't measured.
        smallest: the smallest of those cosines; `None` likewise.
        note: the reason in a sentence.
    """

    precision: str
    cosine: float | None
    smallest: float | None
    note: str


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
    if precision not in PRECISIONS[1:]:
        raise OptionError(f"`precision` must be one of {', '.join(PRECISIONS[1:])}, got {precision!r}")
    if device in ("auto", "cuda"):
        import torch

        if torch.cuda.is_available():
            return _torch(backbone, head, precision, "cuda")
        if device == "cuda":
            raise EngineError("`device` is cuda, but PyTorch finds no GPU on this machine; use auto, openvino or torch")
    if device == "torch":
        return _torch(backbone, head, precision, "cpu")
    return _openvino_or_torch(backbone, head, precision, required=device == "openvino")


def choose_precision(backbone: Backbone, sample: Images, *, device: str = "auto") -> PrecisionChoice:
    """bf16 where the CPU has it natively and a sample's features agree with fp32 (mean cosine of 0.999); else fp32.

    Args:
        backbone: what will run.
        sample: some of the user's own photos, preprocessed: uint8 (batch, size, size, 3).
        device: as for `open_engine`.
    """
    from enxerto.engines.openvino_engine import OpenVINOEngine

    engine = open_engine(backbone, device=device)
    if not isinstance(engine, OpenVINOEngine):
        return PrecisionChoice("fp32", None, None, f"fp32: the engine is {engine.name}")
    if not has_native_bf16():
        return PrecisionChoice("fp32", None, None, "fp32: this CPU has no native bf16")
    if not len(sample):
        return PrecisionChoice("fp32", None, None, "fp32: no photo to compare bf16 on")
    cosines = _cosines(engine.features(sample), OpenVINOEngine(backbone, precision="bf16").features(sample))
    mean, smallest = float(cosines.mean()), float(cosines.min())
    precision = "bf16" if mean >= REQUIRED_COSINE else "fp32"
    note = (
        f"{precision}: bf16 features of {len(sample)} of these photos have a mean cosine of {mean:.5f} to fp32 ones "
        f"(smallest {smallest:.5f}); {REQUIRED_COSINE} is required"
    )
    return PrecisionChoice(precision, mean, smallest, note)


def _cosines(left: Features, right: Features) -> Floats:
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = np.einsum("ij,ij->i", left.astype(np.float64), right.astype(np.float64))
    cosines: Floats = products / np.maximum(norms, 1e-12)
    return cosines


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
