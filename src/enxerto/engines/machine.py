"""What this machine's processors are and can do."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def has_native_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 itself; where it only emulates, bf16 is no gain."""
    import openvino

    capable = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    flags = _cpuinfo("flags")
    return capable and ("avx512_bf16" in flags or "amx_bf16" in flags)


def describe() -> str:
    """The processor's model and the version of OpenVINO on it: what a measurement on this machine depends on."""
    import openvino

    return f"{_cpuinfo('model name') or platform.processor()}, openvino {openvino.__version__}"


def _cpuinfo(field: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")
