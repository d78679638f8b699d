"""The mean log loss of several weighted logistic regressions, and its gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.types import Floats, Labels

BLOCK_LOGITS = 4_000_000
"""Logits held at a time, so that many photos of many classes don't fill the memory."""


def mean_loss(
    rows: Floats, labels: Labels, weights: Floats, table: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Sum over problems of the weighted log loss, and its gradient.

    Args:
        rows: shape (photos, axes); products are done in their dtype, sums in float64.
        labels: int64, shape (photos,).
        weights: shape (photos, problems).
        table: coefficients, and the bias as the last row, shape (axes + 1, problems, columns); with one column the
            classes are 0 and 1 and the logit is of class 1.

    Returns:
        The loss, and its gradient in the shape of `table`.
    """
    flat = table.reshape(len(table), -1).astype(rows.dtype)
    gradient = np.zeros((len(table), flat.shape[1]))
    loss = 0.0
    step = max(1, BLOCK_LOGITS // flat.shape[1])
    for first in range(0, len(rows), step):
        block = slice(first, first + step)
        logits = rows[block] @ flat[:-1]
        logits += flat[-1]
        if table.shape[2] == 1:
            part, residuals = _binary(logits, labels[block], weights[block])
        else:
            part, residuals = _multinomial(logits.reshape(-1, *table.shape[1:]), labels[block], weights[block])
        loss += part
        gradient[:-1] += rows[block].T @ residuals
        gradient[-1] += residuals.sum(axis=0, dtype=np.float64)
    return loss, gradient.reshape(table.shape)


def _binary(logits: Floats, labels: Labels, weights: Floats) -> tuple[float, Floats]:
    signs = np.where(labels == 1, 1, -1).astype(logits.dtype)[:, None]
    margins = signs * logits
    losses = np.logaddexp(logits.dtype.type(0), -margins)
    return float((losses * weights).sum(dtype=np.float64)), -signs * weights * np.exp(-margins - losses)


def _multinomial(logits: Floats, labels: Labels, weights: Floats) -> tuple[float, Floats]:
    """Overwrites `logits`, which are of shape (photos, problems, classes)."""
    photos = np.arange(len(labels))
    logits -= logits.max(axis=2, keepdims=True)
    of_label = logits[photos, :, labels]
    np.exp(logits, out=logits)
    sums = logits.sum(axis=2)
    loss = float(((np.log(sums) - of_label) * weights).sum(dtype=np.float64))
    logits *= (weights / sums)[:, :, None]
    logits[photos, :, labels] -= weights
    return loss, logits.reshape(len(labels), -1)
