"""Do intervals of 95 % hold the truth 95 times out of 100? Simulated, also where photos come in groups."""

import numpy as np
import pytest

from enxerto.evaluation.bootstrap import Bootstrap
from enxerto.evaluation.intervals import mean_interval, paired_difference

TRIALS = 600


def held(interval, truth):
    return interval.low <= truth <= interval.high


@pytest.mark.parametrize("accuracy", [0.6, 0.9, 0.98])
@pytest.mark.parametrize("group_size", [1, 5])
def test_accuracy(accuracy, group_size):
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), group_size)
    covered = 0
    for _ in range(TRIALS):
        # Half of a group's photos copy their first one's outcome: an intra-group correlation of about a quarter.
        own, shared = generator.random(len(groups)) < accuracy, (generator.random(60) < accuracy)[groups]
        covered += held(mean_interval(np.where(generator.random(len(groups)) < 0.5, own, shared), groups), accuracy)
    assert 0.92 <= covered / TRIALS <= 0.995


def outcomes(generator, photos):
    """Two classifiers that find the same photos hard."""
    hardness = generator.random(photos)
    return hardness < 0.9, hardness + 0.2 * generator.normal(size=photos) < 0.6


def test_paired_difference():
    first, second = outcomes(np.random.default_rng(0), 1_000_000)
    truth = first.mean() - second.mean()
    generator = np.random.default_rng(1)
    covered = sum(held(paired_difference(*outcomes(generator, 80), np.arange(80)), truth) for _ in range(TRIALS))
    assert 0.92 <= covered / TRIALS <= 0.995


def test_balanced_accuracy():
    generator = np.random.default_rng(3)
    recalls = np.array([0.95, 0.7, 0.85])
    labels = np.repeat([0, 1, 2], [60, 20, 20])
    covered = 0
    for trial in range(100):
        right = generator.random(100) < recalls[labels]
        predicted = np.where(right, labels, (labels + 1) % 3)
        covered += held(Bootstrap(np.eye(3)[predicted], labels, np.arange(100), trial).macro("recall"), recalls.mean())
    assert covered >= 90
