"""Classifiers that attacks can be worked out on by hand: any module as an engine, and small seeded networks."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from enxerto.attack.goal import Goal
from enxerto.attack.subject import Subject
from enxerto.engines import InputGradient, Objective
from enxerto.types import Logits, Pixels


class ModuleEngine:
    """What an engine can do, on a module; photo by photo, so that no photo knows its neighbors."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval().requires_grad_(False)

    def logits(self, batch: Pixels) -> Logits:
        with torch.no_grad():
            return np.concatenate([self.network(torch.tensor(photo[None])).double().numpy() for photo in batch])

    def input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> InputGradient:
        answers = [self._one(pixels[i : i + 1], target[i : i + 1], objective) for i in range(len(pixels))]
        return InputGradient(*(np.concatenate(parts) for parts in zip(*answers, strict=True)))

    def _one(
        self, pixels: Pixels, target: NDArray[np.float32], objective: Objective
    ) -> tuple[NDArray[np.float32], ...]:
        leaf = torch.tensor(pixels, requires_grad=True)
        logits = self.network(leaf)
        values = objective(logits, torch.tensor(target))
        (gradient,) = torch.autograd.grad(values.sum(), leaf)
        return logits.detach().numpy(), values.detach().numpy(), gradient.numpy()


class ConvolutionNetwork(nn.Module):
    """Two convolutions, one of stride 2, with smooth rectifiers; a linear layer on what they give."""

    def __init__(self, classes: int = 4, side: int = 8, seed: int = 0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.linear = nn.Linear(8 * (side // 2) ** 2, classes)
        _seeded(self, seed)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.silu(self.conv1(pixels - 0.5))
        logits: torch.Tensor = self.linear(nn.functional.silu(self.conv2(hidden)).flatten(1))
        return logits


class LinearNetwork(nn.Module):
    """Logits are weight times pixels, plus a bias.

    Args:
        weight: shape (classes, 3 * height * width).
        bias: shape (classes,).
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(bias.clone())

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.flatten(1) @ self.weight.T + self.bias


class ConstantNetwork(nn.Module):
    """Answers without looking; no gradient leads out."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.arange(classes, 0, -1).float())

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.logits + 0 * pixels.flatten(1).sum(1, keepdim=True)


class FlatNetwork(nn.Module):
    """Reads the first two values of a photo only, by a curved boundary: small enough for a search over a grid."""

    def __init__(self, classes: int = 3, seed: int = 0) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, 16)
        self.last = nn.Linear(16, classes)
        _seeded(self, seed)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.last(torch.tanh(3 * self.hidden(4 * pixels.flatten(1)[:, :2] - 2)))
        return logits


def linear_network(classes: int = 4, side: int = 6, seed: int = 0) -> LinearNetwork:
    dice = torch.Generator().manual_seed(seed)
    weight = torch.randn(classes, 3 * side**2, generator=dice)
    return LinearNetwork(weight, torch.randn(classes, generator=dice))


def tiny_photos(count: int = 6, side: int = 8, seed: int = 0, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
    """Noise between `low` and `high`, shape (count, 3, side, side)."""
    return low + (high - low) * torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def subject_of(network: nn.Module, photos: torch.Tensor) -> tuple[Subject, Goal]:
    """A network under attack, and the goal of anything but what it says of the photos."""
    engine = ModuleEngine(network)
    logits = torch.from_numpy(engine.logits(photos.numpy()))
    return Subject(engine, logits.shape[1]), Goal(logits.argmax(1))


def second_choice(subject: Subject, photos: torch.Tensor) -> Goal:
    """The goal of the class with the second largest logit."""
    first, second = subject.logits(photos).topk(2).indices.T
    return Goal(first, second)


def _seeded(network: nn.Module, seed: int) -> None:
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            fan = parameter[0].numel() if parameter.ndim > 1 else 4
            parameter.copy_(torch.randn(parameter.shape, generator=dice) * (2 / fan) ** 0.5)
