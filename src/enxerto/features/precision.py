"""The engine for a set of photos: with the precision asked for, or the one that `auto` means for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone
from enxerto.data import Limits, PhotoSet
from enxerto.engines import Engine, has_native_bf16, open_engine
from enxerto.errors import OptionError
from enxerto.features.extract import extract
from enxerto.features.stores import open_store
from enxerto.types import Features, Floats

PRECISIONS = ("auto", "fp32", "bf16")
REQUIRED_COSINE = 0.999
SAMPLE = 16


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


def engine_for(
    photos: PhotoSet,
    backbone: Backbone,
    *,
    device: str = "auto",
    precision: str = "auto",
    keep: bool = True,
    limits: Limits | None = None,
) -> tuple[Engine, PrecisionChoice]:
    """Open the engine that shall make these photos' features.

    `auto` takes bf16 where OpenVINO runs on a CPU that has it natively, and where the features of sixteen of the photos
    agree with fp32: a mean cosine of 0.999 or more.

    Args:
        photos: the user's own; the sample is spread evenly over them.
        backbone: what will run.
        device: as for `open_engine`.
        precision: `auto`, `fp32` or `bf16`.
        keep: keep the sample's features for the next time.
        limits: of bytes and pixels a photo.

    Raises:
        OptionError: an unknown device or precision.
        EngineError: the device asked for is not there.
    """
    if precision not in PRECISIONS:
        raise OptionError(f"`precision` must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision != "auto":
        asked = open_engine(backbone, device=device, precision=precision)
        instead = "" if asked.precision == precision else f"; {asked.precision} is what {asked.name} runs it in"
        return asked, PrecisionChoice(asked.precision, None, None, f"{precision}: asked for{instead}")
    exact = open_engine(backbone, device=device)
    if exact.name != "openvino" or not has_native_bf16():
        reason = "this CPU has no native bf16" if exact.name == "openvino" else f"the engine is {exact.name}"
        return exact, PrecisionChoice("fp32", None, None, f"fp32: {reason}")
    fast = open_engine(backbone, device=device, precision="bf16")
    sample = photos.subset(spread(len(photos), SAMPLE).tolist())
    choice = _choose(_features(sample, exact, keep, limits), _features(sample, fast, keep, limits))
    return (fast if choice.precision == "bf16" else exact), choice


def spread(count: int, most: int) -> NDArray[np.int64]:
    """At most `most` indices below `count`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(np.int64))


def _features(photos: PhotoSet, engine: Engine, keep: bool, limits: Limits | None) -> Features:
    with open_store(engine, keep=keep) as store:
        table = extract(photos, engine, store, limits=limits)
        return table.matrix() if table.readable else np.empty((0, 0), dtype=np.float32)


def _choose(exact: Features, fast: Features) -> PrecisionChoice:
    if not len(exact):
        return PrecisionChoice("fp32", None, None, "fp32: no photo to compare bf16 on")
    cosines = _cosines(exact, fast)
    mean, smallest = float(cosines.mean()), float(cosines.min())
    precision = "bf16" if mean >= REQUIRED_COSINE else "fp32"
    note = (
        f"{precision}: bf16 features of {len(exact)} of these photos have a mean cosine of {mean:.5f} to fp32 ones "
        f"(smallest {smallest:.5f}); {REQUIRED_COSINE} is required"
    )
    return PrecisionChoice(precision, mean, smallest, note)


def _cosines(left: Features, right: Features) -> Floats:
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = np.einsum("ij,ij->i", left.astype(np.float64), right.astype(np.float64))
    cosines: Floats = products / np.maximum(norms, 1e-12)
    return cosines
