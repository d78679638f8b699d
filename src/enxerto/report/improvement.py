"""What was done to do better than the linear probe, and what more photos would bring, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from enxerto.evaluation.results import Candidate, Defense, LearningCurve
from enxerto.report.contents import TuningCard
from enxerto.report.wording import (
    NO_BREAK_SPACE,
    change,
    change_interval,
    count,
    grey_levels,
    percent,
    percent_interval,
    points,
    points_with_interval,
    roughly,
    roughly_interval,
    visible,
)
from enxerto.tuning.history import Epoch, FitHistory

WORTH_MORE_PHOTOS = 0.01


def ways_sentence(candidates: Sequence[Candidate]) -> str:
    """Which way was kept and what each other one changed, e.g. "Fine-tuning is not shown to help: …"."""
    parts = [_effect(candidate) for candidate in candidates if candidate.gain is not None]
    kept = next(candidate for candidate in candidates if candidate.kept)
    sentence = "; ".join([*parts, f"{_the(kept)} was kept"])
    return f"{sentence[0].upper()}{sentence[1:]}."


def defense_sentence(defense: Defense) -> str:
    """What learning from photos changed to fool buys, and what it costs."""
    bought = "Withstands attacks better" if defense.holds else "Not shown to withstand attacks"
    return (
        f"{bought}: with every value of a photo changed by up to {grey_levels(defense.radius)}, adversarial "
        f"fine-tuning stays right on {percent(defense.attacked.value)} of {count(defense.photos, 'photo')} "
        f"({percent_interval(defense.attacked)}), the linear probe on {percent(defense.attacked_before.value)}. On the "
        f"same photos as they are, accuracy changes by {points_with_interval(defense.clean_change)}."
    )


def forecast_sentence(curve: LearningCurve) -> str:
    """What twice the photos would bring, e.g. "With twice the photos, expect about 93 % (90 to 95 %)"."""
    last = curve.points[-1]
    if curve.doubled is None:
        return "What twice the photos would bring can't be said: these are too few, or too uneven, to go on from."
    return (
        f"With twice the photos ({2 * last.per_class:,} a class), expect about {roughly(curve.doubled.value)} "
        f"({roughly_interval(curve.doubled)}); with {last.per_class:,} a class it is "
        f"{percent(last.accuracy.value)}."
    )


def more_photos_help(curve: LearningCurve) -> bool:
    """Doubling the photos is expected to gain at least a point."""
    return curve.doubled is not None and curve.doubled.value - curve.points[-1].accuracy.value >= WORTH_MORE_PHOTOS


def unusual_fits(tuning: TuningCard) -> tuple[FitHistory, ...]:
    """Fits that ended because learning went wrong."""
    return tuple(fit for fit in tuning.fits if fit.diverged)


def main_fit(tuning: TuningCard) -> FitHistory:
    """The fit that the saved model comes from; where there is none of that name, the last."""
    return next((fit for fit in tuning.fits if fit.name == "final"), tuning.fits[-1])


def kept_epoch(fit: FitHistory) -> Epoch:
    """The epoch whose weights were kept."""
    return next(epoch for epoch in fit.epochs if epoch.number == fit.best)


def kept_loss(fit: FitHistory, epoch: Epoch) -> float:
    """Held-out loss of the kind of weights that the fit kept: of their average or of themselves."""
    return epoch.averaged_loss if fit.averaged and epoch.averaged_loss is not None else epoch.loss


def kept_accuracy(fit: FitHistory, epoch: Epoch) -> float:
    """Likewise the held-out accuracy."""
    return epoch.averaged_accuracy if fit.averaged and epoch.averaged_accuracy is not None else epoch.accuracy


def fit_sentence(fit: FitHistory) -> str:
    """Which epoch was kept, and why the fit ended."""
    ended = f"the fit ended: {visible(fit.stopped)}"
    if fit.best == 0:
        solved = f": a head solved on all {count(fit.refitted_on, 'photo')}" if fit.refitted_on else ""
        return f"No epoch was better than the start, which was kept{solved}; {ended}."
    kept, start = kept_epoch(fit), fit.epochs[0]
    what = "the average of the weights up to epoch" if fit.averaged else "epoch"
    return (
        f"Kept: {what} {fit.best} of {count(fit.epochs[-1].number, 'epoch')}, with a held-out loss of "
        f"{kept_loss(fit, kept):.3f} and {percent(kept_accuracy(fit, kept))} right, at the start {start.loss:.3f} and "
        f"{percent(start.accuracy)}; {ended}.{_again(fit)}"
    )


def _again(fit: FitHistory) -> str:
    """That the network learned again from all photos."""
    if not fit.refitted_on:
        return ""
    return f" Then it learned again from all {count(fit.refitted_on, 'photo')} up to that epoch; those weights count."


def _effect(candidate: Candidate) -> str:
    """What a way changes, from its paired interval."""
    name, gain, loss = visible(candidate.name), candidate.gain, candidate.loss_change
    assert gain is not None
    if gain.low > 0:
        return f"{name} gains {points_with_interval(gain)} over the linear probe"
    if gain.high < 0 and candidate.kept:
        return f"{name} costs accuracy: {points_with_interval(gain)}"
    if gain.high < 0:
        return f"{name} does worse than the linear probe: {points_with_interval(gain)}"
    if candidate.kept and loss is not None and loss.high < 0:
        return (
            f"{name} makes better probabilities: log loss {change(loss.value)} (95{NO_BREAK_SPACE}% CI "
            f"{change_interval(loss)}), accuracy {points(gain.value)}"
        )
    if candidate.kept:
        return f"{name} changes accuracy by no more than noise: {points_with_interval(gain)}"
    return f"{name} is not shown to help: {points_with_interval(gain)}"


def _the(candidate: Candidate) -> str:
    return "the linear probe" if candidate.gain is None else f"{visible(candidate.name)}"
