"""Networks with some of their residual blocks left out: relatives of a network that need no weights of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


def residual_blocks(network: nn.Module, size_px: int) -> tuple[str, ...]:
    """Names of the blocks that add what they compute to what they get, so that a network works without any of them.

    timm gives each of them a place to be dropped in training (Huang et al. 2016, arXiv:1603.09382); those that change
    the shape have no shortcut, or one that is more than that.

    Args:
        network: a whole network as `build` makes it.
        size_px: side of what it looks at.
    """
    kept: list[str] = []

    def look(name: str) -> Any:
        def compare(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            if isinstance(output, torch.Tensor) and output.shape == inputs[0].shape:
                kept.append(name)

        return compare

    hooks = [module.register_forward_hook(look(name)) for name, module in network.named_modules() if _drops(module)]
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, size_px, size_px))
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(kept)


def leave_out(network: nn.Module, blocks: Sequence[str]) -> nn.Module:
    """The same network, changed in place so that some residual blocks hand on what they get."""
    for name in blocks:
        network.set_submodule(name, nn.Identity())
    return network


def _drops(module: nn.Module) -> bool:
    places = ("drop_path", "drop_path1")
    return any(hasattr(module, place) for place in places) and getattr(module, "has_skip", True)
