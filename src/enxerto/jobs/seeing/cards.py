"""Feature maps as the record that the page is made of, the JSON file holds and the terminal shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.data.decode import DecodedPhoto
from enxerto.report.feature_maps.contents import ChannelCard, LayerCard, SeenPhoto
from enxerto.visualize.feature_maps import FeatureMaps, LayerMaps
from enxerto.visualize.render.legend import scale_words

MOST_ANSWERS = 5


def seen_photo(path: Path, photo: DecodedPhoto, probabilities: NDArray[np.float64], maps: FeatureMaps) -> SeenPhoto:
    """A photo with the network's answers."""
    best = np.argsort(-probabilities, kind="stable")[:MOST_ANSWERS]
    return SeenPhoto(
        name=path.name,
        width=photo.width,
        height=photo.height,
        best=tuple((maps.classes[index], float(probabilities[index])) for index in best),
        probability=float(probabilities[maps.target]),
    )


def layer_card(layer: LayerMaps, file: str, scale: str) -> LayerCard:
    """A layer with every channel."""
    channels = layer.channels
    return LayerCard(
        name=layer.layer.name,
        kind=layer.layer.kind,
        shape=layer.layer.shape,
        activation=layer.layer.activation,
        file=file,
        scale=scale_words(layer, scale),
        dead=tuple(channels.dead.sum(1).tolist()),
        saturated=tuple(channels.saturated.sum(1).tolist()),
        zeros=tuple(channels.zeros.tolist()),
        change=layer.change,
        channels=tuple(_channel_card(layer, number) for number in channels.order.tolist()),
    )


def _channel_card(layer: LayerMaps, number: int) -> ChannelCard:
    channels = layer.channels
    return ChannelCard(
        number=number,
        strengths=tuple(channels.strengths[:, number].tolist()),
        low=float(channels.lows[:, number].min()),
        peak=float(channels.peaks[:, number].max()),
        effects=tuple(channels.effects[:, number].tolist()),
        dead=tuple(channels.dead[:, number].tolist()),
        saturated=tuple(channels.saturated[:, number].tolist()),
        change=None if channels.changes is None else float(channels.changes[number]),
    )
