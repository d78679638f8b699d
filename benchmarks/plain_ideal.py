"""The rival of ideal images: what a course teaches, in eager PyTorch. Gradient ascent on pixels, less total variation.

The network is frozen and in evaluation mode, so that no gradient of a weight is computed: this loop's best form.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.child import report
from benchmarks.ideal_task import Task, save
from enxerto.backbones import open_backbone

BATCH = 10
STEPS = 256
STEP = 0.01
"""Root mean square of a step, in [0, 1] units of a pixel."""
SMOOTHNESS = 1000.0
"""Weight of the total variation, as in `enxerto ideal --recipe lesson`."""
CONTRAST = 0.1


def main(_photos: Path) -> dict[str, Any]:
    """Seconds and steps of all images, and how many the network itself puts first before they are saved."""
    task = Task.asked()
    backbone = open_backbone()
    looks = backbone.preprocessing
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (looks.mean, looks.std))
    network = backbone.network.eval().requires_grad_(False)
    network(torch.zeros(1, 3, looks.size_px, looks.size_px))
    wanted, steps = list(task.wanted()), task.steps or STEPS
    start, sure = time.perf_counter(), 0
    for first in range(0, len(wanted), BATCH):
        batch = wanted[first : first + BATCH]
        pixels = torch.stack([_noise(seed, looks.size_px) for _, seed in batch])
        classes = torch.tensor([index for index, _ in batch])
        for _ in range(steps):
            pixels.requires_grad_()
            logits = network((pixels - mean) / deviation)
            value = logits.gather(1, classes[:, None]).sum() - SMOOTHNESS * _variation(pixels)
            (gradient,) = torch.autograd.grad(value, pixels)
            scale = gradient.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)
            pixels = (pixels.detach() + STEP * gradient / scale).clamp(0, 1)
        sure += int((network((pixels - mean) / deviation).argmax(1) == classes).sum())
        for image, (index, seed) in zip(pixels, batch, strict=True):
            save((image * 255).round().byte().permute(1, 2, 0).contiguous().numpy(), index, seed)
    return {
        "seconds": time.perf_counter() - start,
        "images": len(wanted),
        "steps": len(wanted) * steps,
        "batch": BATCH,
        "sure": sure,
        "size": looks.size_px,
    }


def _noise(seed: int, size: int) -> torch.Tensor:
    noise = torch.randn(3, size, size, generator=torch.Generator().manual_seed(seed))
    return (0.5 + CONTRAST * noise).clamp(0, 1)


def _variation(pixels: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference of neighbors, summed over images."""
    across = (pixels[..., 1:] - pixels[..., :-1]).abs().mean((1, 2, 3))
    down = (pixels[..., 1:, :] - pixels[..., :-1, :]).abs().mean((1, 2, 3))
    return (across + down).sum()


if __name__ == "__main__":
    report(main)
