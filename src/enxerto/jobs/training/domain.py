"""How far the photos are from ImageNet's, on a sample: by what the backbone's normalizations saw in training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone
from enxerto.data import PhotoSet
from enxerto.engines import Engine, open_engine
from enxerto.evaluation.results import Domain
from enxerto.features import extract, open_store
from enxerto.jobs.training.control import stratified_sample
from enxerto.jobs.training.settings import Settings
from enxerto.types import Images, Labels

PHOTOS = 64
NOISE_PICTURES = 16


def run_domain(
    backbone: Backbone, engine: Engine, photos: PhotoSet, labels: Labels, groups: NDArray[np.int64], settings: Settings
) -> Domain | None:
    """Measure the domain distance on at most 64 photos, the classes in turn.

    Args:
        backbone: with its pretrained weights.
        engine: that made its features; the moments are made by the same kind of engine, in fp32.
        photos: n readable photos.
        labels: theirs, shape (n,).
        groups: photos of one group are drawn together for the interval, shape (n,).
        settings: of the job.

    Returns:
        `None` where the backbone has no batch normalizations.
    """
    from enxerto.backbones.moments import seen_in_training, with_moments
    from enxerto.evaluation.domain import domain_distance

    measured = with_moments(backbone)
    if measured is None:
        return None
    chosen = stratified_sample(labels, PHOTOS, settings.seed)
    opened = open_engine(measured, device=engine.device)
    with open_store(opened, keep=settings.cache) as store:
        table = extract(photos.subset(chosen.tolist()), opened, store, limits=settings.limits)
        moments = table.matrix()
    seen = seen_in_training(backbone)
    return domain_distance(
        moments, opened.features(noise_pictures(backbone.preprocessing.size_px, settings.seed)), seen.mean,
        seen.variance, seen.layers, groups=np.unique(groups[chosen], return_inverse=True)[1], seed=settings.seed,
    )  # fmt: skip


def noise_pictures(size_px: int, seed: int) -> Images:
    """Every value of every pixel drawn on its own; uint8, shape (16, size_px, size_px, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (NOISE_PICTURES, size_px, size_px, 3), dtype=np.uint8)
