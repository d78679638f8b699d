"""What the classifier says of the photos as they are, which ones it knows, and which can't be read."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enxerto.classifier import Classifier
from enxerto.engines import Engine
from enxerto.errors import DataError, PhotoError
from enxerto.jobs.robustness.journal import Journal
from enxerto.jobs.robustness.photos import Album, Looked
from enxerto.progress import Progress

CLEAN = "clean"
PHOTOS_A_PIECE = 32


@dataclass(frozen=True)
class CleanRecord:
    """A photo as it is.

    Attributes:
        photo: its name.
        label: what it shows, a class index.
        answer: what the classifier says; -1 where it can't be read.
        learned: the classifier has learned from it.
        problem: why it can't be read; empty for others.
    """

    photo: str
    label: int
    answer: int
    learned: bool = False
    problem: str = ""

    @property
    def right(self) -> bool:
        """The answer is the label."""
        return self.answer == self.label


def ask(engine: Engine, album: Album, numbers: Sequence[int], learned: frozenset[bytes]) -> list[CleanRecord]:
    """Ask about photos as they are.

    Args:
        engine: of the classifier.
        album: the photos.
        numbers: which of them.
        learned: SHA-256 of what the classifier has learned from.
    """
    seen: list[Looked] = []
    records: dict[int, CleanRecord] = {}
    places: list[int] = []
    for number in numbers:
        try:
            seen.append(album.look(number))
            places.append(number)
        except PhotoError as error:
            problem = f"{error.detail} ({error.code})"
            records[number] = CleanRecord(album.photos[number].name, album.labels[number], -1, problem=problem)
    if seen:
        answers = engine.logits(np.stack([each.square for each in seen])).argmax(1)
        for number, each, answer in zip(places, seen, answers.tolist(), strict=True):
            records[number] = CleanRecord(each.name, each.label, answer, each.sha256 in learned)
    return [records[number] for number in numbers]


def measurable(records: Iterable[CleanRecord]) -> list[int]:
    """Places of the photos to measure: readable, and not learned from unless there are no others."""
    listed = list(records)
    readable = [place for place, record in enumerate(listed) if not record.problem]
    return [place for place in readable if not listed[place].learned] or readable


def ask_all(classifier: Classifier, album: Album, journal: Journal, most_s: float, progress: Progress) -> bool:
    """Ask about the photos as they are, as long as there is time for it.

    Args:
        classifier: whom to ask.
        album: the photos; those that the journal has are not asked about again.
        journal: gets the records.
        most_s: seconds after which no more photos are begun.
        progress: how to show it.

    Returns:
        Whether Ctrl-C ended it.
    """
    learned = frozenset(row.tobytes() for row in classifier.learned_from)
    numbers = range(len(journal.done(CLEAN)), len(album.photos))
    try:
        with progress("photos as they are", len(numbers)) as advance:
            for start in range(0, len(numbers), PHOTOS_A_PIECE):
                some = numbers[start : start + PHOTOS_A_PIECE]
                begun = time.monotonic()
                records = ask(classifier.engine, album, some, learned)
                journal.add(CLEAN, some, time.monotonic() - begun, records)
                advance(len(some))
                if journal.seconds(CLEAN) > most_s:
                    break
    except KeyboardInterrupt:
        return True
    return False


def require_something_right(clean: Sequence[CleanRecord], source: Path) -> None:
    """Raise a `DataError` when there is nothing to fool."""
    readable = [each for each in clean if not each.problem]
    if not readable:
        raise DataError(f"none of the {len(clean)} photos in {source} can be read; run: enxerto check {source}")
    if not any(clean[number].right for number in measurable(clean)):
        raise DataError(
            f"the model is right on none of {len(readable)} photos in {source}, so that there is nothing to fool; are "
            "their labels what it was trained for?"
        )
