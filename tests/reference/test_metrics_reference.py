"""The figures against scikit-learn's, and against literal versions of the papers' definitions."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from enxerto.evaluation import metrics as ours
from enxerto.evaluation.suspicion import suspicious_labels


def made_up(seed, photos=60, classes=5):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(classes, 0.4), size=photos)
    labels = np.where(generator.random(photos) < 0.6, probabilities.argmax(axis=1), generator.integers(0, 4, photos))
    return probabilities, labels


@pytest.mark.parametrize("seed", range(5))
def test_class_figures_are_those_of_scikit_learn(seed):
    probabilities, labels = made_up(seed)
    predicted = probabilities.argmax(axis=1)
    weights = np.random.default_rng(seed).integers(0, 3, (2, 60)).astype(float)
    tallied = ours.class_tallies(labels, predicted, 5, weights)
    for row in range(2):
        precision, recall, f1, _ = theirs.precision_recall_fscore_support(
            labels, predicted, labels=range(5), sample_weight=weights[row], zero_division=0
        )
        assert np.allclose(tallied.precision[row], precision)
        assert np.allclose(tallied.recall[row], recall)
        assert np.allclose(tallied.f1[row], f1)
    seen = weights[0] > 0
    present = np.unique(labels[seen])
    assert tallied.macro(tallied.f1)[0] == pytest.approx(tallied.f1[0, present].mean())
    assert np.array_equal(
        ours.confusion_matrix(labels, predicted, 5), theirs.confusion_matrix(labels, predicted, labels=range(5))
    )


@pytest.mark.parametrize("seed", range(3))
def test_log_loss_and_balanced_accuracy_are_those_of_scikit_learn(seed):
    probabilities, labels = made_up(seed, classes=4)
    tallied = ours.class_tallies(labels, probabilities.argmax(axis=1), 4, np.ones((1, 60)))
    assert tallied.macro(tallied.recall)[0] == pytest.approx(
        theirs.balanced_accuracy_score(labels, probabilities.argmax(axis=1))
    )
    assert ours.log_losses(probabilities, labels).mean() == pytest.approx(
        theirs.log_loss(labels, probabilities, labels=range(4))
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_calibration_error_is_guos_equation_3(seed):
    probabilities, labels = made_up(seed, photos=100)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence)
    literal = 0.0
    for members in np.split(order, 10):  # 100 photos without ties: ten bins of ten
        literal += len(members) / 100 * abs(right[members].mean() - confidence[members].mean())
    edges = ours.equal_mass_bins(confidence)
    assert len(edges) == 11
    assert ours.calibration_error(confidence, right, edges, np.ones((1, 100)))[0] == pytest.approx(literal)


@pytest.mark.parametrize("seed", range(3))
def test_suspicious_labels_are_off_the_diagonal_of_northcutts_confident_joint(seed):
    probabilities, labels = made_up(seed, classes=4)
    literal = []
    for photo in range(60):
        confident = [
            label for label in range(4) if probabilities[photo, label] >= probabilities[labels == label, label].mean()
        ]
        if confident:
            best = max(confident, key=lambda label: probabilities[photo, label])
            if best != labels[photo] and probabilities[photo, best] > probabilities[photo, labels[photo]]:
                literal.append(photo)
    assert sorted(suspicious_labels(probabilities, labels).tolist()) == literal
