"""A soup of several fits: their weights are averaged, one fit after the other, as long as that helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from enxerto.tuning.state import Tensors


def greedy_soup(
    fits: Sequence[tuple[float, Tensors]], loss_of: Callable[[Tensors], float]
) -> tuple[Tensors, tuple[int, ...]]:
    """Average the weights of fits that started from the same ones.

    Args:
        fits: held-out loss and weights of each.
        loss_of: the held-out loss of any weights.

    Returns:
        The averaged weights, and which fits are in them. The best fit always is; the others, the better ones first,
        only if the loss doesn't rise by them.

    Reference: Wortsman et al. 2022, arXiv:2203.05482, recipe 1.
    """
    first, *others = sorted(range(len(fits)), key=lambda number: fits[number][0])
    loss, soup = fits[first]
    members: tuple[int, ...] = (first,)
    for number in others:
        tried = stirred(soup, fits[number][1], len(members))
        with torch.inference_mode():
            tried_loss = loss_of(tried)
        if tried_loss <= loss:
            loss, soup, members = tried_loss, tried, (*members, number)
    return soup, members


def stirred(soup: Tensors, weights: Tensors, members: int) -> Tensors:
    """A soup of so many members with one more in it."""
    return {
        name: soup[name] + (tensor - soup[name]) / (members + 1) if tensor.is_floating_point() else soup[name]
        for name, tensor in weights.items()
    }
