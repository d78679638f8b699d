"""What a reader must know first: the verdict in a sentence, and what could make it wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from enxerto.data.health import DataHealth
from enxerto.evaluation.evaluate import LISTED
from enxerto.evaluation.results import ClassResult, Control, Evaluation
from enxerto.report.contents import ReportContents
from enxerto.report.improvement import (
    defense_sentence,
    forecast_sentence,
    more_photos_help,
    unusual_fits,
    ways_sentence,
)
from enxerto.report.transfer import advice
from enxerto.report.wording import (
    count,
    listing,
    percent,
    percent_interval,
    percent_with_interval,
    points,
    points_interval,
    quoted,
    times,
    visible,
)

ENOUGH_PER_CLASS = 30
ENOUGH_PHOTOS = 30
IMBALANCED = 3.0
UNCALIBRATED = 0.05


@dataclass(frozen=True)
class Verdict:
    """The answer to "does it work?".

    Attributes:
        level: `go`: clearly better than the baselines; `care`: better, but something makes the figure doubtful;
            `no-go`: not shown to be better than always giving the same answer.
        word: the level as a label.
        sentence: accuracy with its interval, the baselines, the lift over random weights.
        reason: why this level.
        measured_on: how many photos the figure stands on.
    """

    level: Literal["go", "care", "no-go"]
    word: str
    sentence: str
    reason: str
    measured_on: str


@dataclass(frozen=True)
class Alert:
    """Something that a reader must know before trusting the figures; `section` says where the page tells more."""

    level: Literal["warning", "note"]
    text: str
    section: str


def worst_first(results: Sequence[ClassResult]) -> tuple[ClassResult, ...]:
    """Classes by F1, worst first; classes without evaluated photos or with an undefined F1 last."""

    def order(result: ClassResult) -> tuple[bool, float, str]:
        defined = bool(result.support) and math.isfinite(result.f1.value)
        return (not defined, result.f1.value if defined else 0.0, result.name)

    return tuple(sorted(results, key=order))


def verdict(contents: ReportContents) -> Verdict:
    """The verdict on a classifier, in words."""
    evaluation = contents.honest
    sentence = (
        f"{percent_with_interval(evaluation.accuracy)} of {count(evaluation.photos, 'photo')} right, "
        f"by {visible(evaluation.protocol)}; always answering {quoted(evaluation.majority_class)} would be "
        f"{percent(evaluation.majority)}"
    )
    if contents.control is not None:
        sentence += f"; {_lift_phrase(contents.control)}"
    level, reason = _level(contents, evaluation)
    words: dict[str, str] = {"go": "Go", "care": "Go with care", "no-go": "No-go"}
    return Verdict(level, words[level], f"{sentence}.", reason, _measured_on(contents.health, evaluation))


def _level(contents: ReportContents, evaluation: Evaluation) -> tuple[Literal["go", "care", "no-go"], str]:
    always = f"always answering {quoted(evaluation.majority_class)}"
    if contents.only_seen:
        return "no-go", "Every photo was in training: these figures say nothing about new photos."
    if evaluation.accuracy.value <= evaluation.majority:
        return "no-go", f"No better than {always}."
    if evaluation.accuracy.low <= evaluation.majority:
        return "no-go", f"Not shown to be better than {always}: the interval reaches down to it."
    if contents.unmeasured:
        classes = count(len(contents.unmeasured), "class", "classes")
        return "care", f"Better than {always}, but {classes} could not be measured."
    if contents.health.leaks and not contents.seen:
        return "care", f"Better than {always}, but the same pictures lie on both sides of the split."
    if evaluation.photos < ENOUGH_PHOTOS:
        return "care", f"Better than {always}, but {count(evaluation.photos, 'photo')} are too few to be sure how much."
    return "go", f"Clearly better than {always}. Whether it is good enough for the task is yours to decide."


def _lift_phrase(control: Control) -> str:
    if control.lift.low > 0:
        return f"pretrained weights add {points(control.lift.value)} over random ones"
    return f"pretrained weights are not shown to help ({points_interval(control.lift)} over random ones)"


def _measured_on(health: DataHealth, evaluation: Evaluation) -> str:
    if evaluation.photos == health.readable:
        return f"Accuracy on {health.readable:,} readable of {count(health.listed, 'photo')}."
    return (
        f"Accuracy on {count(evaluation.photos, 'photo')}, taken from {health.readable:,} readable "
        f"of {count(health.listed, 'photo')}."
    )


def alerts(contents: ReportContents) -> tuple[Alert, ...]:
    """What could make the figures wrong or the classifier worse than it seems; warnings before notes."""
    evaluation = contents.honest
    found = [
        *_seen(contents),
        *_unmeasured(contents),
        *_health(contents.health, left_out=bool(contents.seen)),
        *_evaluation(evaluation),
        *_control(contents.control),
        *_improvement(contents),
        *(Alert("warning", note, "figures") for note in contents.notes),
    ]
    return tuple(sorted(found, key=lambda alert: alert.level != "warning"))


def _seen(contents: ReportContents) -> list[Alert]:
    if not contents.seen:
        return []
    photos = count(contents.evaluation.photos, "photo")
    text = f"{len(contents.seen):,} of {photos} were in training, themselves, as a copy or with their group."
    if contents.without_seen is None:
        return [Alert("warning", f"{text} No others are left: bring photos that it has not learned from.", "figures")]
    return [Alert("warning", f"{text} Every figure on this page leaves them out.", "figures")]


def _unmeasured(contents: ReportContents) -> list[Alert]:
    sentence = unmeasured_sentence(contents)
    return [Alert("warning", sentence, "figures")] if sentence else []


def unmeasured_sentence(contents: ReportContents) -> str:
    """Which classes no figure says anything about, and why; empty where every class was measured."""
    names = contents.unmeasured
    if not names:
        return ""
    more = [f"{len(names) - 3:,} more"] if len(names) > 3 else []
    others = count(len(contents.honest.classes) - len(names), "other class", "other classes")
    them = "it" if len(names) == 1 else "one of them"
    return (
        f"How well {listing([*(quoted(name) for name in names[:3]), *more])} {'is' if len(names) == 1 else 'are'} "
        f"recognized could not be measured: all photos there are were learned from. Every figure is for photos of the "
        f"{others}; taking one of those for {them} counts as a mistake. Add another photo of "
        f"{'it' if len(names) == 1 else 'each'}, no copy of the first."
    )


def _health(health: DataHealth, *, left_out: bool) -> list[Alert]:
    found = []
    if health.leaks:
        groups = count(len(health.leaks), "group")
        verb = "lies" if len(health.leaks) == 1 else "lie"
        after = "." if left_out else ": accuracy may seem higher than it is."
        text = f"{groups} of equal pictures {verb} on both sides of the given split{after}"
        found.append(Alert("warning", text, "data"))
    if health.conflicts:
        groups, verb = count(len(health.conflicts), "group"), "carries" if len(health.conflicts) == 1 else "carry"
        text = f"{groups} of equal pictures {verb} different labels: some label is wrong."
        found.append(Alert("warning", text, "data"))
    if health.skipped:
        text = f"{len(health.skipped):,} of {count(health.listed, 'file')} could not be read and were left out."
        found.append(Alert("warning", text, "data"))
    if health.imbalance >= IMBALANCED:
        ratio = times(health.imbalance)
        text = f"The largest class has {ratio} as many photos as the smallest: look at balanced accuracy."
        found.append(Alert("warning", text, "data"))
    harmless = len(health.duplicates) - len({*health.conflicts, *health.leaks})
    if harmless:
        found.append(Alert("note", f"{count(harmless, 'group')} of equal or nearly equal pictures.", "data"))
    if health.warnings:
        verb = "is" if len(health.warnings) == 1 else "are"
        text = f"{count(len(health.warnings), 'photo')} {verb} usable, but not what the file name or header promises."
        found.append(Alert("note", text, "data"))
    return found


def _evaluation(evaluation: Evaluation) -> list[Alert]:
    found = []
    if caveat := small_sample_caveat(evaluation):
        found.append(Alert("warning", caveat, "classes"))
    missed = [result.name for result in evaluation.per_class if result.support and result.recall.value == 0]
    if missed:
        names = listing([quoted(name) for name in missed[:3]])
        more = f" and {len(missed) - 3:,} more" if len(missed) > 3 else ""
        found.append(Alert("warning", f"No photo of {names}{more} was recognized.", "classes"))
    if evaluation.accuracy.value - evaluation.balanced_accuracy.value > UNCALIBRATED:
        text = f"Small classes fare worse: balanced accuracy is only {percent(evaluation.balanced_accuracy.value)}."
        found.append(Alert("warning", text, "figures"))
    if evaluation.calibration_error.low > UNCALIBRATED:
        error = percent(evaluation.calibration_error.value)
        text = f"Probabilities are off by {error} on average: don't take them literally."
        found.append(Alert("warning", text, "calibration"))
    sets = evaluation.prediction_sets
    if sets.observed.high < sets.stated:
        kept = percent(sets.observed.value)
        text = f"Prediction sets promise {percent(sets.stated)} but hold the label for {kept} only."
        found.append(Alert("warning", text, "calibration"))
    if found_wrong := len(evaluation.suspicious_labels):
        verb, which = ("looks", "it") if found_wrong == 1 else ("look", "them")
        more = " or more" if found_wrong == LISTED else ""
        text = f"{count(found_wrong, 'label')}{more} {verb} wrong: check {which} first."
        found.append(Alert("note", text, "photos"))
    return found


def small_sample_caveat(evaluation: Evaluation) -> str:
    """How unsure the figures of small classes are, in a sentence; empty where every class has enough photos."""
    measured = [result for result in evaluation.per_class if result.support]
    small = [result for result in measured if result.support < ENOUGH_PER_CLASS]
    if not small:
        return ""
    smallest = min(small, key=lambda result: (result.support, -_width(result.recall.high - result.recall.low)))
    which = (
        "Every class"
        if len(small) == len(measured)
        else f"{len(small):,} of {count(len(measured), 'class', 'classes')}"
    )
    return (
        f"{which} {'has' if which == 'Every class' or len(small) == 1 else 'have'} fewer than {ENOUGH_PER_CLASS} "
        f"evaluated photos, so single classes are unsure: with {count(smallest.support, 'photo')}, a recall of "
        f"{percent(smallest.recall.value)} for {quoted(smallest.name)} may truly be "
        f"{percent_interval(smallest.recall)}."
    )


def _width(width: float) -> float:
    return width if math.isfinite(width) else math.inf


def _control(control: Control | None) -> list[Alert]:
    if control is None or control.lift.low > 0:
        return []
    text = f"The pretrained weights are not shown to help here: {points_interval(control.lift)} over random ones."
    return [Alert("warning", text, "transfer")]


def transfer_advice(contents: ReportContents) -> str:
    """What to do about transfer; empty where nothing was measured that says it."""
    return advice(
        contents.control, contents.scratch, contents.domain, contents.layers, layer=contents.backbone.layer,
    )  # fmt: skip


def _improvement(contents: ReportContents) -> list[Alert]:
    found = []
    for fit in unusual_fits(contents.tuning) if contents.tuning else ():
        text = (
            f"Fine-tuning, {visible(fit.name)}, went wrong: {visible(fit.stopped)}. The best weights before that count."
        )
        found.append(Alert("warning", text, "tuning"))
    if contents.candidates:
        found.append(Alert("note", ways_sentence(contents.candidates), "ways"))
    if contents.tuning is not None and contents.tuning.defense is not None:
        found.append(Alert("note", defense_sentence(contents.tuning.defense), "defense"))
    if contents.curve is not None and more_photos_help(contents.curve):
        found.append(Alert("note", f"More photos would help. {forecast_sentence(contents.curve)}", "more-photos"))
    return found
