"""Several multinomial logistic regressions on the same rows, minimized together.

The objective is scikit-learn's: mean weighted log loss + ‖coefficients‖² / (2 C Σ weights), bias not penalized. The
problems differ in their photo weights only (0 for a photo held out), so one matrix product serves them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.heads.loss import mean_loss
from enxerto.types import Floats, Labels

HISTORY = 5
STEPS = 300


@dataclass(frozen=True)
class Problems:
    """What is to be minimized.

    Attributes:
        rows: shape (photos, axes); the arithmetic is done in their dtype.
        variances: mean square along each axis, float64, shape (axes,).
        labels: int64, shape (photos,).
        weights: in the dtype of `rows`, shape (photos, problems); each column sums to 1.
        totals: what each column summed to before, float64, shape (problems,).
        shares: of each class in each problem, float64, shape (problems, classes).
    """

    rows: Floats
    variances: NDArray[np.float64]
    labels: Labels
    weights: Floats
    totals: NDArray[np.float64]
    shares: NDArray[np.float64]

    @property
    def columns(self) -> int:
        """Logit columns of a problem: one for two classes (their difference), else one a class."""
        classes = self.shares.shape[1]
        return 1 if classes == 2 else classes


@dataclass(frozen=True)
class Solution:
    """Coefficients, float64, shape (axes, problems, columns), and bias, float64, shape (problems, columns)."""

    coefficients: NDArray[np.float64]
    bias: NDArray[np.float64]


def problems_of(
    rows: Floats, variances: NDArray[np.float64], labels: Labels, weights: NDArray[np.float64], classes: int
) -> Problems:
    """Normalize the weights and count the classes.

    Args:
        rows: shape (photos, axes).
        variances: mean square along each axis, shape (axes,).
        labels: int64, shape (photos,).
        weights: how much each photo counts in each problem, shape (photos, problems).
        classes: how many.
    """
    totals = weights.sum(axis=0)
    shares = np.stack([np.bincount(labels, column, classes) for column in weights.T]) / totals[:, None]
    return Problems(rows, variances, labels, (weights / totals).astype(rows.dtype), totals, shares)


def start(problems: Problems) -> Solution:
    """No coefficients, and the bias that answers with each class's share, as if half a photo more of each were seen."""
    bias = np.log(problems.shares + 0.5 / problems.totals[:, None])
    bias = bias[:, 1:] - bias[:, :1] if problems.columns == 1 else bias - bias.mean(axis=1, keepdims=True)
    return Solution(np.zeros((problems.rows.shape[1], *bias.shape)), bias)


def minimize(problems: Problems, inverse_strength: float, at: Solution, *, tolerance: float = 1e-4) -> Solution:
    """Minimize every problem by L-BFGS, from a solution nearby.

    Coordinates are scaled by the curvature where all classes are equally probable, which is nearly diagonal in
    principal axes. A class without photos in a problem keeps the bias and coefficients that it starts with: its
    unpenalized bias has no minimum.

    Args:
        problems: what to minimize.
        inverse_strength: scikit-learn's C.
        at: where to start.
        tolerance: the largest gradient, in scaled coordinates, to stop at.

    Reference: Byrd, Lu, Nocedal, Zhu 1995 (L-BFGS); Böhning 1992, theorem 2 (the curvature).
    """
    from scipy.optimize import fmin_l_bfgs_b

    classes = problems.shares.shape[1]
    penalty = 1.0 / (inverse_strength * problems.totals)[:, None]  # (problems, 1)
    curvature = 0.25 if problems.columns == 1 else (1 - 1 / classes) / classes
    scaling = np.ones((len(at.coefficients) + 1, *at.bias.shape)) / np.sqrt(curvature)
    scaling[:-1] = 1 / np.sqrt(curvature * problems.variances[:, None, None] + penalty)
    free = problems.shares > 0 if problems.columns > 1 else np.ones_like(at.bias, dtype=np.bool_)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(scaling.shape) * scaling
        loss, gradient = mean_loss(problems.rows, problems.labels, problems.weights, table)
        penalized = penalty * table[:-1]
        gradient[:-1] += penalized
        gradient *= scaling * free
        return loss + 0.5 * float(np.vdot(penalized, table[:-1])), gradient.reshape(-1)

    first = np.concatenate([at.coefficients, at.bias[None]]) / scaling
    flat, _, _ = fmin_l_bfgs_b(
        objective, first.reshape(-1), m=HISTORY, pgtol=tolerance, factr=0.0, maxiter=STEPS, maxfun=2 * STEPS
    )
    table = flat.reshape(scaling.shape) * scaling
    return Solution(table[:-1], table[-1])
