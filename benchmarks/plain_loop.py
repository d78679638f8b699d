"""The rival: what tutorials do. A frozen backbone in a DataLoader, Adam on a new last layer, two epochs, then the test.

The backbone runs in evaluation mode with its gradients off, which is this loop's best form: in training mode its batch
normalization drifts and it gets slower and worse.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch
import torchvision
from torchvision import transforms

from benchmarks.child import report
from enxerto.backbones import open_backbone

EPOCHS = 2
BATCH = 32


def transform() -> transforms.Compose:
    """Resize, crop and normalize as the backbone was trained."""
    backbone = open_backbone().preprocessing
    return transforms.Compose([
        transforms.Resize(256, interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.CenterCrop(backbone.size_px),
        transforms.ToTensor(),
        transforms.Normalize(backbone.mean, backbone.std),
    ])  # fmt: skip


def loader(folder: Path, *, shuffle: bool) -> torch.utils.data.DataLoader:
    """Two worker processes, as many as this machine has cores."""
    photos = torchvision.datasets.ImageFolder(str(folder), transform())
    return torch.utils.data.DataLoader(photos, BATCH, shuffle=shuffle, num_workers=2)


def main(photos: Path) -> dict[str, float]:
    """Seconds from the folder to the tested model, and its accuracy."""
    torch.manual_seed(int(os.environ.get("SEED", "0")))
    start = time.perf_counter()
    network = open_backbone().network  # evaluation mode, frozen
    network.reset_classifier(len(torchvision.datasets.ImageFolder(str(photos / "train")).classes))
    optimizer = torch.optim.Adam(network.get_classifier().parameters(), 1e-3)
    for _ in range(EPOCHS):
        for pixels, labels in loader(photos / "train", shuffle=True):
            loss = torch.nn.functional.cross_entropy(network(pixels), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    right = total = 0
    with torch.no_grad():
        for pixels, labels in loader(photos / "test", shuffle=False):
            right += int((network(pixels).argmax(1) == labels).sum())
            total += len(labels)
    return {"seconds": time.perf_counter() - start, "accuracy": right / total, "photos": total}


if __name__ == "__main__":
    report(main)
