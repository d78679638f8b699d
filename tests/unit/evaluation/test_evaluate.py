import numpy as np
import pytest

from enxerto.errors import DataError
from enxerto.evaluation.evaluate import LISTED, evaluate
from enxerto.evaluation.intervals import wilson
from enxerto.heads.probe import Decisions

CLASSES = ("ant", "bee", "cat")


def decisions_of(probabilities, sets=None, unfamiliar=None):
    photos = len(probabilities)
    sets = probabilities > 0.2 if sets is None else sets
    unfamiliar = np.zeros(photos, bool) if unfamiliar is None else unfamiliar
    return Decisions(np.asarray(probabilities), sets, np.zeros(photos), unfamiliar)


def made_up(photos=200, wrong=40):
    generator = np.random.default_rng(0)
    labels = np.where(np.arange(photos) % 2, 0, np.arange(photos) % 3)
    predicted = np.where(np.arange(photos) < wrong, (labels + 1) % 3, labels)
    confidence = generator.uniform(0.5, 0.99, photos)
    probabilities = np.repeat((1 - confidence)[:, None] / 2, 3, axis=1)
    probabilities[np.arange(photos), predicted] = confidence
    return decisions_of(probabilities, unfamiliar=np.arange(photos) % 10 == 0), labels


def run(decisions, labels, **options):
    names = [f"{photo}.jpg" for photo in range(len(labels))]
    return evaluate(decisions, labels, CLASSES, names, protocol="given test split", **options)


def test_every_figure_is_filled_in():
    decisions, labels = made_up()
    result = run(decisions, labels, coverage=0.9)
    assert (result.protocol, result.photos, result.classes) == ("given test split", 200, CLASSES)
    assert result.accuracy == wilson(0.8, 200)
    assert result.rejected == wilson(0.1, 200)
    assert result.macro_recall == result.balanced_accuracy
    assert result.balanced_accuracy.value == pytest.approx(np.mean([entry.recall.value for entry in result.per_class]))
    assert result.macro_f1.value == pytest.approx(np.mean([entry.f1.value for entry in result.per_class]))
    assert result.macro_precision.value == pytest.approx(np.mean([one.precision.value for one in result.per_class]))
    assert (result.majority_class, result.majority) == ("ant", (labels == 0).mean())
    assert [entry.support for entry in result.per_class] == np.bincount(labels).tolist()
    assert np.array(result.confusion).sum(axis=1).tolist() == np.bincount(labels).tolist()
    assert np.trace(result.confusion) == 160
    assert result.log_loss.low < result.log_loss.value < result.log_loss.high


def test_reliability_covers_every_photo_once():
    decisions, labels = made_up()
    bins = run(decisions, labels).reliability
    assert sum(one.photos for one in bins) == 200
    assert [one.low for one in bins[1:]] == [one.high for one in bins[:-1]]
    assert all(one.low < one.mean_probability <= one.high for one in bins)
    error = sum(one.photos / 200 * abs(one.mean_probability - one.accuracy.value) for one in bins)
    assert run(decisions, labels).calibration_error.value == pytest.approx(error)


def test_prediction_sets_are_compared_with_their_promise():
    sets = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)
    result = run(decisions_of(np.eye(3)[[0, 1, 2, 2]], sets), np.array([0, 1, 0, 2]), coverage=0.9).prediction_sets
    assert (result.stated, result.observed.value, result.mean_size, result.singletons) == (0.9, 0.75, 1.5, 0.5)


def test_the_most_confident_mistakes_come_first():
    decisions, labels = made_up()
    mistakes = run(decisions, labels).mistakes
    assert len(mistakes) == LISTED
    assert [one.probability for one in mistakes] == sorted((one.probability for one in mistakes), reverse=True)
    first = mistakes[0]
    photo = int(first.path.removesuffix(".jpg"))
    assert photo == decisions.probabilities[:40].max(axis=1).argmax()
    assert first.label == CLASSES[labels[photo]]
    assert first.predicted == CLASSES[decisions.probabilities[photo].argmax()]
    assert first.label_probability == decisions.probabilities[photo, labels[photo]]


def test_a_label_that_contradicts_a_sure_answer_is_suspicious():
    decisions = decisions_of(np.array([[0.98, 0.01, 0.01]] * 9 + [[0.01, 0.98, 0.01]] * 9))
    suspicious = run(decisions, np.repeat([0, 1], [10, 8])).suspicious_labels
    assert [(one.path, one.label, one.predicted) for one in suspicious] == [("9.jpg", "ant", "bee")]


def test_groups_widen_the_intervals():
    decisions, labels = made_up()
    alone, grouped = (run(decisions, labels, groups=groups) for groups in (None, np.arange(200) // 10))
    assert grouped.accuracy.value == alone.accuracy.value
    assert grouped.accuracy.low < alone.accuracy.low
    assert grouped.macro_f1.low < alone.macro_f1.low


def test_a_perfect_classifier_on_a_few_photos():
    result = run(decisions_of(np.eye(3)), np.arange(3))
    assert result.accuracy.value == 1.0
    assert result.accuracy.low < 0.5
    assert result.mistakes == result.suspicious_labels == ()


def test_what_cannot_be_evaluated_is_refused():
    decisions, labels = made_up()
    with pytest.raises(DataError, match="no photos to evaluate"):
        run(decisions_of(np.zeros((0, 3))), labels[:0])
    with pytest.raises(DataError, match=r"each of 5 labels, got 5 names and probabilities of shape \(200, 3\)"):
        run(decisions, labels[:5])
    with pytest.raises(DataError, match="got 1 names"):
        evaluate(decisions, labels, CLASSES, ["a"], protocol="given test split")
