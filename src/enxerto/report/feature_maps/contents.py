"""What the page of feature maps is made of."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.report.contents import BackboneCard


@dataclass(frozen=True)
class SeenPhoto:
    """A photo whose feature maps were taken.

    Attributes:
        name: of its file, as it was given.
        width: of the upright photo.
        height: of the upright photo.
        best: the most probable classes with their probabilities, the first one first.
        probability: of the class that effects are on.
    """

    name: str
    width: int
    height: int
    best: tuple[tuple[str, float], ...]
    probability: float


@dataclass(frozen=True)
class ChannelCard:
    """A channel; what there is one of for each photo stands in their order.

    Attributes:
        number: counted from 0.
        strengths: mean magnitude over the positions.
        low: smallest value over all photos.
        peak: largest value over all photos.
        effects: on the logit of the class.
        dead: constant, or held back by the layer's activation function everywhere.
        saturated: at its top at half of the positions.
        change: mean magnitude of the difference between two photos; `None` of one.
    """

    number: int
    strengths: tuple[float, ...]
    low: float
    peak: float
    effects: tuple[float, ...]
    dead: tuple[bool, ...]
    saturated: tuple[bool, ...]
    change: float | None


@dataclass(frozen=True)
class LayerCard:
    """A layer whose channels were drawn.

    Attributes:
        name: of the module.
        kind: its class.
        shape: in words, e.g. `64 × 56 × 56`.
        activation: the activation function that it ends with, `None` where there is none to be seen.
        file: the grid's file, beside the page.
        scale: how to read its colors, in a sentence.
        dead: channels, on each photo.
        saturated: channels, on each photo.
        zeros: share of all values that are exactly zero, on each photo.
        change: size of the difference between two photos relative to the first one's maps; `None` of one.
        channels: in order.
    """

    name: str
    kind: str
    shape: str
    activation: str | None
    file: str
    scale: str
    dead: tuple[int, ...]
    saturated: tuple[int, ...]
    zeros: tuple[float, ...]
    change: float | None
    channels: tuple[ChannelCard, ...]


@dataclass(frozen=True)
class FeatureMapsContents:
    """Everything on the page of `enxerto features`.

    Attributes:
        title: of the page.
        source: the photos as they were given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        backbone: the network.
        own_head: the classes are those of a head trained here, not the backbone's own.
        target: the class that effects are on.
        asked: somebody chose that class; otherwise it is the first photo's most probable one.
        rank: what channels are ordered by: `effect`, `activation` or `difference`.
        order: that in words.
        scale: `channel` or `layer`.
        photos: one, or two that are compared.
        layers: in the order in which they run.
        filters: name of the first convolution; empty where there is none to draw.
        filter_count: how many filters it has.
        seconds: wall-clock time by stage, in order.
        versions: packages and their versions.
    """

    title: str
    source: str
    command: str
    created: str
    backbone: BackboneCard
    own_head: bool
    target: str
    asked: bool
    rank: str
    order: str
    scale: str
    photos: tuple[SeenPhoto, ...]
    layers: tuple[LayerCard, ...]
    filters: str
    filter_count: int
    seconds: tuple[tuple[str, float], ...]
    versions: tuple[tuple[str, str], ...]
