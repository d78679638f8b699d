"""What the page of a lab is made of: the same photos, one classifier for each backbone."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.evaluation.results import Interval


@dataclass(frozen=True)
class LabEntry:
    """What one backbone made of it.

    Attributes:
        name: of the backbone.
        parameters: how many numbers it has.
        size_px: the side of the square it looks at.
        licence: of its weights.
        accuracy: on the photos evaluated.
        log_loss: likewise.
        behind: accuracy minus that of the best backbone, paired photo by photo; `None` for the best one itself.
        seconds: for everything, from the photos to the report; 0 where times were not wanted.
        model: where its model and its own report lie, relative to the page.
    """

    name: str
    parameters: int
    size_px: int
    licence: str
    accuracy: Interval
    log_loss: Interval
    behind: Interval | None
    seconds: float
    model: str


@dataclass(frozen=True)
class LabContents:
    """Everything on the page of a lab.

    Attributes:
        title: of the page.
        source: the list of photos as it was given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        protocol: what was evaluated, in words.
        classes: how many.
        evaluated: photos, never learned from.
        readable: photos that could be read, of all `listed`.
        listed: photos.
        entries: by accuracy, the best first.
        left_out: backbones that could not take part, and why.
        licence: of the photos, and whom to cite; empty where it is not known.
        versions: packages and their versions.
        seed: of everything random.
    """

    title: str
    source: str
    command: str
    created: str
    protocol: str
    classes: int
    evaluated: int
    readable: int
    listed: int
    entries: tuple[LabEntry, ...]
    left_out: tuple[tuple[str, str], ...]
    licence: str
    versions: tuple[tuple[str, str], ...]
    seed: int
