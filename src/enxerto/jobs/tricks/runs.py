"""Runs with and without each training trick, as many as the time allows, and what the tricks do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import DataError
from enxerto.evaluation.effects import paired_effect
from enxerto.evaluation.metrics import log_losses
from enxerto.evaluation.results import TrickEffect
from enxerto.heads.calibration import softmax
from enxerto.jobs.tricks.log import Run, RunLog
from enxerto.progress import Advance, Progress
from enxerto.tuning import Recipe, Surroundings
from enxerto.tuning.trials import Trials
from enxerto.tuning.tricks import Variant

DEFAULT = ""
FORESEEN_AFTER = 0.1
"""A run that has done such a share of its work, and will not end in time, is given up."""


class _OutOfTimeError(Exception):
    """A run would take longer than there is time."""


@dataclass
class TrickRuns:
    """The default recipe and every setting under the same seeds.

    The default comes first, then every setting once, then the default with the next seed, and so on. A setting that
    would take longer than there is time is passed over, and the comparison ends when the default would. Only the very
    first run is done whatever it takes.

    Args:
        trials: runs them.
        recipe: the default.
        variants: the settings.
        seeds: of the runs.
        around: where they run.
        log: keeps them; those that it has are not done again.
        deadline: by `time.monotonic`.
    """

    trials: Trials
    recipe: Recipe
    variants: Sequence[Variant]
    seeds: Sequence[int]
    around: Surroundings
    log: RunLog
    deadline: float
    interrupted: bool = False
    problems: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Do what can be done in the time left. Ctrl-C ends it, once the default was measured.

        Raises:
            DataError: the photos can't be learned from.
            StorageError: the disk is full.
        """
        first = self.find(DEFAULT, self.seeds[0]) or self._measure(DEFAULT, self.recipe, self.seeds[0], self.around)
        wanted = [(DEFAULT, self.recipe), *((variant.setting, variant.recipe) for variant in self.variants)]
        todo = [(*each, seed) for seed in self.seeds for each in wanted if self.find(each[0], seed) is None]
        in_time = int(max(0.0, self._left()) / max(first.seconds, 1e-3))
        try:
            with self.around.progress("comparing tricks", min(len(todo), in_time), "runs") as advance:
                for setting, recipe, seed in todo:
                    if self._expected(setting, recipe) <= self._left():
                        self._try(setting, recipe, seed, advance)
                    if self.find(DEFAULT, seed) is None:
                        break
        except KeyboardInterrupt:
            self.interrupted = True

    def find(self, setting: str, seed: int) -> Run | None:
        """The run of a setting under a seed, if it was done."""
        return next((run for run in self.log.runs if (run.setting, run.seed) == (setting, seed)), None)

    def of(self, setting: str) -> list[Run]:
        """The runs of a setting."""
        return [run for run in self.log.runs if run.setting == setting]

    def right(self) -> NDArray[np.float64]:
        """Whether each run of the default recipe told each photo right, float64, shape (runs, photos)."""
        return np.array([run.right for run in self.of(DEFAULT)], dtype=np.float64)

    def effects(self, groups: NDArray[np.int64]) -> tuple[TrickEffect, ...]:
        """What every setting does that was measured.

        Args:
            groups: of the unseen photos, int64, shape (photos,).
        """
        return tuple(self._effect(variant, groups) for variant in self.variants if self.of(variant.setting))

    def unmeasured(self) -> tuple[str, ...]:
        """Settings that the time was too short for."""
        return tuple(
            variant.setting
            for variant in self.variants
            if not self.of(variant.setting) and variant.setting not in self.problems
        )

    def at_start(self) -> tuple[str, ...]:
        """Settings of which no run ever got better than its start; the default recipe by name."""
        settings = [DEFAULT, *(variant.setting for variant in self.variants)]
        runs = {setting: self.of(setting) for setting in settings}
        return tuple(
            setting or "the default recipe"
            for setting in settings
            if runs[setting] and all(run.at_start for run in runs[setting])
        )

    def _effect(self, variant: Variant, groups: NDArray[np.int64]) -> TrickEffect:
        default = {run.seed: run for run in self.of(DEFAULT)}
        pairs = [(run, default[run.seed]) for run in self.of(variant.setting)]
        right = np.array([np.subtract(new.right, old.right, dtype=np.float64) for new, old in pairs])
        losses = np.array([np.subtract(new.losses, old.losses) for new, old in pairs])
        seconds = [sum(run.seconds for run in runs) for runs in zip(*pairs, strict=True)]
        return TrickEffect(
            name=variant.name,
            setting=variant.setting,
            default=variant.default,
            about=variant.about,
            accuracy=paired_effect(right.T, groups, shares=True),
            log_loss=paired_effect(losses.T, groups),
            seeds=len(pairs),
            seconds=seconds[0] / len(pairs),
            seconds_ratio=seconds[0] / seconds[1],
        )

    def _try(self, setting: str, recipe: Recipe, seed: int, advance: Advance) -> None:
        """Do a run unless it turns out to be impossible, or to take too long."""
        if setting in self.problems:
            return
        try:
            shown = self._within(advance, _name(setting, seed))
            self._measure(setting, recipe, seed, replace(self.around, progress=shown))
            advance(1)
        except _OutOfTimeError:
            return
        except DataError as error:
            if setting == DEFAULT:
                raise
            self.problems[setting] = str(error)

    def _measure(self, setting: str, recipe: Recipe, seed: int, around: Surroundings) -> Run:
        begun = time.monotonic()
        trial = self.trials.run(_name(setting, seed), recipe, seed, around)
        labels = self.trials.material.labels[self.trials.unseen]
        right = (trial.logits.argmax(axis=1) == labels).tolist()
        losses = log_losses(softmax(trial.logits), labels).tolist()
        taken = time.monotonic() - begun
        run = Run(setting, seed, tuple(right), tuple(losses), trial.seconds, taken, trial.at_start)
        self.log.add(run)
        return run

    def _left(self) -> float:
        return self.deadline - time.monotonic()

    def _expected(self, setting: str, recipe: Recipe) -> float:
        """Seconds that a run will take, by the same setting's last one or by those of others."""
        own = self.of(setting)
        if own:
            return own[-1].seconds
        return recipe.runs * statistics.median(run.seconds for run in self.log.runs)

    def _within(self, advance: Advance, name: str) -> Progress:
        """Shows the work of a run as a note beside the bar of runs, and gives up what will not end in time."""

        @contextmanager
        def shown(description: str, total: int, _unit: str = "photos") -> Iterator[Advance]:
            begun, left, done = time.monotonic(), self._left(), 0
            what = description if name in description else f"{name}: {description}"

            def inner(count: int, note: str = "", /) -> None:
                nonlocal done
                done += count
                taken = time.monotonic() - begun
                if taken > left or (done >= FORESEEN_AFTER * total and taken * total > left * done):
                    raise _OutOfTimeError
                said = f"at most {left - taken:.0f} s more, {what}"
                advance(0, f"{said}, {note}" if note else said)

            yield inner

        return shown


def _name(setting: str, seed: int) -> str:
    return f"{setting or 'default recipe'}, seed {seed}"
