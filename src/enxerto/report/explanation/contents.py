"""What the page of explanations is made of."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.report.contents import BackboneCard
from enxerto.visualize.attribution.explanation import Faithfulness, SanityCheck


@dataclass(frozen=True)
class MapCard:
    """One method's map of one photo, without its values.

    Attributes:
        method: one of the page's methods.
        faithfulness: its deletion and insertion scores; `None` where they weren't computed.
        random_weights: rank correlation with the map for random weights; `None` likewise.
    """

    method: str
    faithfulness: Faithfulness | None
    random_weights: float | None


@dataclass(frozen=True)
class NeighborCard:
    """A training photo near the one explained.

    Attributes:
        name: in the training folder.
        label: in training.
        similarity: cosine of the features, in [-1, 1].
    """

    name: str
    label: str
    similarity: float


@dataclass(frozen=True)
class ExplanationCard:
    """A photo explained.

    Attributes:
        name: of the photo.
        label: predicted.
        probability: of `label`.
        target: the class explained.
        target_probability: its probability.
        unfamiliar: it looks like none of the photos learned from.
        maps: one a method, in the order of the page's methods.
        chance: the scores of a smooth random map; `None` where nothing was scored.
        neighbors: the nearest photos learned from.
    """

    name: str
    label: str
    probability: float
    target: str
    target_probability: float
    unfamiliar: bool
    maps: tuple[MapCard, ...]
    chance: Faithfulness | None
    neighbors: tuple[NeighborCard, ...]


@dataclass(frozen=True)
class MethodCard:
    """A method of the page.

    Attributes:
        name: as typed.
        title: as shown.
        about: what it does, in a sentence.
        signed: its maps also say what speaks against the class.
        sanity: what came of the sanity check; `None` where it wasn't made.
    """

    name: str
    title: str
    about: str
    signed: bool
    sanity: SanityCheck | None


@dataclass(frozen=True)
class ExplanationContents:
    """Everything on the page of `enxerto explain`.

    Attributes:
        title: of the page: the name of the photo or folder.
        source: the photos as they were given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        model: what was asked, in words: a model's name, or a backbone with its ImageNet classes.
        backbone: its network.
        engine: what ran it.
        methods: in order.
        photos: explained.
        problems: name of each photo that couldn't be read, and why.
        notes: what couldn't be done, in sentences.
        seconds: wall-clock time by stage.
        versions: packages and their versions.
        seed: of random weights and random maps.
    """

    title: str
    source: str
    command: str
    created: str
    model: str
    backbone: BackboneCard
    engine: str
    methods: tuple[MethodCard, ...]
    photos: tuple[ExplanationCard, ...]
    problems: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    seconds: tuple[tuple[str, float], ...]
    versions: tuple[tuple[str, str], ...]
    seed: int
