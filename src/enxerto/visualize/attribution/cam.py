"""Class activation maps: the maps of a network's last layer that has a height and a width, weighted by their say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from enxerto.types import Images, Labels
from enxerto.visualize.attribution.subject import Subject

Tensor = torch.Tensor
Weights = Callable[[Subject, Tensor, Tensor], Tensor]
"""Maps and class indices of a batch to a weight for each channel, shape (batch, channel)."""

PHOTOS_A_CHUNK = 16
ABLATED_BYTES = 2**25
"""Of maps that go through the rest of the network at once. A fully connected layer like VGG's first, 400 MB of weights,
takes a third of the time when it meets hundreds of inputs instead of 32."""
TOLERANCE = 1e-4
"""How far two slopes may be apart, relative to one of them, to be taken for the same."""


def gradcam(subject: Subject, images: Images, targets: Labels) -> NDArray[np.float32]:
    """Grad-CAM: a channel's weight is the mean over places of the gradient of the class's logit.

    Args:
        subject: to look into.
        images: what the network looks at, uint8, shape (batch, size, size, 3).
        targets: class indices, int64, shape (batch,).

    Returns:
        float32, not negative, shape (batch, size, size).

    Raises:
        OptionError: the network has no layer to look at.

    Reference: Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2.
    """
    return _weighted(subject, images, targets, _mean_gradient)


def ablation_cam(subject: Subject, images: Images, targets: Labels) -> NDArray[np.float32]:
    """Ablation-CAM: a channel's weight is how far the class's logit falls when the channel is set to zero.

    It needs no gradient, so that it shows nothing that comes from saturated or broken ones. The fall isn't divided by
    the logit, as in the paper: that changes the map by a factor only, and turns it around where the logit is negative.

    Args, returns and raises as for `gradcam`.

    Reference: Desai & Ramaswamy 2020, WACV, equations 4 and 5.
    """
    return _weighted(subject, images, targets, _falls)


def _weighted(subject: Subject, images: Images, targets: Labels, weights: Weights) -> NDArray[np.float32]:
    found = [
        _chunk(subject, images[start : start + PHOTOS_A_CHUNK], targets[start : start + PHOTOS_A_CHUNK], weights)
        for start in range(0, len(images), PHOTOS_A_CHUNK)
    ]
    return np.concatenate(found)


def _chunk(subject: Subject, images: Images, targets: Labels, weights: Weights) -> NDArray[np.float32]:
    """Where the network looks at the mirror image, too, the maps of both looks count, as the logit is their mean."""
    wanted = torch.from_numpy(np.ascontiguousarray(targets, dtype=np.int64))
    summed = _look(subject, images, wanted, weights)
    if subject.classifier.preprocessing.mirror:
        summed = (summed + _look(subject, images[:, :, ::-1], wanted, weights).flip(2)) / 2
    size = subject.size_px
    shown = nn.functional.interpolate(summed.relu()[:, None], (size, size), mode="bilinear", align_corners=False)
    enlarged: NDArray[np.float32] = shown[:, 0].numpy()
    return enlarged


def _look(subject: Subject, images: Images, targets: Tensor, weights: Weights) -> Tensor:
    maps = subject.maps(np.ascontiguousarray(images))
    return torch.einsum("nchw,nc->nhw", subject.cut.grid(maps), weights(subject, maps, targets))


def _mean_gradient(subject: Subject, maps: Tensor, targets: Tensor) -> Tensor:
    return subject.cut.grid(_gradient(subject, maps, targets)).mean((2, 3))


def _gradient(subject: Subject, maps: Tensor, targets: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = maps.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(subject.answer(leaf, targets).sum(), leaf)
    return gradient


def _falls(subject: Subject, maps: Tensor, targets: Tensor) -> Tensor:
    """How far each channel's absence lowers the logit.

    Where the logit is a weighted sum of the maps, as with a linear head on pooled features, every fall can be read off
    the weights at once. It is one where its slope is the same far apart: a rectifier would differ in the sign, a
    normalization in the scale.
    """
    slope = _gradient(subject, maps, targets)
    elsewhere = _gradient(subject, -2 * maps, targets)
    if bool((slope - elsewhere).norm() <= TOLERANCE * slope.norm()):
        return subject.cut.grid(slope * maps).sum((2, 3))
    return torch.stack([_ablated(subject, maps[i : i + 1], targets[i : i + 1]) for i in range(len(maps))])


@torch.no_grad()
def _ablated(subject: Subject, maps: Tensor, target: Tensor) -> Tensor:
    """The fall of one photo's logit without each of its channels, tried one after the other; shape (channel,)."""
    whole = subject.answer(maps, target)
    falls = []
    channels, at_once = subject.cut.grid(maps).shape[1], max(1, ABLATED_BYTES // maps.nbytes)
    for start in range(0, channels, at_once):
        count = min(at_once, channels - start)
        without = maps.repeat(count, *[1] * (maps.ndim - 1))
        rows = torch.arange(count)
        subject.cut.grid(without)[rows, start + rows] = 0  # a view of the maps, whatever their layout
        falls.append(whole - subject.answer(without, target.expand(count)))
    return torch.cat(falls)
