"""What the page of attacked photos is made of."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.attack.file.verify import Change, Survival
from enxerto.report.contents import BackboneCard


@dataclass(frozen=True)
class AttackCard:
    """A photo attacked.

    Attributes:
        name: of the photo.
        width: in pixels.
        height: in pixels.
        label: what it shows.
        label_given: somebody has said so; else it is what the model says.
        target: the class that should be predicted; `None` for any but the label.
        fooled: the file, read back, is predicted as it should be.
        classes: (class, probability before, probability after), the most probable after first; after is 0 without a
            file.
        change: between the photo and the file; `None` without one.
        survival: by transform.
        file: name of the PNG; empty without one.
        forwards: photos answered in the search.
        backwards: photos differentiated in the search.
        seconds: of search and check.
    """

    name: str
    width: int
    height: int
    label: str
    label_given: bool
    target: str | None
    fooled: bool
    classes: tuple[tuple[str, float, float], ...]
    change: Change | None
    survival: tuple[Survival, ...]
    file: str
    forwards: int
    backwards: int
    seconds: float

    @property
    def before(self) -> tuple[str, float]:
        """The answer for the photo."""
        return max(((name, before) for name, before, _ in self.classes), key=lambda pair: pair[1])

    @property
    def after(self) -> tuple[str, float]:
        """The answer for the file."""
        return self.classes[0][0], self.classes[0][2]


@dataclass(frozen=True)
class AttackContents:
    """Everything on the page of `enxerto attack`.

    Attributes:
        title: of the page: the name of the photo or folder.
        source: the photos as they were given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        model: what was attacked, in words.
        backbone: its network.
        engine: what ran it.
        norm: that was kept small.
        budget: as typed; `None` where the smallest change was looked for.
        confidence: least probability of the wrong class.
        photos: attacked.
        problems: name of each photo that couldn't be attacked, and why.
        unreadable: how many of those couldn't be read.
        notes: what is to be known, in sentences.
        seconds: wall-clock time by stage.
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
    norm: str
    budget: str | None
    confidence: float
    photos: tuple[AttackCard, ...]
    problems: tuple[tuple[str, str], ...]
    unreadable: int
    notes: tuple[str, ...]
    seconds: tuple[tuple[str, float], ...]
    versions: tuple[tuple[str, str], ...]
    seed: int

    @property
    def fooled(self) -> int:
        """How many photos fool."""
        return sum(photo.fooled for photo in self.photos)


@dataclass(frozen=True)
class VerifiedContents:
    """What `enxerto attack --verify` says of a file.

    Attributes:
        file: as given.
        original: as given; `None` without one.
        model: what was asked, in words.
        label: what the photo shows; `None` where neither the original nor anybody says so.
        target: that was asked for; `None` for any class but the label.
        confidence: least probability that was asked for.
        fools: whether the file is predicted as it should be; `None` where nothing tells what it should be.
        classes: (class, probability of the original or `None`, probability of the file), the most probable first.
        change: between the original and the file; `None` without an original.
        survival: by transform.
    """

    file: str
    original: str | None
    model: str
    label: str | None
    target: str | None
    confidence: float
    fools: bool | None
    classes: tuple[tuple[str, float | None, float], ...]
    change: Change | None
    survival: tuple[Survival, ...]
