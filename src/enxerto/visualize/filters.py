"""The filters of a network's first layer, which look at red, green and blue, so that they can be drawn as they are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import nn

from enxerto.types import Images

MOST_PX = 64


@dataclass(frozen=True, eq=False)
class Filters:
    """Of the first convolution.

    Attributes:
        name: of the module.
        weights: float32, shape (filters, 3, height, width).
    """

    name: str
    weights: NDArray[np.float32] = field(repr=False)

    @property
    def images(self) -> Images:
        """Each filter in its own colors: gray is 0, and its largest weight reaches black or full brightness."""
        largest = np.abs(self.weights).max((1, 2, 3), keepdims=True)
        shares = self.weights / np.maximum(largest, np.finfo(np.float32).tiny)
        images: Images = np.rint(127.5 + 127.5 * shares).astype(np.uint8).transpose(0, 2, 3, 1)
        return images


def first_filters(network: nn.Module) -> Filters | None:
    """The filters of the first convolution over three colors, `None` where there is none of a size to see.

    Args:
        network: whose first layer sees red, green and blue, in this order.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == 3 and module.groups == 1:
            if max(module.kernel_size) > MOST_PX or max(module.kernel_size) < 2:
                return None
            return Filters(name, module.weight.detach().float().numpy().copy())
    return None
