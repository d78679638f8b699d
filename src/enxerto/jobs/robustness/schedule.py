"""Which part of a report is measured next, so that whenever the time is over each has had its share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from enxerto.jobs.robustness.answers import CleanRecord
from enxerto.jobs.robustness.journal import Journal
from enxerto.jobs.robustness.photos import Album
from enxerto.jobs.robustness.sections import Section
from enxerto.progress import Progress
from enxerto.report.wording import seconds

FIRST_PHOTOS = 2
PIECE_S = 6.0
"""A piece of work should take about so long: it is what a kill loses, and by how much the time may be exceeded."""


class Schedule:
    """Sections that share the time: the next one is the one that has had least of its share.

    Every section goes through the photos in the same order, a piece at a time, and each piece is kept when it is done.

    Args:
        sections: to measure.
        album: the photos.
        clean: the answer for each photo of the album, as far as it was asked.
        candidates: numbers of the photos to measure, in order.
        journal: of what was measured.
        deadline: by `clock`.
        clock: in seconds.
    """

    def __init__(
        self,
        sections: Sequence[Section],
        album: Album,
        clean: Sequence[CleanRecord],
        candidates: Sequence[int],
        journal: Journal,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sections = sections
        self._album, self._journal, self._deadline, self._clock = album, journal, deadline, clock
        right = [number for number in candidates if clean[number].right]
        self._photos = {each.name: right if each.only_right else list(candidates) for each in sections}

    def of(self, section: Section) -> int:
        """How many photos a section has to measure."""
        return len(self._photos[section.name])

    def done(self, section: Section) -> int:
        """How many it has measured."""
        return len(self._journal.done(section.name) & set(self._photos[section.name]))

    def run(self, progress: Progress, after_piece: Callable[[], None]) -> bool:
        """Measure until all is done or the time is over.

        Args:
            progress: how to show it.
            after_piece: called after every piece of work.

        Returns:
            Whether Ctrl-C ended it.
        """
        shown, begun = 0, self._clock()
        try:
            with progress("robustness", math.ceil(max(0.0, self._left())), "s") as advance:
                while section := self._next():
                    self._measure(section)
                    passed = int(self._clock() - begun)
                    advance(passed - shown, self._note(section))
                    shown = passed
                    after_piece()
        except KeyboardInterrupt:
            return True
        return False

    def _note(self, section: Section) -> str:
        pace = f"{seconds(self._pace(section))} a photo"
        return f"{section.title}: {self.done(section)} of {self.of(section)} photos, {pace}"

    def _left(self) -> float:
        return self._deadline - self._clock()

    def _next(self) -> Section | None:
        """The section that has had least of its share of the time, of those that can be expected to end in time."""
        open_ = [each for each in self.sections if self._todo(each) and self._pace(each) < self._left()]
        return min(open_, key=lambda each: self._journal.seconds(each.name) / each.time, default=None)

    def _todo(self, section: Section) -> list[int]:
        done = self._journal.done(section.name)
        ready = self._journal.done(section.after) if section.after else None
        return [n for n in self._photos[section.name] if n not in done and (ready is None or n in ready)]

    def _pace(self, section: Section) -> float:
        """Seconds a photo so far; 0 before the first one."""
        return self._journal.seconds(section.name) / max(len(self._journal.done(section.name)), 1)

    def _size(self, section: Section) -> int:
        """Photos of the next piece: at most as many as so far, as photos may take much longer than the first ones."""
        most = min(section.most, max(FIRST_PHOTOS, len(self._journal.done(section.name))))
        pace = self._pace(section)
        return max(1, int(min(most, min(PIECE_S, self._left()) / pace))) if pace else most

    def _measure(self, section: Section) -> None:
        numbers = self._todo(section)[: self._size(section)]
        begun = self._clock()
        looked = self._album.look_at(numbers)
        records = section.measure(looked) if looked else ()
        self._journal.add(section.name, numbers, self._clock() - begun, records)
