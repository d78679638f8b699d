from __future__ import annotations

import numpy as np
import pytest

from enxerto.evaluation.compare import Comparison, compare
from enxerto.evaluation.effects import paired_effect
from enxerto.evaluation.intervals import paired_difference
from enxerto.evaluation.metrics import log_losses
from enxerto.evaluation.results import Interval

PHOTOS = 200


def answers(right: float, sure: float = 0.9, seed: int = 0) -> np.ndarray:
    """Probabilities of two classes; the label, which is 0, has `sure` in this share of photos, 1 - `sure` elsewhere."""
    correct = np.random.default_rng(seed).random(PHOTOS) < right
    of_label = np.where(correct, sure, 1 - sure)
    return np.column_stack([of_label, 1 - of_label])


LABELS = np.zeros(PHOTOS, dtype=np.int64)
APART = np.arange(PHOTOS)


@pytest.mark.parametrize(
    ("new", "old", "better"),
    [
        (answers(0.95), answers(0.7, seed=1), True),  # fewer mistakes beyond noise
        (answers(0.7, seed=1), answers(0.95), False),
        (answers(0.9), answers(0.9), False),  # the same
        (answers(0.9, sure=0.9), answers(0.9, sure=0.6), True),  # as few mistakes, and better probabilities
        (answers(0.9, sure=0.6), answers(0.9, sure=0.9), False),
        (answers(0.91, seed=2), answers(0.9, seed=3), False),  # within noise
    ],
)
def test_better_is_better_beyond_noise(new: np.ndarray, old: np.ndarray, better: bool) -> None:
    assert compare(new, old, LABELS, APART).better is better


def interval(value: float, low: float, high: float) -> Interval:
    return Interval(value, low, high)


@pytest.mark.parametrize(
    ("gain", "loss", "better"),
    [
        ((0.1, 0.02, 0.2), (0.5, 0.1, 0.9), True),  # fewer mistakes count whatever the log loss
        ((0.1, 0.0, 0.2), (0.0, -0.1, 0.1), False),
        ((0.0, -0.1, 0.1), (-0.2, -0.3, -0.1), True),
        ((-0.01, -0.1, 0.1), (-0.2, -0.3, -0.1), False),  # more mistakes are not made up for
        ((0.0, -0.1, 0.1), (-0.2, -0.3, 0.0), False),
    ],
)
def test_the_rule(gain: tuple[float, ...], loss: tuple[float, ...], better: bool) -> None:
    assert Comparison(interval(*gain), interval(*loss)).better is better


def test_the_same_answers_differ_in_nothing() -> None:
    comparison = compare(answers(0.8), answers(0.8), LABELS, APART)
    assert (comparison.gain.value, comparison.loss_change.value) == (0, 0)
    assert not comparison.better


def test_both_differences_are_paired_and_by_group() -> None:
    new, old = answers(0.8), answers(0.7, seed=4)
    names = np.array([10 * (photo // 4) for photo in range(PHOTOS)])  # numbers with gaps
    comparison = compare(new, old, LABELS, names)
    right = [each.argmax(axis=1) == LABELS for each in (new, old)]
    losses = log_losses(new, LABELS) - log_losses(old, LABELS)
    assert comparison.gain == paired_difference(*right, APART // 4)
    assert comparison.loss_change == paired_effect(losses[:, None], APART // 4)
    assert comparison.gain.value == pytest.approx(right[0].mean() - right[1].mean())
    assert comparison.loss_change.value == pytest.approx(losses.mean())
    apart = compare(new, old, LABELS, APART)
    assert comparison.loss_change != apart.loss_change
