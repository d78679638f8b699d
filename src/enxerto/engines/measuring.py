"""Measure one engine in a process of its own: `python -m enxerto.engines.measuring`, JSON in, JSON out."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from enxerto.backbones import Backbone, find, open_backbone, random_backbone
from enxerto.engines.opening import open_engine
from enxerto.types import Images

SECONDS = 0.5
FEWEST, MOST = 5, 60
RAN = 0.85
"""Share of the time that a network has to have had a processor, or else other programs disturbed the measurement."""
_STATUS = Path("/proc/self/status")


def main() -> None:
    """Answer one request."""
    asked = json.load(sys.stdin)
    if asked["random_seed"] is not None:
        backbone = random_backbone(find(asked["name"]), asked["random_seed"])
    else:
        # The identity is known, so that the network is not read for it and its memory not counted.
        backbone = replace(open_backbone(asked["name"], offline=True), known_identity=asked["identity"])
    answer = inference(backbone, np.load(asked["images"]), device=asked["device"], precision=asked["precision"])
    print(json.dumps(answer))  # noqa: T201 - the answer to the parent


def inference(backbone: Backbone, images: Images, *, device: str, precision: str) -> dict[str, Any]:
    """Milliseconds a photo, one photo an inference, and what the process grows by.

    Args:
        backbone: whose features.
        images: uint8, shape (photos, side, side, 3), looked at in turn.
        device: as for `open_engine`.
        precision: likewise.
    """
    import_module("openvino" if device == "openvino" else "torch")  # a library is not the network's memory
    before = _kilobytes("VmRSS")
    engine = open_engine(backbone, device=device, precision=precision)
    engine.features(images[:1])
    processor, wall = time.process_time(), time.perf_counter()
    times = _timed(lambda turn: engine.features(images[turn % len(images), None]), FEWEST, MOST, SECONDS)
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    peak = _kilobytes("VmHWM")
    low, middle, high = statistics.quantiles(times, n=4)
    grown = None if before is None or peak is None else max(0, peak - before) * 1024
    return {
        "milliseconds": middle, "low": low, "high": high, "repeats": len(times), "memory_bytes": grown,
        "disturbed": device != "cuda" and processor < RAN * wall,
    }  # fmt: skip


def _timed(work: Callable[[int], object], fewest: int, most: int, enough_s: float) -> list[float]:
    """Milliseconds of each turn."""
    times: list[float] = []
    while len(times) < fewest or (len(times) < most and sum(times) < 1000 * enough_s):
        start = time.perf_counter()
        work(len(times))
        times.append(1000 * (time.perf_counter() - start))
    return times


def _kilobytes(field: str) -> int | None:
    """A figure of this process's memory; `None` where the system doesn't tell."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), None)


if __name__ == "__main__":
    main()
