"""The page of `enxerto features` as one HTML file, in the looks of the report."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from enxerto.report.document import filled
from enxerto.report.feature_maps.contents import ChannelCard, FeatureMapsContents, LayerCard
from enxerto.report.wording import change, percent, quoted

_STARTS = {b"\x89PNG": "png", b"RIFF": "webp"}


@dataclass(frozen=True)
class LayerPictures:
    """What the page shows of a layer, as PNG or WebP files.

    Attributes:
        grids: headings and grids, the same channels at the same places.
        close_ups: of the channels that matter: their number, and their pictures with headings.
    """

    grids: tuple[tuple[str, bytes], ...]
    close_ups: tuple[tuple[int, tuple[tuple[str, bytes], ...]], ...]


@dataclass(frozen=True)
class PagePictures:
    """Every picture on the page.

    Attributes:
        photos: what the network looked at.
        layers: one a layer.
        filters: the first filters; empty where there are none.
        scale: the colors from far below zero to far above.
    """

    photos: tuple[bytes, ...]
    layers: tuple[LayerPictures, ...]
    filters: bytes
    scale: bytes


def render_feature_maps(contents: FeatureMapsContents, pictures: PagePictures) -> str:
    """Feature maps as HTML; the same contents and pictures give the same text."""
    return filled(
        "feature_maps.html.j2",
        contents=contents,
        pictures=pictures,
        sentence=_sentence(contents),
        compared=len(contents.photos) > 1,
        layers=[_shown(number, layer, shown, contents)
                for number, (layer, shown) in enumerate(zip(contents.layers, pictures.layers, strict=True), 1)],
        channels=sum(len(layer.channels) for layer in contents.layers),
        dead=_totals(layer.dead for layer in contents.layers),
        saturated=_totals(layer.saturated for layer in contents.layers),
        largest_change=max((layer.change or 0.0 for layer in contents.layers), default=0.0) or 1.0,
        url=_url,
    )  # fmt: skip


@dataclass(frozen=True)
class _Shown:
    """A layer as the page shows it."""

    key: str
    card: LayerCard
    grids: tuple[tuple[str, bytes], ...]
    close_ups: tuple[tuple[ChannelCard, str, tuple[tuple[str, bytes], ...]], ...]
    leading: str


def _shown(number: int, layer: LayerCard, pictures: LayerPictures, contents: FeatureMapsContents) -> _Shown:
    by_number = {channel.number: channel for channel in layer.channels}
    close_ups = tuple((by_number[channel], _figure(by_number[channel], contents.rank), shown)
                      for channel, shown in pictures.close_ups)  # fmt: skip
    first = layer.channels[0]
    leading = f"{first.number} ({_figure(first, contents.rank)})"
    return _Shown(f"layer-{number}", layer, pictures.grids, close_ups, leading)


def _figure(channel: ChannelCard, rank: str) -> str:
    """The figure that a channel is ranked by."""
    if rank == "effect":
        return change(channel.effects[0])
    return f"{channel.strengths[0] if rank == 'activation' else channel.change or 0.0:.3g}"


def _sentence(contents: FeatureMapsContents) -> str:
    """What the network sees, and what speaks most for it."""
    first = contents.photos[0]
    seen = f"{contents.backbone.name} sees {quoted(first.best[0][0])} ({percent(first.best[0][1])})"
    if len(contents.photos) > 1:
        second = contents.photos[1].best[0]
        return f"{seen} in the first photo and {quoted(second[0])} ({percent(second[1])}) in the second."
    layer = contents.layers[-1]
    last = f"{quoted(layer.name)}, the last layer drawn"
    best = max(layer.channels, key=lambda channel: channel.effects[0])
    if best.effects[0] <= 0:
        return f"{seen}. In {last}, no channel speaks for {quoted(contents.target)}."
    return (
        f"{seen}. In {last}, channel {best.number} speaks most for "
        f"{quoted(contents.target)}: without it, the score would fall by about {best.effects[0]:.2g}."
    )


def _totals(counts: Iterable[tuple[int, ...]]) -> str:
    """Sums over the layers, one for each photo."""
    return " / ".join(f"{sum(column):,}" for column in zip(*counts, strict=True))


def _url(picture: bytes) -> str:
    """A picture as a part of the page."""
    return f"data:image/{_STARTS[picture[:4]]};base64,{base64.b64encode(picture).decode()}"
