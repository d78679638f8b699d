"""What every training trick does to accuracy, to log loss and to the time of a run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from enxerto.evaluation.results import Interval, TrickEffect
from enxerto.report.charts.plot import nice_ticks
from enxerto.report.charts.svg import Chart
from enxerto.report.charts.tracks import Mark, Scale, Track, is_defined, signed, signed_points, span, track_panel
from enxerto.report.tricks.effects import Shown, best_first, shown
from enxerto.report.wording import (
    bare_points,
    change,
    change_interval,
    isolated,
    points,
    points_interval,
    seconds,
)

NAME_CHARACTERS = 27
WIDEST = 4.0  # times the median reach of an effect; what reaches further is cut off
_MARKS: dict[Shown, Mark] = {"helps": "helps", "hurts": "hurts", "not shown": "other"}


def effects_chart(effects: Sequence[TrickEffect]) -> Chart:
    """A row per setting, best first: its effect on accuracy in one panel, on log loss and time in the other."""
    ordered = best_first(effects)
    takeaway = (
        "Each against the default recipe, best first. Triangles up help, triangles down hurt, hollow dots are not "
        "shown to do either; lines are 95 % intervals, arrows lie beyond the scale."
    )
    accuracy = track_panel("effects-1", "Effect on accuracy, in points", takeaway, [_accuracy(e) for e in ordered],
                      _scale([e.accuracy for e in ordered], 0.005, signed_points, ("← worse", "better →")))  # fmt: skip
    loss = track_panel("effects-2", "Effect on log loss, and time of a run", takeaway, [_loss(e) for e in ordered],
                  _scale([e.log_loss for e in ordered], 0.005, signed, ("← better", "worse →")))  # fmt: skip
    header = (
        "setting", "instead of", "accuracy", "95 % interval", "shown", "log loss", "95 % interval", "shown",
        "pairs of runs", "a run takes", "times the default",
    )  # fmt: skip
    title = "Accuracy, log loss and time against the default recipe"
    return Chart("effects", title, takeaway, (accuracy, loss), header,
                 tuple(_row(effect) for effect in ordered))  # fmt: skip


def _accuracy(effect: TrickEffect) -> Track:
    word = shown(effect.accuracy)
    value = bare_points(effect.accuracy.value) if is_defined(effect.accuracy) else "–"
    return Track(isolated(effect.setting, NAME_CHARACTERS), word, effect.accuracy, value, _MARKS[word])


def _loss(effect: TrickEffect) -> Track:
    word = shown(effect.log_loss, lower_is_better=True)
    value = change(effect.log_loss.value) if is_defined(effect.log_loss) else "–"
    name = isolated(effect.setting, NAME_CHARACTERS)
    return Track(name, f"{effect.seconds_ratio:.2f}× time", effect.log_loss, value, _MARKS[word])


def _scale(effects: Sequence[Interval], finest: float, words: Callable[[float], str], ends: tuple[str, str]) -> Scale:
    """Ticks around zero. One effect much larger than the others doesn't flatten them: the scale ends before it."""
    reaches = [max(-effect.low, effect.high) for effect in effects if is_defined(effect)]
    farthest = WIDEST * statistics.median(reaches) if reaches else 0.0
    low, high = span(effects)
    low, high = max(min(low, 0.0), -farthest), min(max(high, 0.0), farthest)
    return Scale(tuple((tick, words(tick)) for tick in nice_ticks(low, high, most=4, finest=finest)), ends)


def _row(effect: TrickEffect) -> tuple[str, ...]:
    accuracy, loss = effect.accuracy, effect.log_loss
    return (
        isolated(effect.setting),
        isolated(effect.default),
        points(accuracy.value),
        points_interval(accuracy),
        shown(accuracy),
        change(loss.value),
        change_interval(loss),
        shown(loss, lower_is_better=True),
        f"{effect.seeds:,}",
        seconds(effect.seconds),
        f"{effect.seconds_ratio:.2f}",
    )
