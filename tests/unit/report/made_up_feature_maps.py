"""A made-up page of feature maps, and its pictures."""

from __future__ import annotations

from io import BytesIO

import made_up_reports as made_up
from PIL import Image

from enxerto.report import FeatureMapsContents, LayerPictures, PagePictures
from enxerto.report.feature_maps.contents import ChannelCard, LayerCard, SeenPhoto
from enxerto.visualize.render.legend import RANKED


def picture() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    return buffer.getvalue()


def feature_maps(photos: int = 1, rank: str = "effect") -> FeatureMapsContents:
    """Two layers of three channels."""
    both = range(photos)
    change = 0.25 if photos > 1 else None
    none, some, half = (tuple(value for _ in both) for value in (0, 1, 0.5))
    channels = tuple(
        ChannelCard(
            number,
            strengths=tuple(1.5 for _ in both),
            low=0.0,
            peak=3.0,
            effects=tuple(effect for _ in both),
            dead=tuple(number == 1 for _ in both),
            saturated=tuple(False for _ in both),
            change=change,
        )
        for number, effect in ((2, 0.75), (0, -0.5), (1, 0.0))
    )
    layers = tuple(
        LayerCard(name, "Block", "3 × 4 × 4", "ReLU", f"{name}.png", "Scale.", some, none, half, change, channels)
        for name in ("block.1", "block.2")
    )
    seen = tuple(SeenPhoto(f"cat{i}.png", 40, 30, (("tabby", 0.9), ("lynx", 0.05)), 0.01) for i in both)
    return FeatureMapsContents(
        "cat0.png", "cat0.png", "enxerto features cat0.png", "2026-01-31T12:00:00+00:00", made_up.tricks().backbone,
        False, "Siamese cat", True, rank, RANKED[rank], "channel", seen, layers, "conv1", 16, (("network", 0.5),),
        (("python", "3.11"),),
    )  # fmt: skip


def feature_pictures(contents: FeatureMapsContents, grids: int | None = None) -> PagePictures:
    shown = (("map", picture()), ("photo", picture()))
    count = grids or (1 if len(contents.photos) == 1 else 3)
    layer = LayerPictures(tuple((f"grid {i}", picture()) for i in range(count)), ((2, shown), (0, shown)))
    return PagePictures((picture(),) * len(contents.photos), (layer,) * 2, picture(), picture())
