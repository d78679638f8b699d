"""Building a network whose weights are read afterwards without drawing random ones first, which takes VGG-16 1.5 s."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_DRAWS = frozenset({
    "uniform_", "normal_", "erfinv_",
    "kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_",
})  # fmt: skip
"""The functions of `torch.nn.init` and the methods of tensors that draw; `erfinv_` is the slow part of a cut normal."""


@contextmanager
def unfilled() -> Generator[None]:
    """In the block, tensors are not filled with random numbers: they hold whatever was in memory.

    What is computed otherwise stays right, such as tables of positions. What is drawn all the same costs no one's seed.
    """
    with torch.random.fork_rng(devices=[]), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    def __torch_function__(
        self,
        function: Callable[..., Any],
        _types: Sequence[type],
        arguments: tuple[Any, ...] = (),
        named: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call what PyTorch was about to call, or hand back the tensor that it would have filled."""
        given = named or {}
        if getattr(function, "__name__", "") in _DRAWS:
            return arguments[0] if arguments else given["tensor"]
        return function(*arguments, **given)
