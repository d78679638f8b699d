"""What runs a backbone: OpenVINO on a CPU, PyTorch on a GPU; one seam gives features, logits and input gradients."""

from enxerto.engines.engine import Engine, HeadArrays, InputGradient, logit_network
from enxerto.engines.machine import describe, has_native_bf16, processors
from enxerto.engines.objective import ClassLogit, CrossEntropy, Margin, Objective
from enxerto.engines.opening import open_engine

__all__ = [
    "ClassLogit",
    "CrossEntropy",
    "Engine",
    "HeadArrays",
    "InputGradient",
    "Margin",
    "Objective",
    "describe",
    "has_native_bf16",
    "logit_network",
    "open_engine",
    "processors",
]
