"""The optimizers that a network can be tuned with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from enxerto.errors import OptionError, UnknownNameError
from enxerto.tuning.recipe import Recipe

if TYPE_CHECKING:
    import torch

MOMENTUM = 0.9
ADVERSARIAL_PACE = 3.0
"""An adversarial recipe learns at so many times the usual rate: what the start knows isn't what it is to learn.

In one run each on 200 photos of cats and dogs with all of EfficientNet-Lite0, networks still learned at four times the
rate of AdamW, and came to give one answer always at eight times. Three times keeps some distance from that.
"""

OPTIMIZERS = {
    "sgd": 1e-1,
    "momentum": 1e-2,
    "nesterov": 1e-2,
    "adagrad": 1e-3,
    "rmsprop": 1e-4,
    "adam": 1e-4,
    "adamw": 1e-4,
}
"""Names, and the learning rate that suits each."""


def default_rate(optimizer: str) -> float:
    """A learning rate for fine-tuning a pretrained network whose head is already solved.

    The start is good, so that steps have to be small beside the weights. Adam moves each weight by about the rate,
    whatever the gradient, and RMSProp does alike. Adagrad's n-th step is √n times smaller than its first, so that n of
    them reach as far as n of Adam's at √n / 2 times the rate: 10 times, for the few hundred steps of a small folder.
    With momentum 0.9, steps in one direction add up to 10 times the gradient, so that plain SGD gets 10 times its rate.

    These are the rates, of some three times apart, with the lowest log loss on unseen photos, or within 0.001 of it,
    after 4 epochs of the last two stages of EfficientNet-Lite0 on 8 photos of each of 37 pet breeds, gradients clipped
    to a norm of 1. Adam and Nesterov, which were not measured, get the rates of AdamW and momentum.

    Args:
        optimizer: one of `OPTIMIZERS`.

    Raises:
        UnknownNameError: there is no such optimizer.
    """
    if optimizer not in OPTIMIZERS:
        raise UnknownNameError("optimizer", optimizer, OPTIMIZERS)
    return OPTIMIZERS[optimizer]


def open_optimizer(recipe: Recipe, groups: Sequence[dict[str, Any]]) -> torch.optim.Optimizer:
    """The recipe's optimizer over these groups of parameters.

    Weight decay is decoupled from the gradient in AdamW, and a term of the gradient, as an L2 penalty gives, elsewhere.
    Sums are done one parameter at a time, without fused or grouped kernels, and so in the same order everywhere.

    Args:
        recipe: its `optimizer`, `learning_rate` and `weight_decay` count.
        groups: each with its parameters under `params`, their learning rate as a multiple of the recipe's under `rate`,
            and under `decay` whether weight decay pulls them towards zero.

    Returns:
        An optimizer whose groups hold, under `peak`, the height that a schedule's factor is a share of.

    Raises:
        UnknownNameError: there is no such optimizer.
        OptionError: the learning rate has still to be found.

    Reference: Sutskever et al. 2013 (momentum, Nesterov); Duchi et al. 2011 (Adagrad); Tieleman & Hinton 2012, lecture
    6e (RMSProp, mean square with decay 0.9); Kingma & Ba 2015, arXiv:1412.6980 (Adam); Loshchilov & Hutter 2019,
    arXiv:1711.05101 (AdamW).
    """
    from torch import optim

    pace = ADVERSARIAL_PACE if recipe.adversarial else 1.0
    rate = pace * default_rate(recipe.optimizer) if recipe.learning_rate is None else recipe.learning_rate
    if isinstance(rate, str):
        raise OptionError(f"`learning_rate` must be a number by now, got {rate!r}; look for one first")
    opened = [
        {
            "params": group["params"],
            "lr": rate * group["rate"],
            "peak": rate * group["rate"],
            "weight_decay": recipe.weight_decay if group["decay"] else 0.0,
        }
        for group in groups
    ]
    match recipe.optimizer:
        case "sgd":
            return optim.SGD(opened, foreach=False, fused=False)
        case "momentum" | "nesterov":
            nesterov = recipe.optimizer == "nesterov"
            return optim.SGD(opened, momentum=MOMENTUM, nesterov=nesterov, foreach=False, fused=False)
        case "adagrad":
            return optim.Adagrad(opened, foreach=False, fused=False)
        case "rmsprop":
            return optim.RMSprop(opened, alpha=0.9, foreach=False)
        case "adam":
            return optim.Adam(opened, foreach=False, fused=False)
        case "adamw":
            return optim.AdamW(opened, foreach=False, fused=False)
    raise UnknownNameError("optimizer", recipe.optimizer, OPTIMIZERS)
