"""Extraction: cold and warm rates, how well decoding and inference overlap, and agreement with PyTorch."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import timm  # noqa: F401 - start-up is not counted
import torch  # noqa: F401 - start-up is not counted

from benchmarks.child import report
from enxerto.backbones import open_backbone
from enxerto.data import Photo, decode, list_photos, read_bytes
from enxerto.engines import open_engine
from enxerto.features import extract, open_store


def main(photos: Path) -> dict[str, object]:
    """Rates in photos a second, in the precision that `PRECISION` names."""
    backbone = open_backbone(os.environ.get("BACKBONE", "efficientnet_lite0"))
    engine = open_engine(backbone, precision=os.environ.get("PRECISION", "fp32"))
    listed = list_photos(photos)
    preprocessing = backbone.preprocessing

    def image(photo: Photo) -> np.ndarray:
        data = read_bytes(photo.path)
        return preprocessing.image(decode(data, short_side_px=preprocessing.short_side_px).image)

    sample = np.stack([image(photo) for photo in listed.photos[:256]])
    engine.features(sample[:8])
    decode_only = _rate(image, listed.photos, engine.workers)
    network_only = _rate(lambda i: engine.features(sample[i : i + 1]), range(len(sample)), engine.workers)
    with open_store(engine) as store:
        start = time.perf_counter()
        extract(listed, engine, store)
        cold = time.perf_counter() - start
        start = time.perf_counter()
        table = extract(listed, engine, store)
        table.matrix()
        warm = time.perf_counter() - start
    reference = open_engine(backbone, device="torch").features(sample[:64])
    ours = engine.features(sample[:64])
    cosine = (ours * reference).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(reference, axis=1)
    return {
        "engine": f"{engine.name} {engine.precision}",
        "rate": len(listed) / cold,
        "cold_seconds": cold,
        "warm_seconds": warm,
        "decode_only": decode_only,
        "network_only": network_only,
        "smallest_cosine_to_torch": float(cosine.min()),
    }


def _rate(work: Callable[..., object], items: object, workers: int) -> float:
    """Items a second with `workers` threads, the faster of two passes."""
    rates = []
    for _ in range(2):
        with ThreadPoolExecutor(workers) as pool:
            start = time.perf_counter()
            count = sum(1 for _ in pool.map(work, items, chunksize=8))
            rates.append(count / (time.perf_counter() - start))
    return max(rates)


if __name__ == "__main__":
    report(main)
