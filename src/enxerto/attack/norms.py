"""How large a change of a photo is, and the nearest allowed change."""

from __future__ import annotations

import torch

NORMS = ("linf", "l2", "l1", "l0")
"""Largest change of a value, Euclidean length, sum of changes, and number of pixels changed (all three values of a
pixel count once); of pixels in [0, 1]."""


def distance(change: torch.Tensor, norm: str) -> torch.Tensor:
    """The size of each photo's change.

    Args:
        change: float, shape (photos, 3, height, width).
        norm: one of `NORMS`.

    Returns:
        Shape (photos,).
    """
    flat = change.flatten(1)
    if norm == "linf":
        return flat.abs().amax(1)
    if norm == "l2":
        length: torch.Tensor = torch.linalg.vector_norm(flat, dim=1)
        return length
    if norm == "l1":
        return flat.abs().sum(1)
    return (change != 0).any(1).flatten(1).sum(1).to(change.dtype)


def project(change: torch.Tensor, radius: torch.Tensor, norm: str) -> torch.Tensor:
    """The nearest change (in Euclidean distance) that is no larger than its radius.

    Args:
        change: float, shape (photos, 3, height, width).
        radius: at least 0, shape (photos,).
        norm: one of `NORMS`.

    References: Duchi et al. 2008, ICML (l1, by sorting).
    """
    r = radius.view(-1, 1, 1, 1).to(change.dtype)
    if norm == "linf":
        return change.clamp(-r, r)
    if norm == "l2":
        length = distance(change, "l2").view(-1, 1, 1, 1)
        return torch.where(length > r, change * (r / length.clamp_min(1e-30)), change)
    return _project_l1(change, radius) if norm == "l1" else _keep_largest(change, radius)


def largest(scores: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """Which are each row's largest; any of those that are equal.

    Args:
        scores: shape (rows, n).
        count: how many, int64, shape (rows,).

    Returns:
        bool, shape (rows, n).
    """
    most = int(count.max().clamp(0, scores.shape[1])) if len(count) else 0
    order = scores.topk(most, dim=1).indices
    chosen = torch.zeros_like(scores, dtype=torch.bool)
    return chosen.scatter_(1, order, torch.arange(most) < count[:, None])


def _project_l1(change: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    flat = change.flatten(1)
    size = flat.abs()
    falling = size.sort(dim=1, descending=True).values
    count = torch.arange(1, falling.shape[1] + 1, device=change.device, dtype=change.dtype)
    threshold = (falling.cumsum(1) - radius.to(change.dtype)[:, None]) / count
    last = (falling > threshold).sum(1, keepdim=True).clamp_min(1) - 1
    soft = flat.sign() * (size - threshold.gather(1, last).clamp_min(0)).clamp_min(0)
    inside = size.sum(1) <= radius
    return torch.where(inside[:, None], flat, soft).view_as(change)


def _keep_largest(change: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    """The pixels with the longest changes stay, as many as the radius says."""
    kept = largest(change.square().sum(1).flatten(1), radius.ceil().long())
    return change * kept.view(len(change), 1, *change.shape[2:])
