import numpy as np
import pytest

from enxerto.evaluation.bootstrap import Bootstrap
from enxerto.evaluation.intervals import wilson


def made_up(photos=120, copies=1, seed=0):
    generator = np.random.default_rng(0)
    labels = np.arange(photos) % 3
    probabilities = generator.dirichlet(np.ones(3), size=photos)
    probabilities[np.arange(photos), labels] += 0.5
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    groups = np.arange(photos)
    return Bootstrap(np.tile(probabilities, (copies, 1)), np.tile(labels, copies), np.tile(groups, copies), seed)


FIGURES = {
    "macro": lambda bootstrap: bootstrap.macro("f1"),
    "log loss": lambda bootstrap: bootstrap.log_loss(),
    "calibration error": lambda bootstrap: bootstrap.calibration_error(),
    "per class": lambda bootstrap: bootstrap.per_class(("ant", "bee", "cat"))[1].recall,
}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_the_interval_holds_the_value_and_the_seed_decides(figure):
    interval = figure(made_up())
    assert interval.low < interval.value < interval.high
    assert figure(made_up()) == interval


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_copies_of_photos_in_their_group_add_no_certainty(figure):
    once, fourfold = figure(made_up()), figure(made_up(copies=4))
    assert fourfold.high - fourfold.low > 0.7 * (once.high - once.low)


def test_the_log_loss_interval_is_that_of_its_standard_error():
    bootstrap = made_up(2000)
    losses = -np.log(bootstrap.probabilities[np.arange(2000), bootstrap.labels])
    half = 1.96 * losses.std() / 2000**0.5
    interval = bootstrap.log_loss()
    assert interval.value == pytest.approx(losses.mean())
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.1)


def test_perfect_answers_are_not_certain_to_stay_so():
    bootstrap = Bootstrap(np.eye(2)[[0] * 30 + [1] * 10], np.repeat([0, 1], [30, 10]), np.arange(40), 0)
    assert bootstrap.macro("recall").low == pytest.approx(wilson(1.0, 4 / (1 / 30 + 1 / 10)).low)
    rare = bootstrap.per_class(("ant", "bee"))[1]
    assert (rare.support, rare.recall) == (10, wilson(1.0, 10))


def test_the_calibration_error_keeps_its_value_in_the_middle():
    interval = made_up(60).calibration_error()
    assert interval.low < interval.value - 0.01
    assert interval.value + 0.01 < interval.high


def test_a_class_without_photos_has_no_certain_figure():
    without = Bootstrap(np.eye(3)[[0, 1, 1]], np.array([0, 1, 0]), np.arange(3), 0).per_class(("a", "b", "c"))[2]
    assert (without.support, without.recall.value, without.recall.low, without.recall.high) == (0, 0.0, 0.0, 1.0)
