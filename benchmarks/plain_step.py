"""The rival of a step: the whole network in eager PyTorch, contiguous, fp32, AdamW, on pixels that are in memory."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import torch

from benchmarks.child import report
from benchmarks.plain_loop import loader
from enxerto.backbones import open_backbone

BATCH = 32
WARM_UP = 2


def main(photos: Path) -> dict[str, float]:
    """Photos learned from a second, the median of `STEPS` steps.

    With `BATCH_NORM=train` batch normalization is in training mode, as in most loops; else its statistics stay.
    """
    steps = int(os.environ["STEPS"])
    torch.manual_seed(0)
    network = open_backbone().network.requires_grad_(True)
    network.reset_classifier(2)
    network.train(os.environ.get("BATCH_NORM") == "train")
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4)
    batches = [batch for batch, _ in zip(loader(photos / "train", shuffle=True), range(WARM_UP + steps), strict=False)]
    seconds = []
    for pixels, labels in batches:
        start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(network(pixels), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append((time.perf_counter() - start) / len(labels))
    return {
        "rate": 1 / statistics.median(seconds[WARM_UP:]),
        "steps": len(seconds) - WARM_UP,
        "batch": BATCH,
        "warm_up": WARM_UP,
    }


if __name__ == "__main__":
    report(main)
