"""Does the interval of an effect hold the truth 95 times out of 100, over new photos and new seeds? Simulated."""

import numpy as np
import pytest

from enxerto.evaluation.effects import paired_effect

TRIALS = 800


@pytest.mark.parametrize(
    ("photos", "seeds", "of_photos", "of_seeds", "of_both"),
    [
        (40, 2, 0.2, 0.01, 0.2),
        (40, 3, 0.05, 0.05, 0.3),
        (200, 2, 0.2, 0.005, 0.2),
        (200, 3, 0.2, 0.02, 0.2),
        (200, 5, 0.1, 0.1, 0.3),
        (200, 1, 0.3, 0.0, 0.1),
    ],
)
def test_losses(photos, seeds, of_photos, of_seeds, of_both):
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(TRIALS):
        differences = 0.03 + of_photos * generator.standard_normal((photos, 1))
        differences = differences + of_seeds * generator.standard_normal(seeds)
        differences += of_both * generator.standard_normal((photos, seeds))
        interval = paired_effect(differences)
        covered += interval.low <= 0.03 <= interval.high
    assert 0.93 <= covered / TRIALS <= 0.99


def answers(generator, photos, seeds):
    """Right or wrong with and without a trick that lifts accuracy by 0.05, where some runs are lucky and all slip."""
    skill = generator.random((photos, 1))
    luck = 0.02 * generator.standard_normal((2, 1, seeds))
    slips = 0.05 * generator.standard_normal((2, photos, seeds))
    with_it, without = (skill + noise < level for noise, level in zip(luck + slips, (0.85, 0.8), strict=True))
    return with_it.astype(float) - without


@pytest.mark.parametrize(("photos", "seeds", "copies"), [(30, 3, 1), (200, 2, 1), (200, 3, 1), (60, 3, 4)])
def test_accuracies(photos, seeds, copies):
    generator = np.random.default_rng(2)
    covered = 0
    for _ in range(TRIALS):
        differences = np.repeat(answers(generator, photos, seeds), copies, axis=0)
        interval = paired_effect(differences, np.repeat(np.arange(photos), copies), shares=True)
        covered += interval.low <= 0.05 <= interval.high
    assert covered / TRIALS >= 0.93
