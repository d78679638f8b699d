"""Randomness that a photo has to itself: the same in a batch of one and in a batch of many."""

from __future__ import annotations

import hashlib

import torch


def dice_of(pixels: torch.Tensor, seed: int, purpose: str) -> list[torch.Generator]:
    """A generator for each photo, seeded by the photo's own values.

    Args:
        pixels: the photos before the attack, float32, shape (photos, 3, height, width).
        seed: of the attack.
        purpose: what is rolled for, such as `pgd 0` in the first restart: another purpose, other numbers.
    """
    return [_generator(photo, f"{seed} {purpose} ") for photo in pixels]


def _generator(photo: torch.Tensor, salt: str) -> torch.Generator:
    digest = hashlib.blake2b(salt.encode() + photo.contiguous().numpy().tobytes(), digest_size=7).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))


def normal(dice: list[torch.Generator], shape: torch.Size) -> torch.Tensor:
    """Standard normal values, float32, shape (photos, *shape)."""
    return torch.stack([torch.randn(shape, generator=one) for one in dice])


def uniform(dice: list[torch.Generator], shape: torch.Size) -> torch.Tensor:
    """Values from -1 to 1, float32, shape (photos, *shape)."""
    return torch.stack([2 * torch.rand(shape, generator=one) - 1 for one in dice])
