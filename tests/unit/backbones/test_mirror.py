"""Looking at the mirror image, too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from tiny_networks import tiny_network

from enxerto.backbones import Backbone
from enxerto.engines import open_engine


def mirrored(backbone: Backbone) -> Backbone:
    seen = replace(backbone.preprocessing, mirror=True)
    return replace(backbone, entry=replace(backbone.entry, preprocessing=seen))


def test_features_are_the_mean_of_both_views() -> None:
    once = tiny_network()
    side = once.preprocessing.size_px
    pixels = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        straight, flipped = once.feature_network()(pixels), once.feature_network()(pixels.flip(3))
        both = mirrored(once).feature_network()(pixels)
    assert not torch.allclose(straight, flipped)
    torch.testing.assert_close(both, (straight + flipped) / 2)


def test_the_mirror_image_of_a_photo_has_the_same_features_on_every_engine() -> None:
    backbone = mirrored(tiny_network())
    side = backbone.preprocessing.size_px
    image = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    for device in ("openvino", "torch"):
        engine = open_engine(backbone, device=device)
        there, here = engine.features(image), engine.features(image[:, :, ::-1].copy())
        np.testing.assert_allclose(there, here, atol=1e-5)


def test_mirroring_has_features_of_its_own_in_the_cache() -> None:
    assert mirrored(tiny_network()).fingerprint != tiny_network().fingerprint
