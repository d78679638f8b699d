"""Where a learning curve goes: an inverse power law through its points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.evaluation.intervals import percentile_interval
from enxerto.evaluation.results import Interval

EXPONENTS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0)


def forecast(
    learned: NDArray[np.float64], errors: NDArray[np.float64], redrawn: NDArray[np.float64], smallest: float, far: float
) -> Interval:
    """The share of errors to expect of heads that learn from more photos than there are.

    The fit is the one with the smallest squares of relative residuals. The interval is that of fits to redrawn errors,
    and wide enough for the law to be wrong: the gain that it promises may as well fail to come, or be twice as large.

    Args:
        learned: photos learned from, ascending, float64, shape (sizes,).
        errors: observed shares of errors, float64, shape (sizes,).
        redrawn: what they might have been with other photos and draws, float64, shape (redrawings, sizes).
        smallest: share of errors that can be observed; below it residuals aren't enlarged any more.
        far: photos to learn from in future.

    Reference: Cortes et al. 1993, "Learning curves: asymptotic values and rate of convergence"; Mahmood et al. 2022,
    arXiv:2207.01725 (how far such fits can be trusted).
    """
    weights = 1 / np.maximum(errors, smallest) ** 2
    fits = extrapolate(learned, np.vstack([errors, redrawn]), weights, far)
    value = min(float(fits[0]), float(errors[-1]))
    gain = float(errors[-1]) - value
    spread = percentile_interval(value, fits[1:])
    low, high = value - np.hypot(value - spread.low, gain), value + np.hypot(spread.high - value, gain)
    return Interval(value, max(0.0, float(low)), min(1.0, float(high)))


def extrapolate(
    learned: NDArray[np.float64], errors: NDArray[np.float64], weights: NDArray[np.float64], far: float
) -> NDArray[np.float64]:
    """Fit floor + slope · learned^-exponent with floor, slope >= 0 to each row of errors, by weighted least squares.

    Args:
        learned: float64, shape (sizes,).
        errors: float64, shape (rows, sizes).
        weights: of the squared residuals, float64, shape (sizes,).
        far: where to take the fit's value.

    Returns:
        The values at `far`, float64, shape (rows,).
    """
    shares = weights / weights.sum()
    smallest_loss = np.full(len(errors), np.inf)
    values = np.zeros(len(errors))
    means = errors @ shares
    for exponent in EXPONENTS:
        steps = (learned / learned[-1]) ** -exponent
        offsets = steps - steps @ shares
        slopes = np.maximum(0.0, errors @ (shares * offsets) / (shares @ offsets**2))
        floors = means - slopes * (steps @ shares)
        through_zero = errors @ (shares * steps) / (shares @ steps**2)
        slopes, floors = np.where(floors < 0, through_zero, slopes), np.maximum(floors, 0.0)
        losses = (errors - floors[:, None] - slopes[:, None] * steps) ** 2 @ shares
        better = losses < smallest_loss
        smallest_loss = np.where(better, losses, smallest_loss)
        values = np.where(better, floors + slopes * (far / learned[-1]) ** -exponent, values)
    return values
