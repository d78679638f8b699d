"""The rival of extraction: the same frozen backbone in eager PyTorch over a DataLoader, features only."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.child import report
from benchmarks.plain_loop import loader
from enxerto.backbones import open_backbone


def main(photos: Path) -> dict[str, float]:
    """Photos a second."""
    network = open_backbone().network
    start = time.perf_counter()
    with torch.no_grad():
        features = [
            network.forward_head(network.forward_features(pixels), pre_logits=True).numpy()
            for side in ("train", "test")
            for pixels, _ in loader(photos / side, shuffle=False)
        ]
    seconds = time.perf_counter() - start
    return {"rate": len(np.concatenate(features)) / seconds}


if __name__ == "__main__":
    report(main)
