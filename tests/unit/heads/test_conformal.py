import numpy as np
import pytest
from scipy.stats import binom

from enxerto.errors import OptionError
from enxerto.heads.calibration import softmax
from enxerto.heads.conformal import fit_set_threshold, prediction_sets


def test_the_threshold_is_the_finite_sample_quantile():
    of_label = np.linspace(0.01, 0.99, 99)
    probabilities = np.stack([of_label, 1 - of_label], axis=1)
    # ⌈(99 + 1) · 0.95⌉ = 95 of the 99 labels must be in their sets: those from the fifth lowest probability on.
    assert fit_set_threshold(probabilities, np.zeros(99, dtype=int), 0.95) == pytest.approx(0.05)


def test_with_too_few_photos_to_promise_it_every_class_is_in_the_set():
    probabilities = np.full((18, 2), 0.5)
    threshold = fit_set_threshold(probabilities, np.zeros(18, dtype=int), 0.95)
    assert threshold == 0.0
    assert prediction_sets(np.array([[1.0, 0.0]]), threshold).all()


def test_a_set_is_never_empty():
    sets = prediction_sets(np.array([[0.5, 0.3, 0.2], [0.95, 0.05, 0.0]]), 0.9)
    assert sets.tolist() == [[True, False, False], [True, False, False]]


@pytest.mark.parametrize("coverage", [0.0, 1.0, -0.1])
def test_impossible_coverage_is_refused(coverage):
    with pytest.raises(OptionError, match="between 0 and 1"):
        fit_set_threshold(np.ones((3, 2)), np.zeros(3, dtype=int), coverage)


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_new_photos_are_covered_as_often_as_stated(coverage):
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        logits = generator.normal(size=(110, 6)) * 1.5
        labels = (generator.random((110, 1)) > softmax(logits).cumsum(axis=1)).sum(axis=1)
        probabilities = softmax(logits * 2)  # overconfident on purpose: coverage needs exchangeable photos only
        threshold = fit_set_threshold(probabilities[:109], labels[:109], coverage)
        held += prediction_sets(probabilities[109:], threshold)[0, labels[109]]
    low, high = binom.interval(0.99, 200, coverage + 0.5 / 110)
    assert low <= held <= high
