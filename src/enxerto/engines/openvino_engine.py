"""OpenVINO as the engine: the default on a CPU."""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
from numpy.typing import NDArray

from enxerto.backbones.preprocessing import tensor_of
from enxerto.engines.conversion import cached_path, convert, convert_cached
from enxerto.engines.engine import Engine, HeadArrays, InputGradient, logit_network
from enxerto.engines.machine import processors
from enxerto.engines.objective import Objective
from enxerto.errors import EngineError
from enxerto.types import Features, Images, Pixels

if TYPE_CHECKING:
    from enxerto.backbones import Backbone
    from enxerto.engines.torch_engine import TorchEngine

_log = logging.getLogger(__name__)


class OpenVINOEngine(Engine):
    """One photo an inference, one thread a photo, as many at once as there are processors.

    A photo's features therefore don't depend on its neighbors in the batch, nothing is padded, and decoding threads
    that infer what they decoded keep every processor busy.

    Args:
        backbone: what to run.
        head: a grafted head.
        precision: `fp32` or `bf16`.
    """

    name = "openvino"
    device = "openvino"
    chunk = 8

    def __init__(self, backbone: Backbone, head: HeadArrays | None = None, precision: str = "fp32") -> None:
        super().__init__(backbone, head, precision)
        self.identity = f"openvino-{openvino.__version__}-{precision}"
        self.workers = processors()
        self._core = openvino.Core()
        self._compiled: dict[tuple[Any, ...], openvino.CompiledModel] = {}
        self._lock = threading.Lock()
        self._local = threading.local()
        self._gradient_fallback: TorchEngine | None = None

    def require_convertible(self) -> None:
        """Raise an `EngineError` unless OpenVINO can convert the network; where it was converted before, do nothing."""
        if not cached_path(self._key("features", "uint8")).exists():
            self._request(("features", "uint8"))

    def _features(self, batch: Images | Pixels) -> Features:
        return self._each(batch, ("features", batch.dtype.name))

    def _class_logits(self, batch: Images | Pixels) -> NDArray[np.float32]:
        return self._each(batch, ("logits", batch.dtype.name))

    def _each(self, batch: Images | Pixels, key: tuple[str, str]) -> NDArray[np.float32]:
        request = self._request(key)
        return np.concatenate([request.infer({0: batch[i : i + 1]})[0] for i in range(len(batch))])

    def _request(self, key: tuple[str, str]) -> Any:
        """This thread's own inference request."""
        requests: dict[Any, Any] = self._local.__dict__
        if key not in requests:
            with self._lock:
                if key not in self._compiled:
                    self._compiled[key] = self._compile(self._model(*key), self.precision, self.workers)
            requests[key] = self._compiled[key].create_infer_request()
        return requests[key]

    def _model(self, kind: str, dtype: str) -> openvino.Model:
        def make() -> openvino.Model:
            import torch

            side = self.backbone.preprocessing.size_px
            shape = (1, side, side, 3) if dtype == "uint8" else (1, 3, side, side)
            network = self.backbone.feature_network() if kind == "features" else self._logit_network
            return convert(network, (torch.zeros(shape, dtype=getattr(torch, dtype)),))

        return convert_cached(self._key(kind, dtype), make, self._core)

    def _key(self, kind: str, dtype: str) -> str:
        return f"{kind}|{dtype}|{self.backbone.fingerprint}"

    def _compile(self, model: openvino.Model, precision: str, streams: int) -> openvino.CompiledModel:
        config = {
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
            "INFERENCE_NUM_THREADS": self.workers,
            "NUM_STREAMS": streams,
        }
        return self._core.compile_model(model, "CPU", config)

    def _input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> InputGradient:
        if self._gradient_fallback is not None:
            return self._gradient_fallback.input_gradient(pixels, target, objective)
        try:
            compiled = self._gradient_model(pixels, target, objective)
        except EngineError as error:
            _log.warning("input gradients of %s run on torch instead of openvino: %s", self.backbone.name, error)
            from enxerto.engines.torch_engine import TorchEngine

            self._gradient_fallback = TorchEngine(self.backbone, self.head)
            return self._gradient_fallback.input_gradient(pixels, target, objective)
        with self._lock:
            results = compiled([pixels, target])
        return InputGradient(*(np.array(results[i]) for i in range(3)))

    def _gradient_model(
        self, pixels: Pixels, target: NDArray[np.float32], objective: Objective
    ) -> openvino.CompiledModel:
        key = ("gradient", objective, pixels.shape)
        with self._lock:
            if key not in self._compiled:
                from enxerto.engines.gradient_graph import convert_gradient, require_agreement

                model, expected = convert_gradient(self._logit_network, objective, tensor_of(pixels), tensor_of(target))
                compiled = self._compile(model, "fp32", 1)
                require_agreement(expected[2], tensor_of(compiled([pixels, target])[2]))
                self._compiled[key] = compiled
        return self._compiled[key]

    @cached_property
    def _logit_network(self) -> Any:
        return logit_network(self.backbone, self.head)
