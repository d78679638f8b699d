"""Random weights for a new last layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from enxerto.errors import UnknownNameError

if TYPE_CHECKING:
    import torch

INITIALIZATIONS = ("solved", "uniform", "normal", "inverse-sqrt", "xavier", "he")
"""The first is no random one: the head that was solved on the features."""


def initial_head(
    kind: str, features: int, classes: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights drawn for a layer from n = `features` inputs to m = `classes` outputs, and a bias of zeros.

    * `uniform`: from U(-1, 1), whatever the layer's size.
    * `normal`: from N(0, 1/n), so that outputs vary as much as inputs.
    * `inverse-sqrt`: from U(-1/√n, 1/√n), with a third of that variance.
    * `xavier`: from U(-√(6/(n + m)), √(6/(n + m))), between what suits activations and what suits gradients.
    * `he`: from N(0, 2/n), as rectifiers let half of the variance through.

    Args:
        kind: one of these; what was solved, the caller has.
        features: inputs.
        classes: outputs.
        generator: of the draws, on the CPU.

    Returns:
        Weight, shape (classes, features), and bias, shape (classes,), float32.

    Raises:
        UnknownNameError: there is no such way.

    Reference: LeCun et al. 1998, Efficient BackProp, eq. 16 (`normal`); Glorot & Bengio 2010, eq. 1 (`inverse-sqrt`)
    and 16 (`xavier`); He et al. 2015, arXiv:1502.01852, eq. 10 (`he`).
    """
    import torch

    weight = torch.empty(classes, features)
    match kind:
        case "uniform":
            weight.uniform_(-1, 1, generator=generator)
        case "normal":
            weight.normal_(0, math.sqrt(1 / features), generator=generator)
        case "inverse-sqrt":
            weight.uniform_(-math.sqrt(1 / features), math.sqrt(1 / features), generator=generator)
        case "xavier":
            bound = math.sqrt(6 / (features + classes))
            weight.uniform_(-bound, bound, generator=generator)
        case "he":
            weight.normal_(0, math.sqrt(2 / features), generator=generator)
        case _:
            raise UnknownNameError("initialization", kind, INITIALIZATIONS[1:])
    return weight, torch.zeros(classes)
