"""The report of what was measured so far, at any time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enxerto.attack.robustness.figures import share_of
from enxerto.classifier import Classifier
from enxerto.data import Limits, PhotoSet
from enxerto.jobs.provenance import backbone_card, now, timed, versions
from enxerto.jobs.robustness.answers import CLEAN, CleanRecord
from enxerto.jobs.robustness.output import write_robustness
from enxerto.jobs.robustness.schedule import Schedule
from enxerto.jobs.robustness.summing import Records
from enxerto.report.robustness.contents import RobustnessContents, SectionCard
from enxerto.report.robustness.page import render_robustness
from enxerto.report.thumbnails import make_thumbnails
from enxerto.report.wording import count

PAGE_EVERY_S = 30.0


@dataclass(frozen=True)
class RobustnessReport:
    """What `robustness` returns.

    Attributes:
        contents: every figure, as the page shows it.
        html: the page.
    """

    contents: RobustnessContents
    html: str


@dataclass(frozen=True)
class Making:
    """All that a report is made of, at any time."""

    classifier: Classifier
    words: str
    source: Path
    command: str
    listed: PhotoSet
    clean: Sequence[CleanRecord]
    candidates: Sequence[int]
    records: Records
    schedule: Schedule
    minutes: float
    seed: int
    limits: Limits
    begun: float

    def report(self, *, interrupted: bool) -> RobustnessReport:
        """The report of what was measured so far."""
        contents = self._contents(interrupted)
        paths = {photo.name: photo.path for photo in self.listed.photos}
        shown = {card.name: paths[card.name] for card in (*contents.fragile, *contents.stubborn)}
        return RobustnessReport(contents, render_robustness(contents, make_thumbnails(shown, limits=self.limits)))

    def _contents(self, interrupted: bool) -> RobustnessContents:
        classifier = self.classifier
        fragile, stubborn = self.records.cards(classifier.classes)
        return RobustnessContents(
            title=self.source.resolve().name,
            source=str(self.source),
            command=self.command,
            created=now(),
            model=self.words,
            backbone=backbone_card(classifier.backbone),
            engine=f"{classifier.engine.name} {classifier.engine.precision}",
            classes=len(classifier.classes),
            size_px=classifier.preprocessing.size_px,
            photos=len(self.candidates),
            drawn=len(self.listed),
            unreadable=tuple((each.photo, each.problem) for each in self.clean if each.problem),
            clean=share_of(self.clean[number].right for number in self.candidates),
            measured=self.records.measured(),
            sections=self._sections(),
            leading=self.records.leading(),
            fragile=fragile,
            stubborn=stubborn,
            notes=self._notes(),
            minutes=self.minutes,
            seconds=timed(time.monotonic() - self.begun),
            interrupted=interrupted,
            versions=versions(),
            seed=self.seed,
        )

    def _sections(self) -> tuple[SectionCard, ...]:
        journal = self.records.journal
        clean = SectionCard(
            CLEAN, "answers for the photos as they are", len(self.clean), len(self.listed),
            timed(journal.seconds(CLEAN)),
        )  # fmt: skip
        others = (
            SectionCard(each.name, each.title, self.schedule.done(each), self.schedule.of(each),
                        timed(journal.seconds(each.name)))
            for each in self.schedule.sections
        )  # fmt: skip
        return (clean, *others)

    def _notes(self) -> tuple[str, ...]:
        readable = [each for each in self.clean if not each.problem]
        learned = sum(each.learned for each in readable)
        if learned == len(readable):
            return ("The model has learned from all of these photos: on new ones its accuracy is lower.",)
        if learned == 1:
            return ("One photo was left out, as the model has learned from it.",)
        if learned:
            return (f"{count(learned, 'photo')} were left out, as the model has learned from them.",)
        return ()


class Pages:
    """Writes the page while there is more to come, so that a kill leaves the last one."""

    def __init__(self, target: Path | None, made: Making) -> None:
        self._target, self._made, self._last = target, made, time.monotonic()

    def now_and_then(self) -> None:
        """Write the page when the last one is half a minute old."""
        if self._target is not None and time.monotonic() - self._last > PAGE_EVERY_S:
            self.write(self._made.report(interrupted=True))

    def write(self, report: RobustnessReport) -> None:
        """Write a page."""
        if self._target is not None:
            write_robustness(self._target, report.contents, report.html)
        self._last = time.monotonic()
