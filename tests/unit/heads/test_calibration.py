import numpy as np
import pytest

from enxerto.heads.calibration import TEMPERATURES, fit_temperature, log_softmax, softmax


def test_probabilities_survive_large_logits():
    logits = np.array([[1000.0, 0.0], [-1000.0, 1000.0]])
    assert softmax(logits).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert log_softmax(logits)[0].tolist() == [0.0, -1000.0]
    assert np.allclose(np.exp(log_softmax(np.eye(3))), softmax(np.eye(3)))


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_that_spoiled_the_logits_is_found(temperature):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4000, 3)) * 2
    labels = (generator.random((4000, 1)) > softmax(logits).cumsum(axis=1)).sum(axis=1)
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.1)


def test_it_minimizes_the_smoothed_loss():
    generator = np.random.default_rng(1)
    logits, labels = generator.normal(size=(50, 4)), generator.integers(0, 4, 50)
    logits[np.arange(50), labels] += 1.5

    def loss(temperature):
        of_each = log_softmax(logits / temperature)
        return -(50 / 51) * of_each[np.arange(50), labels].mean() - (1 / 51) * of_each.mean()

    best = fit_temperature(logits, labels)
    assert loss(best) < min(loss(best * 1.01), loss(best / 1.01))


def test_few_perfect_answers_do_not_earn_certainty():
    logits = np.array([[5.0, 0.0], [0.0, 5.0]] * 5)
    labels = np.array([0, 1] * 5)
    probability = softmax(logits / fit_temperature(logits, labels)).max()
    assert probability == pytest.approx(1 - 0.5 / 11)


@pytest.mark.parametrize(("sign", "bound"), [(-1, TEMPERATURES[1]), (1e-4, TEMPERATURES[0])])
def test_the_temperature_is_bounded(sign, bound):
    labels = np.arange(100) % 2
    assert fit_temperature(sign * np.eye(2)[labels], labels) == bound


def test_weights_count_photos():
    generator = np.random.default_rng(2)
    logits, labels = generator.normal(size=(30, 3)), generator.integers(0, 3, 30)
    logits[np.arange(30), labels] += 1
    weights = np.where(np.arange(30) < 5, 1.0, 0.0)
    assert fit_temperature(logits, labels, weights) != pytest.approx(fit_temperature(logits, labels))
    assert fit_temperature(logits, labels, np.full(30, 7.0)) == pytest.approx(fit_temperature(logits, labels))


def test_without_photos_nothing_is_changed():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=np.int64)) == 1.0
