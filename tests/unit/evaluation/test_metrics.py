import numpy as np
import pytest

from enxerto.evaluation.metrics import (
    ClassFigures,
    calibration_error,
    class_tallies,
    confusion_matrix,
    equal_mass_bins,
    log_losses,
)


def test_a_class_never_predicted_and_one_without_photos_count_as_zero():
    labels, predicted = np.array([0, 0, 1]), np.array([0, 2, 0])
    figures = class_tallies(labels, predicted, 4, np.ones((1, 3)))
    assert figures.precision[0].tolist() == [0.5, 0, 0, 0]
    assert figures.recall[0].tolist() == [0.5, 0, 0, 0]
    assert figures.f1[0].tolist() == [0.5, 0, 0, 0]


def test_macro_averages_leave_out_classes_without_photos():
    figures = ClassFigures(np.array([[2.0, 4.0, 0.0]]), np.array([[2.0, 3.0, 1.0]]), np.array([[2.0, 2.0, 0.0]]))
    assert figures.macro(figures.recall).tolist() == [0.75]


def test_every_row_of_weights_is_a_sample():
    labels, predicted = np.array([0, 1, 1]), np.array([0, 0, 1])
    figures = class_tallies(labels, predicted, 2, np.array([[1.0, 1.0, 1.0], [0.0, 3.0, 1.0]]))
    assert figures.support.tolist() == [[1, 2], [0, 4]]
    assert figures.right.tolist() == [[1, 1], [0, 1]]


def test_confusion_has_a_row_a_label():
    assert confusion_matrix(np.array([0, 0, 2]), np.array([0, 1, 2]), 3).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_a_probability_of_zero_has_a_finite_loss():
    assert log_losses(np.array([[1.0, 0.0]]), np.array([1]))[0] == pytest.approx(-np.log(1e-15))


@pytest.mark.parametrize(("photos", "bins"), [(5, 1), (40, 4), (1000, 15)])
def test_bins_hold_as_many_photos_each(photos, bins):
    confidence = np.random.default_rng(0).random(photos)
    edges = equal_mass_bins(confidence)
    counts = np.bincount(np.searchsorted(edges, confidence, side="left"))[1:]
    assert len(edges) == bins + 1
    assert counts.max() - counts.min() <= 1


def test_equal_probabilities_share_a_bin():
    confidence = np.repeat([0.6, 1.0], [20, 80])
    assert equal_mass_bins(confidence).tolist() == [0.0, 0.6, 1.0]


def test_the_calibration_error_of_two_bins():
    confidence, right = np.repeat([0.6, 0.9], 10), np.repeat([True, False], [14, 6])
    error = calibration_error(confidence, right, np.array([0, 0.6, 0.9]), np.ones((1, 20)))
    assert error[0] == pytest.approx(0.5 * 0.4 + 0.5 * 0.5)
