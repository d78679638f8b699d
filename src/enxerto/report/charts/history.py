"""What happened while the network was tuned: losses and accuracy over the epochs, and which epoch was kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from markupsafe import Markup

from enxerto.report.charts.plot import Axis, Key, accuracy_axis, loss_axis, note, plot, point, upright
from enxerto.report.charts.svg import Chart, path
from enxerto.report.contents import TuningCard
from enxerto.report.improvement import fit_sentence, kept_accuracy, kept_epoch, kept_loss, main_fit
from enxerto.report.wording import isolated, number, percent, quoted
from enxerto.tuning.history import Epoch, FitHistory

MOST_DOTS = 20
MOST_TICKS = 7
TRAINING, HELD_OUT, AVERAGE = "line control dashed", "line model", "line wrong dotted"
Curve = Callable[[Epoch], float | None]


def history_chart(tuning: TuningCard) -> Chart | None:
    """Loss and accuracy of the main fit, with its kept epoch; the other fits are thin lines behind.

    Gives `None` where no fit got as far as to a finite loss.
    """
    fit = main_fit(tuning)
    others = [other for other in tuning.fits if other is not fit]
    losses = [loss for each in (fit, *others) for epoch in each.epochs for loss in _finite(_losses(epoch))]
    if not losses:
        return None
    title, takeaway = f"Fit {quoted(fit.name)}, epoch by epoch", fit_sentence(fit)
    if others:
        takeaway += " Thin gray lines: the other fits, held out."
    x = _epoch_axis(max(epoch.number for each in tuning.fits for epoch in each.epochs))
    panels = (_loss_panel(title, takeaway, fit, others, x, losses), _accuracy_panel(title, takeaway, fit, others, x))
    header = (
        "fit, epoch", "training loss", "held-out loss", "held-out accuracy", "average: loss", "average: accuracy",
        "learning rate", "photos a second",
    )  # fmt: skip
    rows = tuple(_row(each, epoch) for each in (fit, *others) for epoch in each.epochs)
    return Chart("history", title, takeaway, panels, header, rows)


def _loss_panel(
    title: str, takeaway: str, fit: FitHistory, others: Sequence[FitHistory], x: Axis, losses: Sequence[float]
) -> Markup:
    first = [loss for epoch in fit.epochs[:2] for loss in _finite(_losses(epoch))]
    y = loss_axis(losses, usual=max(first, default=max(losses)))
    legend = [Key("line", TRAINING, "training"), *_held_out_legend(fit)]
    marks = _thin(others, kept_loss, x, y)
    marks += _line(fit.epochs, lambda epoch: epoch.training_loss, x, y, TRAINING)
    marks += _held_out(fit, lambda epoch: epoch.loss, lambda epoch: epoch.averaged_loss, x, y)
    marks += _kept(fit, kept_loss, x, y)
    return plot("history-1", f"{title}: loss", takeaway, x, y, legend, marks)


def _accuracy_panel(title: str, takeaway: str, fit: FitHistory, others: Sequence[FitHistory], x: Axis) -> Markup:
    fits = (fit, *others)
    values = [v for each in fits for epoch in each.epochs for v in _finite((epoch.accuracy, epoch.averaged_accuracy))]
    y = accuracy_axis(values or [0.0, 1.0])
    marks = _thin(others, kept_accuracy, x, y)
    marks += _held_out(fit, lambda epoch: epoch.accuracy, lambda epoch: epoch.averaged_accuracy, x, y)
    marks += _kept(fit, kept_accuracy, x, y)
    return plot("history-2", f"{title}: held-out accuracy", takeaway, x, y, _held_out_legend(fit), marks)


def _held_out_legend(fit: FitHistory) -> list[Key]:
    averages = any(epoch.averaged_loss is not None for epoch in fit.epochs)
    return [Key("line", HELD_OUT, "held out"), *([Key("line", AVERAGE, "average")] if averages else [])]


def _held_out(fit: FitHistory, weights: Curve, average: Curve, x: Axis, y: Axis) -> list[Markup]:
    marks = [*_line(fit.epochs, average, x, y, AVERAGE), *_line(fit.epochs, weights, x, y, HELD_OUT)]
    if len(fit.epochs) <= MOST_DOTS:
        marks += [point(*place, "fill model", 3) for place in _places(fit.epochs, weights, x, y)]
    return marks


def _thin(fits: Sequence[FitHistory], figure: Callable[[FitHistory, Epoch], float], x: Axis, y: Axis) -> list[Markup]:
    return [mark for fit in fits for mark in _line(fit.epochs, partial(figure, fit), x, y, "line fold")]


def _line(epochs: Sequence[Epoch], curve: Curve, x: Axis, y: Axis, class_: str) -> list[Markup]:
    places = _places(epochs, curve, x, y)
    return [path(places, class_)] if len(places) > 1 else []


def _kept(fit: FitHistory, figure: Callable[[FitHistory, Epoch], float], x: Axis, y: Axis) -> list[Markup]:
    """A dashed line at the epoch that was kept, and a ring around its figure."""
    epoch = kept_epoch(fit)
    at, value = x.place(epoch.number), figure(fit, epoch)
    marks = [upright(at, 0, 1, "ideal"), note(f"kept: epoch {epoch.number}", at, 1.0)]
    return [*marks, point(at, y.place(value), "ring", 7)] if math.isfinite(value) else marks


def _places(epochs: Sequence[Epoch], curve: Curve, x: Axis, y: Axis) -> list[tuple[float, float]]:
    found = ((epoch.number, curve(epoch)) for epoch in epochs)
    return [(x.place(at), y.place(value)) for at, value in found if value is not None and math.isfinite(value)]


def _finite(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _losses(epoch: Epoch) -> tuple[float | None, ...]:
    return epoch.training_loss, epoch.loss, epoch.averaged_loss


def _epoch_axis(last: int) -> Axis:
    step = next(step * 10**power for power in range(9) for step in (1, 2, 5) if last <= MOST_TICKS * step * 10**power)
    ticks = tuple((float(epoch), str(epoch)) for epoch in range(0, last + 1, step))
    return Axis("epoch", 0, max(last, 1), ticks)


def _row(fit: FitHistory, epoch: Epoch) -> tuple[str, ...]:
    kept = ", kept" if epoch.number == fit.best else ""
    figures = [
        *("" if loss is None else number(loss) for loss in (epoch.training_loss, epoch.loss)),
        percent(epoch.accuracy),
        "" if epoch.averaged_loss is None else number(epoch.averaged_loss),
        "" if epoch.averaged_accuracy is None else percent(epoch.averaged_accuracy),
    ]
    return (
        f"{isolated(fit.name, 24)}, {epoch.number}{kept}",
        *figures,
        f"{epoch.learning_rate:.2g}" if epoch.number else "",
        f"{epoch.rate:,.0f}" if epoch.number else "",
    )
