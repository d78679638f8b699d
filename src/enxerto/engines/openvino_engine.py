"""OpenVINO as the engine: the default on a CPU."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
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

AGREEMENT = 1e-3
"""Largest difference between a converted network and PyTorch's, relative to the largest number of a photo."""
_UNPROVEN = frozenset({"keras", "file"})
"""Zoos whose networks were not all converted and compared before."""

_log = logging.getLogger(__name__)
Key = tuple[Any, ...]


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
        self._compiled: dict[Key, openvino.CompiledModel] = {}
        self._lock = threading.Lock()
        self._local = threading.local()
        self._gradient_fallback: TorchEngine | None = None

    def require_convertible(self) -> None:
        """Raise an `EngineError` unless OpenVINO can convert the network; where it was converted before, do nothing."""
        if not cached_path(self._key("features", "uint8")).exists():
            self._forward_requests("features", "uint8", 1)

    def _features(self, batch: Images | Pixels) -> Features:
        return self._each(batch, "features")

    def _class_logits(self, batch: Images | Pixels) -> NDArray[np.float32]:
        return self._each(batch, "logits")

    def _each(self, batch: Images | Pixels, kind: str) -> NDArray[np.float32]:
        requests = self._forward_requests(kind, batch.dtype.name, len(batch))
        return np.concatenate([answer[0] for answer in _each_at_once(requests, batch)])

    def _forward_requests(self, kind: str, dtype: str, photos: int) -> list[Any]:
        return self._requests(
            (kind, dtype), photos, lambda: self._compile(self._model(kind, dtype), self.precision, self.workers)
        )

    def _requests(self, key: Key, photos: int, compiled: Callable[[], openvino.CompiledModel]) -> list[Any]:
        """This thread's own inference requests: as many as photos and workers, so that one thread keeps all busy."""
        if key not in self._compiled:
            with self._lock:
                if key not in self._compiled:
                    self._compiled[key] = compiled()
        mine: dict[Any, list[Any]] = self._local.__dict__
        requests = mine.setdefault(key, [])
        while len(requests) < min(photos, self.workers):  # each holds the memory of a pass
            requests.append(self._compiled[key].create_infer_request())
        return requests

    def _model(self, kind: str, dtype: str) -> openvino.Model:
        def make() -> openvino.Model:
            import torch

            side = self.backbone.preprocessing.size_px
            shape = (1, side, side, 3) if dtype == "uint8" else (1, 3, side, side)
            network = self.backbone.feature_network() if kind == "features" else self._logit_network
            model = convert(network, (torch.zeros(shape, dtype=getattr(torch, dtype)),))
            if self.backbone.entry.zoo in _UNPROVEN:
                self._require_agreement(network, model, shape, dtype)
            return model

        return convert_cached(self._key(kind, dtype), make, self._core)

    def _require_agreement(self, network: Any, model: openvino.Model, shape: tuple[int, ...], dtype: str) -> None:
        """Raise an `EngineError` unless a converted network gives what PyTorch gives for noise."""
        import torch

        noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        example = noise if dtype == "uint8" else noise.astype(np.float32) / np.float32(255)
        with torch.inference_mode():
            expected = network(tensor_of(example)).numpy()
        error = float(np.abs(self._compile(model, "fp32", 1)([example])[0] - expected).max())
        if not error <= AGREEMENT * float(np.abs(expected).max()):
            raise EngineError(f"the converted network differs from PyTorch's by {error:.2g}")

    def _key(self, kind: str, dtype: str) -> str:
        return f"{kind}|{dtype}|{self.backbone.fingerprint}"

    def _compile(
        self, model: openvino.Model, precision: str, streams: int, *, pinned: bool = True
    ) -> openvino.CompiledModel:
        """Compile; streams that aren't pinned to a processor leave it to threads that compute between their calls."""
        config = {
            "ENABLE_CPU_PINNING": pinned,
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
            "INFERENCE_NUM_THREADS": self.workers,
            "NUM_STREAMS": streams,
        }
        return self._core.compile_model(model, "CPU", config)

    def _input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> InputGradient:
        if self._gradient_fallback is not None:
            return self._gradient_fallback.input_gradient(pixels, target, objective)
        try:
            requests = self._requests(
                ("gradient", objective),
                len(pixels),
                lambda: self._compile(
                    self._gradient_model(pixels[:1], target[:1], objective),
                    self.precision,
                    self.workers,
                    pinned=False,
                ),
            )
        except EngineError as error:
            _log.warning("input gradients of %s run on torch instead of openvino: %s", self.backbone.name, error)
            from enxerto.engines.torch_engine import TorchEngine

            self._gradient_fallback = TorchEngine(self.backbone, self.head)
            return self._gradient_fallback.input_gradient(pixels, target, objective)
        answers = _each_at_once(requests, pixels, target)
        return InputGradient(*(np.concatenate(parts) for parts in zip(*answers, strict=True)))

    def _gradient_model(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> openvino.Model:
        """For one photo; when it is converted, its answer for this one is held against autograd's."""

        def make() -> openvino.Model:
            from enxerto.engines.gradient_graph import convert_gradient, require_agreement

            model, expected = convert_gradient(self._logit_network, objective, tensor_of(pixels), tensor_of(target))
            got = self._compile(model, "fp32", 1)([pixels, target])
            require_agreement(expected[2], tensor_of(got[2]))
            return model

        return convert_cached(self._gradient_key(objective, pixels.shape), make, self._core)

    def _gradient_key(self, objective: Objective, shape: tuple[int, ...]) -> str:
        head = hashlib.sha256()
        for array in (self.head.weight, self.head.bias) if self.head is not None else ():
            head.update(f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
        return f"gradient-3|{self.backbone.fingerprint}|{head.hexdigest()}|{objective!r}|{shape}"

    @cached_property
    def _logit_network(self) -> Any:
        return logit_network(self.backbone, self.head)


def _each_at_once(requests: list[Any], *inputs: NDArray[Any]) -> list[list[NDArray[np.float32]]]:
    """Photo by photo, as many at once as there are requests: faster than a batch, and no photo knows the others."""
    answers: list[list[NDArray[np.float32]]] = []
    for start in range(0, len(inputs[0]), len(requests)):
        running = requests[: len(inputs[0]) - start]
        for row, request in enumerate(running, start):
            request.start_async([array[row : row + 1] for array in inputs])
        for request in running:
            request.wait()
            answers.append([np.array(output.data) for output in request.output_tensors])
    return answers
