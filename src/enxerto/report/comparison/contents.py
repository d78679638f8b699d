"""What the page of a comparison is made of: backbones on the same photos and the same machine."""

from __future__ import annotations

from dataclasses import dataclass

from enxerto.evaluation.results import Control, Domain, Interval, LayersTried, Scratch


@dataclass(frozen=True)
class Speed:
    """How a backbone ran on this machine, measured in a process of its own.

    Attributes:
        milliseconds: a photo, one photo an inference on one thread; the median of `repeats`.
        low: the lower quartile.
        high: the upper quartile.
        repeats: inferences timed.
        memory_bytes: what the process grew by, at its peak, to hold the network and answer; `None` where the system
            doesn't tell.
        learning_milliseconds: a photo, forward and backward through the stages that the default recipe tunes, in
            PyTorch on all processors; `None` where weights are random.
        measured: UTC, ISO 8601.
        disturbed: other programs kept the processors busy meanwhile, so that it may be faster.
    """

    milliseconds: float
    low: float
    high: float
    repeats: int
    memory_bytes: int | None
    learning_milliseconds: float | None
    measured: str
    disturbed: bool = False


@dataclass(frozen=True)
class Found:
    """What a head on the features of all photos made of them, answering for photos that it has not learned from.

    Attributes:
        accuracy: out of fold, or on the side held out.
        log_loss: likewise.
        behind: accuracy minus that of the best backbone, paired photo by photo; `None` for the best one itself.
        worse: the best makes fewer mistakes, or has a lower log loss, beyond noise.
    """

    accuracy: Interval
    log_loss: Interval
    behind: Interval | None
    worse: bool


@dataclass(frozen=True)
class ComparedBackbone:
    """One backbone.

    Attributes:
        name: as it was named; with `random:` before it where its weights are random ones.
        random: its weights are random: a stand-in for speed, memory and size, and a control for accuracy.
        origin: in words, where the weights came from.
        licence: of the weights.
        parameters: how many numbers it has.
        size_px: the side of the square it looks at.
        size_bytes: of its file of weights on this disk; four bytes a parameter where it has none.
        engine: what ran it, with its precision.
        sampled: photos of the sample that it was ranked on.
        score: transferability on them (LogME), higher is better; compares backbones ranked on as many photos only.
        sample: accuracy of the nearest class mean on the sample, each photo left out in turn.
        speed: on this machine.
        found: `None` where no head was solved on all photos.
        skipped: why not, in words; empty where one was.
        tuning_seconds: what fine-tuning it would take about, by an estimate; `None` where weights are random.
    """

    name: str
    random: bool
    origin: str
    licence: str
    parameters: int
    size_px: int
    size_bytes: int
    engine: str
    sampled: int
    score: float
    sample: Interval
    speed: Speed
    found: Found | None
    skipped: str
    tuning_seconds: float | None


@dataclass(frozen=True)
class Wishes:
    """Which backbone to take; names, of backbones with their own weights and a solved head.

    Attributes:
        best: the most accurate.
        fastest: the fastest of those that are not worse than it beyond noise, in accuracy or log loss.
        smallest: the smallest file of those.
    """

    best: str
    fastest: str
    smallest: str


@dataclass(frozen=True)
class TransferCard:
    """Whether transfer helps on these photos, for one backbone.

    Attributes:
        backbone: its name.
        control: against random weights; `None` where there was no time, or too few photos.
        domain: how far the photos are from ImageNet's; `None` where there was no time, or the backbone can't tell.
        scratch: against a small network trained from scratch; `None` where there was no time, or too few photos.
        layers: which layer's features transfer best; `None` where there was no time.
        missing: what there was no time for.
    """

    backbone: str
    control: Control | None
    domain: Domain | None
    scratch: Scratch | None
    layers: LayersTried | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class ComparisonContents:
    """Everything on the page of a comparison.

    Attributes:
        title: of the page.
        source: the photos as they were given.
        command: the command line that makes it again.
        created: UTC, ISO 8601.
        machine: processor and engine.
        processors: that may be used.
        protocol: how accuracy was measured, in words.
        classes: how many.
        evaluated: photos, never learned from.
        readable: photos that could be read, of all `listed`.
        listed: photos.
        unreadable: names of the others.
        entries: those with a solved head first, by accuracy; then the others, by score.
        left_out: backbones that could not take part at all, and why.
        wishes: which to take; `None` where only stand-ins took part.
        tuning: how the cost of fine-tuning was estimated, in words.
        minutes: the budget.
        seconds: by stage.
        versions: packages and their versions.
        seed: of everything random.
        transfer: whether transfer helps, for the best backbone; `None` where it wasn't asked for.
    """

    title: str
    source: str
    command: str
    created: str
    machine: str
    processors: int
    protocol: str
    classes: int
    evaluated: int
    readable: int
    listed: int
    unreadable: tuple[str, ...]
    entries: tuple[ComparedBackbone, ...]
    left_out: tuple[tuple[str, str], ...]
    wishes: Wishes | None
    tuning: str
    minutes: float
    seconds: tuple[tuple[str, float], ...]
    versions: tuple[tuple[str, str], ...]
    seed: int
    transfer: TransferCard | None = None
