"""A small undefended classifier, and defences that only hide its gradients."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import torch
from PIL import Image
from tiny_attacks import ConvolutionNetwork, ModuleEngine, subject_of, tiny_photos
from torch import nn

from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.subject import Subject
from enxerto.types import Logits, Pixels


class Noisy(nn.Module):
    """Answers for pixels plus noise, another one each time."""

    def __init__(self, network: nn.Module, sigma: float = 0.05) -> None:
        super().__init__()
        self.network, self.sigma, self.dice = network, sigma, torch.Generator().manual_seed(0)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(pixels + self.sigma * torch.randn(pixels.shape, generator=self.dice))
        return logits


class Stepped(nn.Module):
    """Rounds pixels to a few levels, which has no slope."""

    def __init__(self, network: nn.Module, levels: int = 16) -> None:
        super().__init__()
        self.network, self.levels = network, levels

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network((pixels * self.levels).round() / self.levels)
        return logits


class Scaled(nn.Module):
    """Logits so large that the softmax saturates, as after distillation at a high temperature."""

    def __init__(self, network: nn.Module, factor: float = 1e4) -> None:
        super().__init__()
        self.network, self.factor = network, factor

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(pixels) * self.factor
        return logits


class Probabilities(Scaled):
    """Gives probabilities where logits are expected."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return super().forward(pixels).softmax(1)


class Compressed(nn.Module):
    """Sees photos after JPEG, through which no gradient passes."""

    def __init__(self, network: nn.Module, quality: int = 60) -> None:
        super().__init__()
        self.network, self.quality = network, quality

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        seen = torch.stack([jpeg(photo, self.quality) for photo in pixels.detach()])
        logits: torch.Tensor = self.network(seen + 0 * pixels)
        return logits


class StandIn(ModuleEngine):
    """Answers after JPEG, with gradients of the network as if there were none."""

    def __init__(self, network: nn.Module, quality: int = 60) -> None:
        super().__init__(network)
        self.answering = ModuleEngine(Compressed(network, quality))

    def logits(self, batch: Pixels) -> Logits:
        return self.answering.logits(batch)


def jpeg(photo: torch.Tensor, quality: int) -> torch.Tensor:
    buffer = BytesIO()
    Image.fromarray((photo.permute(1, 2, 0) * 255).round().byte().numpy()).save(buffer, "JPEG", quality=quality)
    return torch.from_numpy(np.asarray(Image.open(buffer)).copy()).permute(2, 0, 1) / 255


def chunk_of(network: nn.Module, photos: torch.Tensor) -> tuple[Subject, Chunk]:
    """A network under attack, and photos labeled with what it says of them."""
    subject, goal = subject_of(network, photos)
    return subject, Chunk(tuple(f"{place}.png" for place in range(len(photos))), photos, goal.labels)


def undefended(classes: int = 4, photos: int = 8) -> tuple[Subject, Chunk]:
    return chunk_of(ConvolutionNetwork(classes), tiny_photos(photos))


def rows_of(chunk: Chunk, first: int, last: int) -> Chunk:
    return Chunk(chunk.names[first:last], chunk.pixels[first:last], chunk.labels[first:last])
