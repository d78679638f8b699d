"""The parts of a robustness report, each of which measures some photos at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from enxerto.attack.norms import NORMS
from enxerto.attack.robustness import corruptions, curve, probe, smoothing, standard, transfer
from enxerto.attack.robustness.asking import Answers, asking
from enxerto.attack.robustness.records import NearestRecord
from enxerto.attack.subject import Subject
from enxerto.classifier import Classifier
from enxerto.errors import OptionError, UnknownNameError
from enxerto.jobs.robustness.journal import Journal
from enxerto.jobs.robustness.photos import Album, Looked, chunk_of

CURVES, AUTOATTACK, CORRUPTIONS, TRANSFER, CERTIFIED, MASKING = PARTS = (
    "curves", "autoattack", "corruptions", "transfer", "certified", "masking",
)  # fmt: skip
MOST_PHOTOS = 32
MOST_OF_AUTOATTACK = 2
"""Photos that withstand take a thousand times as long as others."""
_ORDER = (
    f"{CURVES}:linf", CORRUPTIONS, f"{AUTOATTACK}:linf", MASKING, TRANSFER, CERTIFIED, f"{CURVES}:l2",
    f"{AUTOATTACK}:l2", f"{CURVES}:l1", f"{CURVES}:l0",
)  # fmt: skip
"""What is measured first where there is time for little."""
_CURVE_TIME = {"linf": 6, "l2": 4, "l1": 2, "l0": 2}
_STANDARD_TIME = {"linf": 3, "l2": 2}
SIGMA, DRAWS, ALPHA = 0.25, 1000, 0.001
"""Of randomized smoothing: noise, noisy copies and the chance of a wrong promise."""


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        name: the part, and the norm where there is one for each: `curves:linf`.
        title: in words.
        time: its share of the time, by the sum of all.
        measure: records of some photos.
        only_right: photos that are wrong as they are say nothing here and are passed over.
        after: name of the section that has to come first for each photo; empty without one.
        most: photos at a time.
    """

    name: str
    title: str
    time: float
    measure: Callable[[list[Looked]], Sequence[Any]]
    only_right: bool = False
    after: str = ""
    most: int = MOST_PHOTOS


def chosen_parts(only: Sequence[str], norms: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts and norms that are wanted, each once and in their own order.

    Raises:
        UnknownNameError: there is no such part or norm.
        OptionError: nothing is left to measure.
    """
    for kind, known, given in (("part", PARTS, only), ("norm", NORMS, norms)):
        for name in given:
            if name not in known:
                raise UnknownNameError(kind, name, known)
    parts = tuple(part for part in PARTS if not only or part in only)
    chosen = tuple(norm for norm in NORMS if norm in norms)
    if not chosen:
        raise OptionError(f"`norms` must name at least one of {', '.join(NORMS)}")
    if parts == (AUTOATTACK,) and not set(chosen) & set(standard.RADII):
        raise OptionError(f"AutoAttack has standard radii in {' and '.join(standard.RADII)}, got {', '.join(chosen)}")
    return parts, chosen


def make_sections(
    classifier: Classifier,
    album: Album,
    journal: Journal,
    others: Callable[[], Mapping[str, Answers]],
    parts: Sequence[str],
    norms: Sequence[str],
    seed: int,
) -> list[Section]:
    """The sections of the parts wanted, those that say most first.

    Args:
        classifier: under attack.
        album: the photos.
        journal: of what was measured.
        others: makes the classifiers that the changed files are shown to; called once, when it is needed.
        parts: some of `PARTS`.
        norms: some of `enxerto.attack.norms.NORMS`.
        seed: of everything random.
    """
    subject = Subject(classifier.engine, len(classifier.classes))
    made = [_curve(subject, norm, seed) for norm in norms if CURVES in parts]
    if AUTOATTACK in parts:
        made += [_standard(subject, journal, norm, CURVES in parts, seed) for norm in norms if norm in standard.RADII]
    answers = asking(classifier)
    side = album.preprocessing.short_side_px
    made += [
        section
        for section in (
            Section(CORRUPTIONS, "ordinary mishaps", 2, partial(_corrupted, answers, side, seed)),
            Section(
                TRANSFER,
                "transfer to other networks",
                2,
                _Transferred(subject, others, seed),
                only_right=True,
            ),
            Section(CERTIFIED, "certified radii", 3, partial(_certified, subject, seed)),
            Section(MASKING, "signs of gradient masking", 3, partial(_probed, subject, seed), only_right=True),
        )
        if section.name in parts
    ]
    return sorted(made, key=lambda section: _ORDER.index(section.name))


def _curve(subject: Subject, norm: str, seed: int) -> Section:
    def measure(looked: list[Looked]) -> Sequence[Any]:
        return curve.measure(subject, chunk_of(looked), norm, seed=seed)[0]

    return Section(f"{CURVES}:{norm}", f"smallest changes in {norm}", _CURVE_TIME[norm], measure)


def _standard(subject: Subject, journal: Journal, norm: str, curves: bool, seed: int) -> Section:
    before = f"{CURVES}:{norm}" if curves else ""

    def measure(looked: list[Looked]) -> Sequence[Any]:
        nearest = journal.records(before, NearestRecord) if before else []
        return standard.measure(subject, chunk_of(looked), norm, standard.RADII[norm], nearest=nearest, seed=seed)

    return Section(f"{AUTOATTACK}:{norm}", f"AutoAttack in {norm}", _STANDARD_TIME[norm], measure, after=before,
                   most=MOST_OF_AUTOATTACK)  # fmt: skip


def _corrupted(answers: Answers, short_side_px: int, seed: int, looked: list[Looked]) -> Sequence[Any]:
    names, photos, labels = zip(*((each.name, each.photo, each.label) for each in looked), strict=True)
    return corruptions.measure(answers, names, photos, labels, short_side_px=short_side_px, seed=seed)


def _certified(subject: Subject, seed: int, looked: list[Looked]) -> Sequence[Any]:
    return smoothing.measure(subject, chunk_of(looked), sigma=SIGMA, draws=DRAWS, alpha=ALPHA, seed=seed)


def _probed(subject: Subject, seed: int, looked: list[Looked]) -> Sequence[Any]:
    return probe.measure(subject, chunk_of(looked), seed=seed)


class _Transferred:
    """Makes files that fool and shows them to others, which are opened when the first files are there."""

    def __init__(self, subject: Subject, others: Callable[[], Mapping[str, Answers]], seed: int) -> None:
        self._subject, self._open, self._seed = subject, others, seed
        self._others: Mapping[str, Answers] | None = None

    def __call__(self, looked: list[Looked]) -> Sequence[Any]:
        if self._others is None:
            self._others = self._open()
        chunk = chunk_of(looked)
        changed = transfer.sure_points(self._subject, chunk, seed=self._seed)
        squares, labels = [each.square for each in looked], [each.label for each in looked]
        return transfer.measure(self._others, chunk.names, squares, changed, labels)
