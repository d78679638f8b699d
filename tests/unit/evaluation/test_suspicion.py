import numpy as np

from enxerto.evaluation.suspicion import suspicious_labels
from enxerto.heads.calibration import fit_temperature, softmax
from enxerto.heads.linear import solve


def test_the_more_probable_another_class_the_more_suspicious():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.45, 0.55], [0.1, 0.9], [0.95, 0.05], [0.02, 0.98]])
    labels = np.array([0, 0, 0, 1, 1, 0])
    # The mean of label 1 is (0.9 + 0.05) / 2 = 0.475, that of label 0 is 0.5425.
    assert suspicious_labels(probabilities, labels).tolist() == [5, 4, 2]


def test_an_answer_less_confident_than_its_class_usually_gets_is_no_accusation():
    probabilities = np.array([[0.4, 0.6], [0.9, 0.1], [0.02, 0.98], [0.01, 0.99]])
    assert suspicious_labels(probabilities, np.array([0, 0, 1, 1])).tolist() == []


def test_a_class_without_photos_accuses_nobody():
    probabilities = np.array([[0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
    assert suspicious_labels(probabilities, np.array([0, 0])).tolist() == []


def test_flipped_labels_are_found():
    generator = np.random.default_rng(0)
    truth = np.arange(400) % 4
    features = (generator.normal(size=(4, 32))[truth] + 0.6 * generator.normal(size=(400, 32))).astype(np.float32)
    flipped = np.arange(400) < 20
    labels = np.where(flipped, (truth + 1 + np.arange(400) // 4 % 3) % 4, truth)
    logits = solve(features, labels, ("ant", "bee", "cat", "dog")).out_of_fold_logits
    found = suspicious_labels(softmax(logits / fit_temperature(logits, labels)), labels)
    assert flipped[found].mean() > 0.9
    assert np.isin(np.flatnonzero(flipped), found).mean() > 0.8
