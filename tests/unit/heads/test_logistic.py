import numpy as np
import pytest

from enxerto.heads.logistic import minimize, problems_of, start
from enxerto.heads.threads import few_threads


@pytest.fixture(autouse=True)
def one_thread():
    with few_threads(60):
        yield


def made_up(classes, photos=60, axes=5):
    generator = np.random.default_rng(classes)
    labels = generator.integers(0, classes, photos)
    rows = generator.normal(size=(photos, axes)) + generator.normal(size=(classes, axes))[labels]
    return rows, (rows**2).mean(axis=0), labels


@pytest.mark.parametrize("classes", [2, 4])
def test_problems_solved_together_are_those_solved_alone(classes):
    rows, variances, labels = made_up(classes)
    weights = np.random.default_rng(0).integers(0, 3, (60, 3)).astype(float)
    together = problems_of(rows, variances, labels, weights, classes)
    joint = minimize(together, 2.0, start(together), tolerance=1e-9)
    for index in range(3):
        single = problems_of(rows, variances, labels, weights[:, index : index + 1], classes)
        alone = minimize(single, 2.0, start(single), tolerance=1e-9)
        assert np.allclose(joint.coefficients[:, index], alone.coefficients[:, 0], atol=1e-6)
        assert np.allclose(joint.bias[index], alone.bias[0], atol=1e-6)


def test_a_photo_counted_twice_is_two_photos():
    rows, variances, labels = made_up(3)
    twice = problems_of(rows, variances, labels, np.where(np.arange(60) < 10, 2.0, 1.0)[:, None], 3)
    copied = np.concatenate([np.arange(60), np.arange(10)])
    copies = problems_of(rows[copied], variances, labels[copied], np.ones((70, 1)), 3)
    weighted, doubled = (minimize(problems, 1.0, start(problems), tolerance=1e-9) for problems in (twice, copies))
    assert np.allclose(weighted.coefficients, doubled.coefficients, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_without_coefficients_the_start_answers_with_the_share_of_each_class(classes):
    rows, variances, labels = made_up(classes, photos=3000)
    bias = start(problems_of(rows, variances, labels, np.ones((3000, 1)), classes)).bias[0]
    logits = np.array([0.0, bias[0]]) if classes == 2 else bias
    assert np.allclose(np.exp(logits) / np.exp(logits).sum(), np.bincount(labels) / 3000, atol=1e-3)


def test_a_class_without_photos_stays_where_it_starts():
    rows, variances, labels = made_up(3)
    problems = problems_of(rows, variances, labels, (labels != 2).astype(float)[:, None], 3)
    begin = start(problems)
    solution = minimize(problems, 10.0, begin)
    assert not solution.coefficients[:, 0, 2].any()
    assert solution.bias[0, 2] == pytest.approx(begin.bias[0, 2])
    assert solution.coefficients[:, 0, :2].any()
