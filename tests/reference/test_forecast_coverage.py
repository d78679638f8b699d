"""Does the forecast of a learning curve hold the accuracy that twice the photos then have? On made-up features.

Over 200 trials each it did in 0.89, 0.92 and 0.98 of them, so less often than the 0.95 stated where few photos of hard
classes are cross-validated; the bound below is what holds for the worst of the three.
"""

import numpy as np
import pytest

from enxerto.evaluation import learning_curve
from enxerto.heads.linear import solve

TRIALS = 30
CLASSES = tuple("abc")
LEARNED = np.arange(60) % 20 < 16
"""As many of 60 photos as five folds leave to learn from."""


def photos(generator, per_class, apart, mislabeled):
    """Gaussian classes, some of the photos with a random label."""
    truth = np.repeat(np.arange(3), per_class)
    centers = np.random.default_rng(99).normal(size=(3, 40)) * apart
    features = (centers[truth] + generator.normal(size=(len(truth), 40))).astype(np.float32)
    wrong = generator.random(len(truth)) < mislabeled
    return features, np.where(wrong, generator.integers(0, 3, len(truth)), truth)


@pytest.mark.parametrize(
    ("apart", "mislabeled", "given"),
    [(0.25, 0.0, {}), (0.4, 0.2, {}), (0.4, 0.0, {"learned": LEARNED, "evaluated": ~LEARNED})],
)
def test_twice_the_photos(apart, mislabeled, given):
    generator = np.random.default_rng(0)
    tests = photos(generator, 1000, apart, mislabeled)
    covered, off = 0, []
    for trial in range(TRIALS):
        features, labels = photos(generator, 20, apart, mislabeled)
        sides = {side: np.flatnonzero(chosen) for side, chosen in given.items()}
        found = learning_curve(features, labels, CLASSES, seed=trial, **sides).doubled
        head = solve(*photos(generator, 32, apart, mislabeled), CLASSES).head
        accuracy = (head.logits(tests[0]).argmax(axis=1) == tests[1]).mean()
        covered += found.low <= accuracy <= found.high
        off.append(found.value - accuracy)
    assert covered / TRIALS >= 0.83
    assert abs(np.mean(off)) < 0.04
