"""PyTorch as the engine: on a GPU, where OpenVINO can't convert a network, and as the reference in tests."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.backbones.preprocessing import tensor_of
from enxerto.engines.engine import Engine, HeadArrays, InputGradient, logit_network
from enxerto.engines.objective import Objective
from enxerto.types import Features, Images, Pixels

if TYPE_CHECKING:
    from enxerto.backbones import Backbone


class TorchEngine(Engine):
    """Eager PyTorch, channels last.

    Args:
        backbone: what to run; the module handed in is copied, so it comes back as it was.
        head: a grafted head.
        precision: `fp32`, or `bf16` by autocast.
        device: `cpu`, `cuda`, `cuda:1`, ….
    """

    name = "torch"

    def __init__(
        self, backbone: Backbone, head: HeadArrays | None = None, precision: str = "fp32", device: str = "cpu"
    ) -> None:
        super().__init__(backbone, head, precision)
        self._device = torch.device(device)
        self.device = "torch" if self._device.type == "cpu" else device
        self.identity = f"torch-{torch.__version__}-{self._device.type}-{precision}"
        self.workers = 2
        self.chunk = 32 if self._device.type == "cuda" else 8
        self._lock = threading.Lock()

    @cached_property
    def _feature_network(self) -> torch.nn.Module:
        return self._place(self.backbone.feature_network())

    @cached_property
    def _logit_network(self) -> torch.nn.Module:
        return self._place(logit_network(self.backbone, self.head))

    def _place(self, network: torch.nn.Module) -> torch.nn.Module:
        return copy.deepcopy(network).to(self._device).to(memory_format=torch.channels_last)

    def _tensor(self, array: NDArray[Any]) -> torch.Tensor:
        return tensor_of(array).to(self._device)

    def _features(self, batch: Images | Pixels) -> Features:
        return self._run(lambda: self._feature_network, batch)

    def _class_logits(self, batch: Images | Pixels) -> NDArray[np.float32]:
        return self._run(lambda: self._logit_network, batch)

    def _run(self, network: Callable[[], torch.nn.Module], batch: Images | Pixels) -> NDArray[np.float32]:
        """The network is built inside the lock: by one thread, once."""
        with self._lock:
            built = network()
            with torch.inference_mode(), self._autocast():
                result: NDArray[np.float32] = built(self._tensor(batch)).float().cpu().numpy()
            return result

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def _input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> InputGradient:
        with self._lock, torch.enable_grad():
            leaf = self._tensor(pixels).requires_grad_()
            with self._autocast():
                logits = self._logit_network(leaf).float()
            values = objective(logits, self._tensor(target))
            (gradient,) = torch.autograd.grad(values.sum(), leaf)
            return InputGradient(*(t.detach().cpu().numpy() for t in (logits, values, gradient)))
