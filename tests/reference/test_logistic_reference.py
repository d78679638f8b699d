"""The head against scikit-learn's LogisticRegression, which minimizes the same objective."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from enxerto.heads.linear import solve
from enxerto.heads.logistic import minimize, problems_of, start
from enxerto.heads.rotation import rotate
from enxerto.heads.threads import few_threads

NAMES = ("ant", "bee", "cat", "dog")


@pytest.fixture(autouse=True)
def one_thread():
    with few_threads(80):
        yield


def made_up(classes, photos, axes):
    generator = np.random.default_rng(classes)
    labels = generator.integers(0, classes, photos)
    centers = generator.normal(size=(classes, axes))
    return centers[labels] + 2 * generator.normal(size=(photos, axes)) + 3, labels


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("strength", [0.1, 10.0])
def test_the_minimum_is_that_of_scikit_learn(classes, strength):
    rows, labels = made_up(classes, 80, 12)
    rows = rows - rows.mean(axis=0)
    weights = np.random.default_rng(0).integers(0, 3, 80).astype(float)
    problems = problems_of(rows, (rows**2).mean(axis=0), labels, weights[:, None], classes)
    ours = minimize(problems, strength, start(problems), tolerance=1e-9)
    theirs = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(rows, labels, sample_weight=weights)
    assert np.allclose(ours.coefficients[:, 0].T, theirs.coef_, atol=1e-6)
    intercept = theirs.intercept_ - (theirs.intercept_.mean() if classes > 2 else 0)
    bias = ours.bias[0] - (ours.bias[0].mean() if classes > 2 else 0)
    assert np.allclose(bias, intercept, atol=1e-6)


@pytest.mark.parametrize(("classes", "photos", "axes"), [(2, 60, 200), (4, 60, 200), (4, 200, 30)])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_the_solved_head_is_that_of_scikit_learn_at_the_same_penalty(classes, photos, axes, class_weight):
    rows, labels = made_up(classes, photos, axes)
    features = rows.astype(np.float32)
    solved = solve(features, labels, NAMES[:classes], class_weight=class_weight)
    rotation = rotate(features)
    scaled = (features - rotation.mean) / rotation.scale
    theirs = LogisticRegression(C=solved.C, class_weight=class_weight, tol=1e-10, max_iter=10_000).fit(scaled, labels)
    logits = solved.head.logits(features)
    ours = np.exp(logits - logits.max(axis=1, keepdims=True))
    ours /= ours.sum(axis=1, keepdims=True)
    assert np.allclose(ours, theirs.predict_proba(scaled), atol=2e-3)
