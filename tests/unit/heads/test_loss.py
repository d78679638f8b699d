import numpy as np
import pytest

from enxerto.heads import loss as module
from enxerto.heads.loss import mean_loss


def problem(columns, classes):
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(30, 4))
    labels = generator.integers(0, classes, 30)
    weights = generator.random((30, 3))
    return rows, labels, weights / weights.sum(axis=0), generator.normal(size=(5, 3, columns))


@pytest.mark.parametrize(("columns", "classes"), [(1, 2), (3, 3)])
def test_the_gradient_is_that_of_finite_differences(columns, classes):
    rows, labels, weights, table = problem(columns, classes)
    _, gradient = mean_loss(rows, labels, weights, table)
    numeric = np.zeros_like(table)
    for index in np.ndindex(table.shape):
        step = np.zeros_like(table)
        step[index] = 1e-6
        above, below = (mean_loss(rows, labels, weights, table + sign * step)[0] for sign in (1, -1))
        numeric[index] = (above - below) / 2e-6
    assert np.allclose(gradient, numeric, atol=1e-7)


def test_one_column_is_two_classes_with_opposite_logits():
    rows, labels, weights, table = problem(1, 2)
    two = np.concatenate([-table, table], axis=2) / 2
    assert mean_loss(rows, labels, weights, table)[0] == pytest.approx(mean_loss(rows, labels, weights, two)[0])


@pytest.mark.parametrize(("columns", "classes"), [(1, 2), (4, 4)])
def test_blocks_add_up(columns, classes, monkeypatch):
    rows, labels, weights, table = problem(columns, classes)
    loss, gradient = mean_loss(rows, labels, weights, table)
    monkeypatch.setattr(module, "BLOCK_LOGITS", 7 * 3 * columns)
    in_blocks, gradient_in_blocks = mean_loss(rows, labels, weights, table)
    assert in_blocks == pytest.approx(loss, rel=1e-12)
    assert np.allclose(gradient_in_blocks, gradient, atol=1e-14)


def test_large_logits_neither_overflow_nor_become_nan():
    rows = np.array([[1000.0], [-1000.0]], dtype=np.float32)
    loss, gradient = mean_loss(rows, np.array([1, 1]), np.full((2, 1), 0.5, np.float32), np.array([[[1.0]], [[0.0]]]))
    assert loss == pytest.approx(500.0)
    assert np.isfinite(gradient).all()
