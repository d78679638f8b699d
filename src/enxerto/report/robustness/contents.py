"""What the page of a robustness report is made of."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.attack.robustness.results import Robustness, Share
from enxerto.report.contents import BackboneCard


@dataclass(frozen=True)
class SectionCard:
    """How far a part of the report got in the time that there was.

    Attributes:
        name: as `--only` takes it; with the norm, where there is one for each.
        title: in words.
        photos: that it was measured on.
        of: how many there are to measure.
        seconds: that it took; 0 where times were not wanted.
    """

    name: str
    title: str
    photos: int
    of: int
    seconds: float


@dataclass(frozen=True)
class PhotoCard:
    """A photo by how small a change fools.

    Attributes:
        name: of the photo.
        label: what it shows.
        answer: what the classifier says of it after the change; the label where nothing that fools was found.
        sizes: norm and size of the smallest change in it, in grey levels (`l0`: pixels); `None` where none was found.
    """

    name: str
    label: str
    answer: str
    sizes: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class RobustnessContents:
    """Everything on the page of `enxerto robustness`.

    Attributes:
        title: of the page: the name of the photos' folder.
        source: the photos as they were given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        model: what was attacked, in words.
        backbone: its network.
        engine: what ran it.
        classes: how many.
        size_px: side of the square that the network sees, where all changes are measured.
        photos: readable ones that were asked about.
        drawn: photos that there are, the readable ones and the others.
        unreadable: name of each photo that couldn't be read, and why.
        clean: how many of the photos are right as they are.
        measured: all that was measured.
        sections: how far each part got.
        leading: the norm that photos are ordered by; empty where no smallest change was looked for.
        fragile: right photos that the smallest changes fool, the smallest first.
        stubborn: right photos that take the largest changes, or that nothing was found for, those first.
        notes: what is to be known, in sentences.
        minutes: allowed.
        seconds: that it took, over all runs; 0 where times were not wanted.
        interrupted: it was ended early.
        versions: packages and their versions.
        seed: of everything random.
    """

    title: str
    source: str
    command: str
    created: str
    model: str
    backbone: BackboneCard
    engine: str
    classes: int
    size_px: int
    photos: int
    drawn: int
    unreadable: tuple[tuple[str, str], ...]
    clean: Share
    measured: Robustness
    sections: tuple[SectionCard, ...]
    leading: str
    fragile: tuple[PhotoCard, ...]
    stubborn: tuple[PhotoCard, ...]
    notes: tuple[str, ...]
    minutes: float
    seconds: float
    interrupted: bool
    versions: tuple[tuple[str, str], ...]
    seed: int
