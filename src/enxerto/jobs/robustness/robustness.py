"""How easily a classifier is fooled, and by what: one report, measured within a budget of time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

from enxerto.attack.norms import NORMS
from enxerto.attack.robustness.asking import Answers
from enxerto.classifier import Classifier
from enxerto.data import Limits
from enxerto.errors import OptionError, UnknownNameError
from enxerto.jobs.fooling.fool import opened
from enxerto.jobs.provenance import versions
from enxerto.jobs.robustness.answers import CLEAN, CleanRecord, ask_all, measurable, require_something_right
from enxerto.jobs.robustness.journal import Journal
from enxerto.jobs.robustness.making import Making, Pages, RobustnessReport
from enxerto.jobs.robustness.others import open_others
from enxerto.jobs.robustness.output import JOURNAL, clear, require_writable
from enxerto.jobs.robustness.photos import Album, open_album
from enxerto.jobs.robustness.schedule import Schedule
from enxerto.jobs.robustness.sections import chosen_parts, make_sections
from enxerto.jobs.robustness.summing import Records
from enxerto.progress import Progress, silent

CLEAN_SHARE = 0.2
"""Of the time, at most, that asking about the photos as they are may take."""


def robustness(
    model: Classifier | str | Path,
    source: str | Path,
    output: str | Path | None = None,
    *,
    minutes: float = 5.0,
    norms: Sequence[str] = NORMS,
    only: Sequence[str] = (),
    label_pattern: str | None = None,
    device: str = "auto",
    offline: bool = False,
    resume: bool = False,
    force: bool = False,
    seed: int = 0,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> RobustnessReport:
    """Measure how easily a classifier is fooled: by the smallest changes, AutoAttack, ordinary mishaps and noise.

    All parts share the time and go through the photos in the same order, which is drawn by lot, so that whenever the
    time is over each figure rests on a sample of them. The report says on how many. What is measured of a photo doesn't
    depend on the time, nor on other photos. Ctrl-C ends it early, and what was measured is written and returned.

    Args:
        model: a classifier, the directory of a saved one, or the name of a backbone with ImageNet's 1,000 classes.
        source: labelled photos, as for `evaluate`; never changed. For ImageNet's classes folders may be named by
            WordNet ids, and a folder of files without folders by `n01514668_cock.JPEG`.
        output: directory for the page, `robustness.html`, its figures, `robustness.json`, and `robustness.jsonl`, which
            an interrupted report goes on from.
        minutes: for all of it.
        norms: of changes: some of `linf`, `l2`, `l1` and `l0`.
        only: some of `curves`, `autoattack`, `corruptions`, `transfer`, `certified` and `masking`; all by default.
        label_pattern: as for `train`.
        device: as for `open_engine`; not of a classifier that is handed in, as `offline`.
        offline: never download.
        resume: go on with the report at `output`; the time that it took counts.
        force: start anew in place of a report at `output`.
        seed: of everything random.
        limits: of bytes and pixels a photo.
        command: the command line to print on the page.
        progress: how to show progress.

    Raises:
        DataError: no photo can be read, or the classifier is right on none of them.
        OptionError: an option is impossible, the model is neither a directory nor a backbone, or the output is taken.
        UnknownNameError: there is no such norm or part, or a label that the classifier doesn't know.
        IntegrityError: the directory is no intact model, or the journal is damaged.
        StorageError: the output can't be written.
    """
    begun = time.monotonic()
    if not 0 < minutes < float("inf"):
        raise OptionError(f"`minutes` must be a number above 0, got {minutes}")
    parts, norms = chosen_parts(only, norms)
    limits, source = limits or Limits(), Path(source)
    target = None if output is None else Path(output)
    classifier, words, directory = _opened(model, device, offline)
    album, listed = open_album(classifier, source, label_pattern, seed, limits)
    if target is not None:
        require_writable(target, source, [photo.path for photo in album.photos], resume=resume, force=force)
        if not resume:
            clear(target)
    journal = Journal(None if target is None else target / JOURNAL, _identity(classifier, album, seed))
    spent = journal.seconds()
    deadline = begun + 60 * minutes - spent
    stopped = ask_all(classifier, album, journal, 60 * minutes * CLEAN_SHARE, progress)
    clean = journal.records(CLEAN, CleanRecord)
    require_something_right(clean, source)
    candidates = measurable(clean)

    def others() -> dict[str, Answers]:
        return open_others(classifier, directory, [album.photos[n].path for n in candidates], limits=limits, seed=seed)

    sections = make_sections(classifier, album, journal, others, parts, norms, seed)
    schedule = Schedule(sections, album, clean, candidates, journal, deadline)
    names = frozenset(clean[number].photo for number in candidates)
    made = Making(
        classifier, words, source, command or f"enxerto robustness {model} {source}", listed, clean, candidates,
        Records(journal, names, parts, norms), schedule, minutes, seed, limits, begun - spent,
    )  # fmt: skip
    pages = Pages(target, made)
    if not stopped:
        stopped = schedule.run(progress, pages.now_and_then)
    report = made.report(interrupted=stopped)
    pages.write(report)
    return report


def _opened(model: Classifier | str | Path, device: str, offline: bool) -> tuple[Classifier, str, Path | None]:
    """The classifier, what it is in words, and the directory that it was saved in."""
    if isinstance(model, Classifier):
        return *opened(model, "", device, offline), None
    if Path(model).exists():
        return *opened(model, "", device, offline), Path(model)
    try:
        return *opened(None, str(model), device, offline), None
    except UnknownNameError as error:
        raise OptionError(f"{model} is neither the directory of a saved model nor a backbone: {error}") from error


def _identity(classifier: Classifier, album: Album, seed: int) -> str:
    """Of everything that decides what is measured of a photo."""
    head = hashlib.sha256()
    for array in (classifier.head.weight, classifier.head.bias) if classifier.head is not None else ():
        head.update(array.tobytes())
    decisive = {
        "version": 1,
        "backbone": classifier.backbone.fingerprint,
        "head": head.hexdigest(),
        "classes": classifier.classes,
        "engine": classifier.engine.identity,
        "photos": album.identity,
        "seed": seed,
        "versions": versions(),
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
