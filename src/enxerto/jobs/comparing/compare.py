"""Compare backbones on the user's photos and machine: `enxerto compare`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from enxerto.data import Limits, PhotoSet, list_photos, require_trainable
from enxerto.engines import Engine, describe, open_engine, processors
from enxerto.errors import DataError, OptionError
from enxerto.files import write_durably
from enxerto.jobs.comparing.candidates import Candidate, candidates
from enxerto.jobs.comparing.choosing import Cost, by_accuracy, found_of, wishes
from enxerto.jobs.comparing.deadline import OutOfTimeError, until
from enxerto.jobs.comparing.screening import ROUNDS, Screened, put_aside, sample_of, screen
from enxerto.jobs.comparing.solving import Answers, Material, answers, features_of_all
from enxerto.jobs.comparing.speed import speed_of
from enxerto.jobs.comparing.transfer import measure_transfer
from enxerto.jobs.comparing.tuning_cost import tuning_seconds, tuning_sentence
from enxerto.jobs.page_files import page_paths, require_free_page
from enxerto.jobs.provenance import Stopwatch, now, versions
from enxerto.jobs.training.settings import Settings as TrainingSettings
from enxerto.progress import Progress, silent
from enxerto.report import (
    ComparedBackbone,
    ComparisonContents,
    Speed,
    TransferCard,
    comparison_to_json,
    render_comparison,
)
from enxerto.report.wording import seconds as in_words

STEM = "comparison"


def compare(
    source: str | Path,
    output: str | Path | None = None,
    *,
    backbones: Sequence[str] = (),
    minutes: float = 10.0,
    label_pattern: str | None = None,
    folds: int = 5,
    transfer: bool = True,
    precision: str = "fp32",
    device: str = "auto",
    offline: bool = False,
    force: bool = False,
    cache: bool = True,
    seed: int = 0,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> ComparisonContents:
    """Measure backbones on a folder of photos and on this machine, and say which to take.

    Backbones are ranked on a sample first; one that another is better than beyond noise, and no slower, is put aside,
    and the page says so. Heads of the others are solved on all photos, the most promising first, while time lasts.

    Args:
        source: as for `train`.
        output: a directory for the page and its figures, or an HTML file; nothing is written when `None`.
        backbones: by name, `random:NAME` for random weights; all whose weights are on this machine when empty.
        minutes: for all of it.
        label_pattern: as for `train`.
        folds: of the cross-validation, where no split is given.
        transfer: also measure whether transfer helps, for the best backbone: against random weights and a small network
            trained from scratch, how far the photos are from ImageNet's, and which layer's features are best.
        precision: `fp32` or `bf16`.
        device: as for `train`.
        offline: never download.
        force: replace what is at `output`.
        cache: keep features and speeds for the next time.
        seed: of everything random.
        limits: of bytes and pixels a photo.
        command: the command line to print on the page.
        progress: how to show progress.

    Raises:
        UnknownNameError: there is no such backbone.
        OptionError: an impossible option, something is at `output`, or no head could be solved in so many minutes.
        DataError: nothing readable, one class only, or too few photos for a figure.
        WeightsMissingError: no backbone's weights are on this machine or can be fetched.
        EngineError: a backbone can't run on the device asked for.
        StorageError: the disk is full.
    """
    if not minutes > 0:
        raise OptionError(f"`minutes` must be more than 0, got {minutes:g}")
    target = None if output is None else Path(output)
    if target is not None:
        require_free_page(target, STEM, force=force)
    started = time.monotonic()
    progress = until(started + 60 * minutes, progress)
    run = _Run(Settings(precision, device, folds, cache, seed, limits, progress))
    with run.watch.stage("listing"):
        photos = list_photos(Path(source), label_pattern=label_pattern)
        require_trainable(photos, per_class=1)
    with run.watch.stage("backbones"):
        taking_part, left_out = candidates(backbones, offline=offline, seed=seed)
        run.open(taking_part)
    with suppress(OutOfTimeError):
        run.screen(photos)
        run.solve(photos, minutes)
    material = run.material
    if material is None:
        raise OptionError(
            f"--minutes {minutes:g} is not enough: {in_words(time.monotonic() - started)} went by before a head was "
            "solved; give more, or name fewer backbones (what was made so far is kept)"
        )
    for name in run.candidates:
        run.ms(name, photos)
    taken = wishes(
        {name: each for name, each in run.solved.items() if not run.candidates[name].random},
        {name: Cost(run.speeds[name].milliseconds, run.candidates[name].size_bytes) for name in run.solved},
    )
    contents = ComparisonContents(
        title=Path(source).resolve().name,
        source=str(source),
        command=command or f"enxerto compare {source}",
        created=now(),
        machine=describe(),
        processors=processors(),
        protocol=material.sides.protocol,
        classes=len(material.labelled.classes),
        evaluated=len(next(iter(run.solved.values())).names),
        readable=len(material.labelled.photos),
        listed=len(photos),
        unreadable=material.unreadable,
        entries=run.entries(),
        left_out=left_out,
        wishes=taken,
        tuning=tuning_sentence(material.sides),
        minutes=minutes,
        seconds=run.watch.seconds(),
        versions=versions(),
        seed=seed,
        transfer=run.transfer(taken.best, photos) if transfer and taken is not None else None,
    )
    if target is not None:
        page, record = page_paths(target, STEM)
        write_durably(record, comparison_to_json(contents))
        write_durably(page, render_comparison(contents).encode())
    return contents


@dataclass(frozen=True)
class Settings:
    """What every step needs to know; as `compare` takes them."""

    precision: str
    device: str
    folds: int
    cache: bool
    seed: int
    limits: Limits | None
    progress: Progress


class _Run:
    """What is known of each backbone so far, by name."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.watch = Stopwatch()
        self.candidates: dict[str, Candidate] = {}
        self.engines: dict[str, Engine] = {}
        self.screened: dict[str, Screened] = {}
        self.speeds: dict[str, Speed] = {}
        self.solved: dict[str, Answers] = {}
        self.skipped: dict[str, str] = {}
        self.material: Material | None = None

    def open(self, taking_part: Sequence[Candidate]) -> None:
        """Open an engine each."""
        for each in taking_part:
            self.candidates[each.name] = each
            self.engines[each.name] = open_engine(
                each.backbone, device=self.settings.device, precision=self.settings.precision
            )

    def screen(self, photos: PhotoSet) -> None:
        """Rank all on a few photos, then what is promising on more."""
        settings, remaining = self.settings, list(self.candidates)
        for size, per_class in ROUNDS:
            sample = sample_of(photos, size, per_class, settings.seed)
            with self.watch.stage("sample"):
                for name in remaining:
                    self.screened[name] = screen(
                        self.engines[name], sample, keep=settings.cache, limits=settings.limits,
                        progress=settings.progress,
                    )  # fmt: skip
            aside = put_aside({name: self.screened[name] for name in remaining}, partial(self.ms, photos=photos))
            self.skipped |= aside
            remaining = [name for name in remaining if name not in aside]

    def solve(self, photos: PhotoSet, minutes: float) -> None:
        """Solve heads, the most promising backbone first, as long as there is time."""
        settings = self.settings
        promising = sorted(set(self.candidates) - set(self.skipped), key=lambda name: -self.screened[name].score)
        for place, name in enumerate(promising):
            try:
                with self.watch.stage("features"):
                    features, material = features_of_all(
                        self.engines[name], photos, folds=settings.folds, seed=settings.seed, keep=settings.cache,
                        limits=settings.limits, progress=settings.progress,
                    )  # fmt: skip
            except OutOfTimeError:
                self.skipped |= dict.fromkeys(promising[place:], f"the {minutes:g} minutes were over")
                break
            with self.watch.stage("heads"):
                found = answers(features, material, settings.seed)
            if self.material is not None and self.material.unreadable != material.unreadable:
                raise DataError("the photos have changed while backbones were compared; compare them again")
            self.material, self.solved[name] = material, found

    def transfer(self, name: str, photos: PhotoSet) -> TransferCard:
        """Whether transfer helps, with the features of one of the backbones that a head was solved for."""
        own = self.settings
        settings = TrainingSettings(None, 0.95, own.cache, own.seed, own.limits, own.progress)
        try:
            features, material = features_of_all(
                self.engines[name], photos, folds=own.folds, seed=own.seed, keep=own.cache, limits=own.limits,
                progress=own.progress,
            )  # fmt: skip
        except OutOfTimeError:
            return TransferCard(name, None, None, None, None, ("anything",))
        return measure_transfer(
            name, self.engines[name], features, material, self.solved[name], settings, self.watch
        )  # fmt: skip

    def ms(self, name: str, photos: PhotoSet) -> float:
        """Milliseconds a photo, measured when they are first asked for."""
        if name not in self.speeds:
            with self.watch.stage("speed"):
                self.speeds[name] = speed_of(
                    self.candidates[name], self.engines[name], photos, keep=self.settings.cache,
                    seed=self.settings.seed, limits=self.settings.limits,
                )  # fmt: skip
        return self.speeds[name].milliseconds

    def entries(self) -> tuple[ComparedBackbone, ...]:
        """Rows of the page: those solved by accuracy, then the others by score."""
        order = by_accuracy(self.solved)
        others = sorted(self.skipped, key=lambda name: -self.screened[name].score)
        return tuple(self._entry(name, self.solved[order[0]]) for name in [*order, *others])

    def _entry(self, name: str, best: Answers) -> ComparedBackbone:
        candidate, engine, screened = self.candidates[name], self.engines[name], self.screened[name]
        solved, speed = self.solved.get(name), self.speeds[name]
        assert self.material is not None
        return ComparedBackbone(
            name=name,
            random=candidate.random,
            origin=candidate.backbone.origin,
            licence=candidate.backbone.entry.licence,
            parameters=candidate.backbone.parameters,
            size_px=candidate.backbone.preprocessing.size_px,
            size_bytes=candidate.size_bytes,
            engine=f"{engine.name} {engine.precision}",
            sampled=screened.photos,
            score=screened.score,
            sample=screened.accuracy,
            speed=speed,
            found=None if solved is None else found_of(solved, best),
            skipped=self.skipped.get(name, ""),
            tuning_seconds=tuning_seconds(speed, self.material.sides),
        )
