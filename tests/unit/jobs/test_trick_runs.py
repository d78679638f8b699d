from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from enxerto.errors import DataError, IntegrityError, OptionError
from enxerto.jobs.tricks import runs as trick_runs
from enxerto.jobs.tricks.log import RUNS, Run, RunLog
from enxerto.jobs.tricks.runs import TrickRuns
from enxerto.progress import Progress, silent
from enxerto.tuning import Recipe, Surroundings
from enxerto.tuning.trials import Trial
from enxerto.tuning.tricks import Variant, variants

LABELS = np.array([0, 1, 0, 1, 0, 1])
RECIPE = Recipe(epochs=4)
MIXUP, SMOOTHING, ALL = (
    next(each for each in variants(RECIPE) if each.setting == setting)
    for setting in ("mixup=0.2", "label-smoothing=0.1", "stages=all")
)
Fit = Callable[[Recipe, int, Progress], Trial]


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(trick_runs, "time", clock)
    return clock


class Fits:
    """Trials that need no network: the default tells three of six photos right, mixup four, whatever the seed."""

    def __init__(self, clock: Clock, seconds: dict[str, float] | None = None) -> None:
        self.clock = clock
        self.seconds = seconds or {}
        self.done: list[tuple[str, int]] = []
        self.before: Callable[[str, Progress], None] = lambda _setting, _progress: None
        self.material = SimpleNamespace(labels=LABELS)
        self.unseen = np.arange(len(LABELS))

    def run(self, name: str, recipe: Recipe, seed: int, around: Surroundings) -> Trial:
        setting = name.partition(",")[0]
        self.before(setting, around.progress)
        right = np.arange(len(LABELS)) < (4 if recipe.mixup else 3)
        predicted = np.where(right, LABELS, 1 - LABELS)
        taken = self.seconds.get(setting, 10.0)
        self.clock.now += taken
        self.done.append((setting, seed))
        return Trial(np.eye(2)[predicted], taken, at_start=recipe.smoothing > 0)


def comparison(
    folder: Path, fits: Fits, settings: tuple[Variant, ...] = (MIXUP, SMOOTHING), seeds: int = 2, deadline: float = 1e3
) -> TrickRuns:
    around = Surroundings(progress=silent)
    return TrickRuns(fits, RECIPE, settings, range(seeds), around, RunLog(folder, "same"), deadline)  # type: ignore[arg-type]


def test_the_default_and_every_setting_run_once_before_the_next_seed(tmp_path: Path, clock: Clock) -> None:
    fits = Fits(clock, {"mixup=0.2": 20.0})
    compared = comparison(tmp_path, fits)
    compared.run()
    one_round = ["default recipe", "mixup=0.2", "label-smoothing=0.1"]
    assert fits.done == [(setting, seed) for seed in (0, 1) for setting in one_round]
    mixup, smoothing = compared.effects(np.arange(6))
    assert (mixup.name, mixup.setting, mixup.default, mixup.about) == ("mixup", "mixup=0.2", "mixup=0", MIXUP.about)
    assert mixup.accuracy.value == pytest.approx(1 / 6)
    assert mixup.log_loss.value == pytest.approx(-1 / 6)  # of logits 1 and 0, a right answer is 1 better
    assert (mixup.seeds, mixup.seconds, mixup.seconds_ratio) == (2, 20.0, 2.0)
    assert smoothing.accuracy.value == 0
    assert compared.right().shape == (2, 6)
    assert compared.at_start() == ("label-smoothing=0.1",)
    assert (compared.unmeasured(), compared.interrupted) == ((), False)


def test_what_takes_longer_than_there_is_time_is_passed_over(tmp_path: Path, clock: Clock) -> None:
    fits = Fits(clock, {"mixup=0.2": 35.0})
    compared = comparison(tmp_path, fits, seeds=3, deadline=90.0)  # 10 + 35 + 10, 10 + … + 10, then 5 are left
    compared.run()
    assert fits.done == [
        ("default recipe", 0), ("mixup=0.2", 0), ("label-smoothing=0.1", 0), ("default recipe", 1),
        ("label-smoothing=0.1", 1), ("default recipe", 2),
    ]  # fmt: skip
    assert [effect.seeds for effect in compared.effects(np.arange(6))] == [1, 2]


def test_it_ends_when_the_default_does_not_fit_in_any_more(tmp_path: Path, clock: Clock) -> None:
    fits = Fits(clock, {"mixup=0.2": 1.0, "label-smoothing=0.1": 1.0})
    compared = comparison(tmp_path, fits, seeds=3, deadline=26.0)  # 2 are left: enough for mixup, not for the default
    compared.run()
    assert len(fits.done) == 6
    assert {seed for _, seed in fits.done} == {0, 1}
    assert clock.now == 24


def test_the_first_run_is_done_whatever_it_takes(tmp_path: Path, clock: Clock) -> None:
    compared = comparison(tmp_path, Fits(clock), deadline=0.0)
    compared.run()
    assert compared.right().shape == (1, 6)
    assert compared.effects(np.arange(6)) == ()
    assert compared.unmeasured() == ("mixup=0.2", "label-smoothing=0.1")


@pytest.mark.parametrize(("photos", "given_up"), [(9, False), (10, True)])
def test_a_run_that_will_not_end_in_time_is_given_up(photos: int, given_up: bool, tmp_path: Path, clock: Clock) -> None:
    fits = Fits(clock)

    def slow(setting: str, progress: Progress) -> None:
        if setting == "stages=all":
            with progress("tuning", 100) as advance:
                clock.now += 50  # of 90 that are left, for a tenth of the work
                advance(photos)

    fits.before = slow
    compared = comparison(tmp_path, fits, (ALL,), seeds=1, deadline=100.0)
    compared.run()
    assert compared.unmeasured() == (("stages=all",) if given_up else ())


