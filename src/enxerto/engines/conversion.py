"""PyTorch modules to OpenVINO models, kept on disk so that the second start needs no conversion."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enxerto.errors import EngineError, StorageError
from enxerto.files import write_durably
from enxerto.home import networks_home

if TYPE_CHECKING:
    import openvino
    import torch

RECIPE = "trace-2"
TRACING = threading.RLock()
"""PyTorch's tracers patch modules for the whole process, so only one thread may trace at a time."""

_SECOND_NAMES = {"aten::subtract": "aten::sub", "aten::multiply": "aten::mul", "aten::divide": "aten::div"}
"""Operators that PyTorch knows by two names, and OpenVINO's frontend by one; Keras uses the other."""

_log = logging.getLogger(__name__)


def convert(network: torch.nn.Module, examples: Sequence[torch.Tensor]) -> openvino.Model:
    """Trace a frozen network and convert it, with the static shapes and types of the examples.

    OpenVINO's PyTorch frontend is called directly: `openvino.convert_model` does the same at three times the time, and
    it reports usage over the network.

    Raises:
        EngineError: the network can't be traced, or has an operator that OpenVINO doesn't know.
    """
    import torch

    try:
        with torch.no_grad():
            traced = trace(network, examples)
    except Exception as error:  # a network's own code runs: it may raise whatever it likes
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise EngineError(f"the network can't be traced: {reason}") from error
    return from_trace(traced, examples)


def trace(network: torch.nn.Module, examples: Sequence[torch.Tensor]) -> torch.jit.ScriptFunction[Any, Any]:
    """Record a network's operators on examples, without PyTorch's warnings: OpenVINO's frontend reads nothing newer.

    What is traced is a function, in which the weights are constants: that takes half the time of tracing a module,
    which records the whole tree of its parts.
    """
    import torch

    with TRACING, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=FutureWarning)
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]  # not in its stubs
        recorded: torch.jit.ScriptFunction[Any, Any] = torch.jit.trace(  # type: ignore[no-untyped-call]  # nor typed
            lambda *inputs: network(*inputs), tuple(examples), check_trace=False, strict=False
        )
    for name, first in _SECOND_NAMES.items():
        torch._C._jit_pass_custom_pattern_based_rewrite_graph(_call(name), _call(first), recorded.graph)
    return recorded


def _call(operator: str) -> str:
    """A graph of one operator with two tensors, and a factor for those that take one."""
    inputs = "%a, %b, %c" if operator.removeprefix("aten::") in ("subtract", "sub") else "%a, %b"
    return f"graph({inputs}):\n  %result = {operator}({inputs})\n  return (%result)"


def from_trace(traced: torch.jit.ScriptFunction[Any, Any], examples: Sequence[torch.Tensor]) -> openvino.Model:
    """Convert what `torch.jit.trace` recorded.

    Raises:
        EngineError: OpenVINO can't convert it, whatever its frontend says.
    """
    import numpy as np
    import openvino
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    manager = FrontEndManager()
    frontend = manager.load_by_framework("pytorch")
    try:
        decoder = TorchScriptPythonDecoder(traced, example_input=tuple(examples))  # must outlive the conversion
        loaded = frontend.load(decoder)
        model = frontend.convert(loaded)
        for parameter, example in zip(model.get_parameters(), examples, strict=True):
            parameter.set_element_type(openvino.Type(np.dtype(str(example.dtype).removeprefix("torch."))))
            parameter.set_partial_shape(openvino.PartialShape(list(example.shape)))
        model.validate_nodes_and_infer_types()
    except Exception as error:  # OpenVINO's frontend has no type of its own for what it can't convert
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise EngineError(f"OpenVINO can't convert the network: {reason}") from error
    return model


def cached_path(key: str) -> Path:
    """Where the converted model of a key is kept."""
    import openvino

    digest = hashlib.sha256(f"{RECIPE}|{openvino.__version__}|{key}".encode()).hexdigest()
    return networks_home() / f"{digest}.network"


def convert_cached(key: str, make: Callable[[], openvino.Model], core: openvino.Core) -> openvino.Model:
    """The model of a key from disk, or made and kept.

    What was just made is read back as well: it gives the same features as the next time, to the last bit.

    Args:
        key: everything that decides the model.
        make: converts it when it isn't on disk, or isn't intact there.
        core: reads it.
    """
    path = cached_path(key)
    stored = _read(path)
    if stored is None:
        model = make()
        try:
            packed = _pack(model)
        except (OSError, RuntimeError) as error:  # the disk of temporary files is full; OpenVINO says RuntimeError
            _log.warning("the converted network was not kept: %s", error)
            return model
        try:
            write_durably(path, packed)
        except StorageError as error:
            _log.warning("the converted network was not kept: %s", error)
        stored = _unpack(packed)
    return core.read_model(model=stored[0], weights=stored[1])


def _pack(model: openvino.Model) -> bytes:
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        graph, weights = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    header = {"graph": len(graph), "sha256": hashlib.sha256(graph + weights).hexdigest()}
    return json.dumps(header).encode() + b"\n" + graph + weights


def _read(path: Path) -> tuple[bytes, bytes] | None:
    try:
        stored = _unpack(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("%s can't be read (%s); the network is converted again", path, error.strerror)
    except (ValueError, KeyError, TypeError):
        _log.warning("%s is damaged; the network is converted again", path)
    else:
        with suppress(OSError):
            os.utime(path)  # pruning goes by the last use
        return stored
    return None


def _unpack(packed: bytes) -> tuple[bytes, bytes]:
    header, _, body = packed.partition(b"\n")
    stated = json.loads(header)
    if hashlib.sha256(body).hexdigest() != stated["sha256"]:
        raise ValueError("checksum")
    return body[: stated["graph"]], body[stated["graph"] :]
