"""The search for the regularization of a linear head, by cross-validation along a path from strong to weak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.heads.calibration import fit_temperature, log_softmax
from enxerto.heads.folds import Folds
from enxerto.heads.logistic import Problems, Solution, minimize, problems_of, start
from enxerto.heads.rotation import Rotation
from enxerto.types import Labels, Logits

GRID = tuple(float(C) for C in 10.0 ** np.arange(-2, 4.1, 0.5))
"""Inverse strengths, for features scaled to a mean squared length of 1."""
PATIENCE = 2
"""Steps without a better loss after which the search ends."""
WORTHWHILE = 0.01
"""Relative gain that makes a weaker penalty the better one."""
PATH_TOLERANCE = 1e-3
SEARCH_PHOTOS = 5000
PHOTOS_A_CLASS = 20


@dataclass(frozen=True)
class Found:
    """What the search found.

    Attributes:
        C: the inverse strength with the lowest loss.
        losses: every C tried with its out-of-fold log loss after temperature scaling; empty where nothing could be
            compared.
        final: coefficients (axes, classes) and bias (classes,) of the fit on every photo.
        out_of_fold_logits: float64, shape (photos, classes).
        answerable: photos whose class is among those that the head without their fold has learned, bool, shape
            (photos,); none where they are all of one class, as giving that class to every photo would seem best.
    """

    C: float
    losses: tuple[tuple[float, float], ...]
    final: tuple[NDArray[np.float64], NDArray[np.float64]]
    out_of_fold_logits: Logits
    answerable: NDArray[np.bool_]


def search(
    rotation: Rotation, labels: Labels, importance: NDArray[np.float64], folds: Folds, *, classes: int, seed: int
) -> Found:
    """Solve the head without each fold and with all photos, for C from small to large, until the loss rises.

    The loss is the one of the model as it is used, after temperature scaling: a strongly regularized head that is
    unsure of everything may be the best one once its temperature is right. With more than `SEARCH_PHOTOS` photos C is
    chosen on a sample, and the head is then solved on all.

    Args:
        rotation: the features.
        labels: int64, shape (photos,).
        importance: weight of each photo, float64, shape (photos,).
        folds: the fold of each photo, int64, shape (photos,).
        classes: how many.
        seed: of the sample.
    """
    sample = _sample(len(labels), max(SEARCH_PHOTOS, PHOTOS_A_CLASS * classes), seed)
    problems = _problems(rotation, labels, importance, folds, classes, sample)
    losses, position, solution = _path(problems, importance[sample], folds[sample])
    if len(sample) < len(labels):
        problems = _problems(rotation, labels, importance, folds, classes, np.arange(len(labels)))
        solution = start(problems)
    solution = minimize(problems, GRID[position], solution)
    logits = _out_of_fold(problems, solution, folds)
    answerable = _answerable(problems, labels, folds)
    return Found(GRID[position], losses, _of_problem(solution, -1), logits, answerable)


def _sample(photos: int, most: int, seed: int) -> NDArray[np.int64]:
    if photos <= most:
        return np.arange(photos)
    return np.sort(np.random.default_rng(seed).choice(photos, most, replace=False))


def _problems(
    rotation: Rotation,
    labels: Labels,
    importance: NDArray[np.float64],
    folds: Folds,
    classes: int,
    sample: NDArray[np.int64],
) -> Problems:
    """One problem without each fold, and a last one with every photo."""
    held_out = folds[sample, None] == np.arange(int(folds.max()) + 2)
    weights = np.where(held_out, 0.0, importance[sample, None])
    rows = rotation.rows if len(sample) == len(labels) else rotation.rows[sample]
    return problems_of(rows, rotation.variances, labels[sample], weights, classes)


def _path(
    problems: Problems, importance: NDArray[np.float64], folds: Folds
) -> tuple[tuple[tuple[float, float], ...], int, Solution]:
    """Losses along the grid, the position of the one chosen, and its solution."""
    solution = best = start(problems)
    losses: list[tuple[float, float]] = []
    answerable = _answerable(problems, problems.labels, folds)
    if not answerable.any():
        return (), GRID.index(1.0), best
    counting = importance * answerable
    chosen = 0
    for position, inverse_strength in enumerate(GRID):
        solution = minimize(problems, inverse_strength, solution, tolerance=PATH_TOLERANCE)
        logits = _out_of_fold(problems, solution, folds)
        losses.append((inverse_strength, _calibrated_loss(logits, problems.labels, counting)))
        if position == 0 or losses[-1][1] < losses[chosen][1] * (1 - WORTHWHILE):
            chosen, best = position, solution
        elif position - chosen >= PATIENCE:
            break
    return tuple(losses), chosen, best


def _answerable(problems: Problems, labels: Labels, folds: Folds) -> NDArray[np.bool_]:
    known = problems.shares[folds, labels] > 0
    return np.asarray(known & (len(np.unique(labels[known])) > 1))


def _calibrated_loss(logits: Logits, labels: Labels, importance: NDArray[np.float64]) -> float:
    temperature = fit_temperature(logits, labels, importance)
    of_label = log_softmax(logits / temperature)[np.arange(len(labels)), labels]
    return -float(np.average(of_label, weights=importance))


def _out_of_fold(problems: Problems, solution: Solution, folds: Folds) -> Logits:
    logits = np.empty((len(folds), problems.shares.shape[1]))
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        coefficients, bias = _of_problem(solution, fold)
        logits[held_out] = problems.rows[held_out] @ coefficients.astype(problems.rows.dtype) + bias
    return logits


def _of_problem(solution: Solution, problem: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (axes, classes) and bias (classes,); two classes share what was solved as their difference."""
    coefficients, bias = solution.coefficients[:, problem], solution.bias[problem]
    if len(bias) > 1:
        return coefficients, bias
    return np.hstack([-coefficients, coefficients]) / 2, np.concatenate([-bias, bias]) / 2