def test_a_run_that_is_over_time_is_given_up(tmp_path: Path, clock: Clock) -> None:
    fits = Fits(clock)

    def endless(setting: str, progress: Progress) -> None:
        if setting == "mixup=0.2":
            with progress("features", 0) as advance:
                for _ in itertools.count():
                    clock.now += 1
                    advance(0, "")

    fits.before = endless
    compared = comparison(tmp_path, fits, seeds=1, deadline=30.0)
    compared.run()
    assert fits.done == [("default recipe", 0)]
    assert clock.now == 31


def test_without_the_default_no_setting_is_run(tmp_path: Path, clock: Clock) -> None:
    fits = Fits(clock)

    def slow(_setting: str, progress: Progress) -> None:
        if len(fits.done) == 3:
            with progress("tuning", 100) as advance:
                clock.now += 50
                advance(10)

    fits.before = slow
    compared = comparison(tmp_path, fits, deadline=200.0)
    compared.run()
    assert {seed for _, seed in fits.done} == {0}
    assert [effect.seeds for effect in compared.effects(np.arange(6))] == [1, 1]


def test_what_is_running_stands_beside_the_bar(tmp_path: Path, clock: Clock) -> None:
    shown: list[tuple[object, ...]] = []

    class Shown:
        def __enter__(self) -> Callable[..., None]:
            return lambda *counted: shown.append(counted)

        def __exit__(self, *_: object) -> None:
            pass

    def progress(*described: object) -> Shown:
        shown.append(described)
        return Shown()

    def reading(setting: str, progress: Progress) -> None:
        with progress("features", 3) as advance:
            advance(3, "read")

    fits = Fits(clock)
    fits.before = reading
    compared = comparison(tmp_path, fits, (MIXUP,), seeds=1)
    compared.around = replace(compared.around, progress=progress)  # type: ignore[arg-type]
    compared.run()
    assert shown[-3:] == [
        ("comparing tricks", 1, "runs"),
        (0, "at most 990 s more, mixup=0.2, seed 0: features, read"),
        (1,),
    ]


def test_a_setting_that_can_not_be_done_is_left_out_with_the_reason(tmp_path: Path, clock: Clock) -> None:
    fits = Fits(clock)

    def impossible(setting: str, _progress: Progress) -> None:
        if setting == "mixup=0.2":
            raise DataError("features must be finite")

    fits.before = impossible
    compared = comparison(tmp_path, fits)
    compared.run()
    assert compared.problems == {"mixup=0.2": "features must be finite"}
    assert compared.unmeasured() == ()
    assert [effect.setting for effect in compared.effects(np.arange(6))] == ["label-smoothing=0.1"]


def test_photos_that_the_default_can_not_learn_from_are_an_error(tmp_path: Path, clock: Clock) -> None:
    fits = Fits(clock)

    def impossible(_setting: str, _progress: Progress) -> None:
        if len(fits.done) == 3:
            raise DataError("no more")

    fits.before = impossible
    with pytest.raises(DataError, match="no more"):
        comparison(tmp_path, fits).run()


def interrupted_at(number: int) -> Callable[[Fits], Fits]:
    def prepared(fits: Fits) -> Fits:
        def interrupt(_setting: str, _progress: Progress) -> None:
            if len(fits.done) == number:
                raise KeyboardInterrupt

        fits.before = interrupt
        return fits

    return prepared


def test_ctrl_c_ends_it_with_what_was_measured_and_it_can_go_on(tmp_path: Path, clock: Clock) -> None:
    compared = comparison(tmp_path, interrupted_at(2)(Fits(clock)))
    compared.run()
    assert compared.interrupted
    assert [effect.setting for effect in compared.effects(np.arange(6))] == ["mixup=0.2"]
    assert compared.unmeasured() == ("label-smoothing=0.1",)
    fits = Fits(clock)
    again = comparison(tmp_path, fits)
    again.run()
    assert fits.done[0] == ("label-smoothing=0.1", 0)
    assert len(fits.done) == 4
    assert len(again.log.runs) == 6


def test_ctrl_c_in_the_first_run_leaves_nothing_to_show(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(KeyboardInterrupt):
        comparison(tmp_path, interrupted_at(0)(Fits(clock))).run()


RUN = Run("mixup=0.2", 1, (True, False), (0.25, 1.5), 3.0, 4.0, at_start=False)


def test_runs_are_kept_and_a_line_that_a_kill_cut_off_is_forgotten(tmp_path: Path) -> None:
    RunLog(tmp_path, "same").add(RUN)
    with (tmp_path / RUNS).open("ab") as file:
        file.write(b'{"setting": "mix')
    log = RunLog(tmp_path, "same")
    assert log.runs == [RUN]
    log.add(replace(RUN, seed=2))
    assert [run.seed for run in RunLog(tmp_path, "same").runs] == [1, 2]


def test_runs_of_another_comparison_are_refused(tmp_path: Path) -> None:
    RunLog(tmp_path, "same").add(RUN)
    with pytest.raises(OptionError, match="other photos, options or versions; give those again, or start anew"):
        RunLog(tmp_path, "other")


def test_a_damaged_file_of_runs_is_refused(tmp_path: Path) -> None:
    RunLog(tmp_path, "same")
    with (tmp_path / RUNS).open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(IntegrityError, match="runs.jsonl is damaged"):
        RunLog(tmp_path, "same")
