"""What the page of ideal images is made of."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.report.contents import BackboneCard
from enxerto.visualize.ideal.image import Opinion, Step


@dataclass(frozen=True)
class IdealCard:
    """An ideal image that lies in a file.

    Attributes:
        name: of the file without its ending; unique.
        file: its name, beside the page.
        sha256: of the file's content; empty when nothing was written.
        target: the class, or layer and channel in words.
        index: of the class; `None` where no class was wanted.
        seed: of everything random.
        networks: names of those that made it.
        variation: which value of the varied knob it has, e.g. `tv-weight 0.1`; empty where nothing was varied.
        side_px: width and height.
        steps: measured steps, the start first.
        stopped: why it ended, in words.
        seconds: that it took; images made together share their time equally.
        recipe: every knob with its value.
        opinions: of networks on the file as it was read back.
        film: name of its film's file; empty where there is none.
    """

    name: str
    file: str
    sha256: str
    target: str
    index: int | None
    seed: int
    networks: tuple[str, ...]
    variation: str
    side_px: int
    steps: tuple[Step, ...]
    stopped: str
    seconds: float
    recipe: tuple[tuple[str, str], ...]
    opinions: tuple[Opinion, ...]
    film: str = ""


@dataclass(frozen=True)
class IdealContents:
    """Everything on the page of `enxerto ideal`.

    Attributes:
        title: of the page.
        source: what was asked for, in words.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        backbones: of the networks that made the images.
        judges: of the networks that were asked and had no part in them.
        engine: what ran the makers.
        recipe: every knob of the recipe with its value, those that are varied left out.
        varied: the knob that differs from image to image; empty where there is none.
        start: what the images were made from.
        images: in the order in which they were asked for.
        missing: networks that should have been asked, with the reason why they weren't.
        counted: where a network has other classes: its name, the target, and which of its classes were counted as it.
        stoppers: names of verifiers that decided when to stop, and are therefore no independent judges.
        sheet: name of the contact sheet's file; empty when nothing was written.
        seconds: for everything.
        versions: packages and their versions.
        notes: what else a reader must know, in sentences.
        unfinished: how many images are missing because the run was interrupted.
    """

    title: str
    source: str
    command: str
    created: str
    backbones: tuple[BackboneCard, ...]
    judges: tuple[BackboneCard, ...]
    engine: str
    recipe: tuple[tuple[str, str], ...]
    varied: str
    start: str
    images: tuple[IdealCard, ...]
    missing: tuple[tuple[str, str], ...]
    counted: tuple[tuple[str, str, tuple[str, ...]], ...]
    stoppers: tuple[str, ...]
    sheet: str
    seconds: float
    versions: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    unfinished: int = 0
