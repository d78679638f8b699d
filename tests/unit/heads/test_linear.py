import numpy as np
import pytest

from enxerto.errors import DataError
from enxerto.heads import linear as module
from enxerto.heads.linear import LinearHead, solve

NAMES = ("ant", "bee", "cat")


def made_up(photos=90, classes=3, noise=1.0, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.arange(photos) % classes
    centers = generator.normal(size=(classes, 16))
    return (3 + centers[labels] + noise * generator.normal(size=(photos, 16))).astype(np.float32), labels


def test_logits_are_float64_whatever_the_blocks(monkeypatch):
    features, _ = made_up()
    head = LinearHead(np.full((3, 16), 0.1, np.float32), np.arange(3, dtype=np.float32), NAMES)
    expected = features.astype(np.float64) @ head.weight.T.astype(np.float64) + head.bias
    monkeypatch.setattr(module, "BLOCK_ROWS", 7)
    assert head.logits(features).dtype == np.float64
    assert np.allclose(head.logits(features), expected, rtol=1e-14)


def test_features_of_another_length_are_refused():
    head = LinearHead(np.zeros((3, 16), np.float32), np.zeros(3, np.float32), NAMES)
    with pytest.raises(DataError, match=r"shape \(photos, 16\), got \(2, 5\)"):
        head.logits(np.zeros((2, 5), np.float32))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_solved_head_tells_new_photos_apart(classes):
    features, labels = made_up(300, classes)
    solved = solve(features[:90], labels[:90], NAMES[:classes])
    logits = solved.head.logits(features[90:])
    assert logits.shape == (210, classes)
    assert (logits.argmax(axis=1) == labels[90:]).mean() > 0.85
    assert solved.head.weight.dtype == solved.head.bias.dtype == np.float32
    assert solved.answerable.all()


def test_two_solutions_are_equal_bit_for_bit():
    features, labels = made_up()
    first, second = (solve(features, labels, NAMES, seed=1) for _ in range(2))
    assert first.head.weight.tobytes() == second.head.weight.tobytes()
    assert first.out_of_fold_logits.tobytes() == second.out_of_fold_logits.tobytes()


def test_duplicates_in_one_group_do_not_help():
    features, labels = made_up(30, noise=6.0)
    twice, both = np.vstack([features, features]), np.concatenate([labels, labels])
    groups = np.concatenate([np.arange(30), np.arange(30)])

    def accuracy(groups):
        solved = solve(twice, both, NAMES, groups=groups)
        return (solved.out_of_fold_logits.argmax(axis=1) == both).mean()

    assert accuracy(None) > accuracy(groups) + 0.15


def test_balanced_classes_count_the_same():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], [190, 10])
    features = (labels[:, None] + generator.normal(size=(200, 4))).astype(np.float32)

    def recall_of_the_rare(class_weight):
        head = solve(features, labels, NAMES[:2], class_weight=class_weight).head
        return (head.logits(features).argmax(axis=1)[labels == 1] == 1).mean()

    assert recall_of_the_rare("balanced") > recall_of_the_rare(None) + 0.2


def test_constant_features_leave_the_share_of_each_class():
    labels = np.repeat([0, 1, 2], [20, 10, 10])
    logits = solve(np.ones((40, 8), np.float32), labels, NAMES).head.logits(np.ones((1, 8), np.float32))[0]
    assert np.allclose(np.exp(logits) / np.exp(logits).sum(), [0.5, 0.25, 0.25], atol=0.02)


@pytest.mark.parametrize("photos_a_class", [1, 2, 3])
def test_a_few_photos_a_class_are_enough_to_solve(photos_a_class):
    features, labels = made_up(3 * photos_a_class, noise=0.1)
    head = solve(features, labels, NAMES).head
    assert (head.logits(features).argmax(axis=1) == labels).all()


def nan_in_row_4():
    features, labels = made_up()
    features[4, 2] = np.nan
    return features, labels


@pytest.mark.parametrize(
    ("features", "labels", "classes", "message"),
    [
        (*made_up(), ("ant",), "two classes or more, got 1"),
        (made_up()[0][:5], made_up()[1], NAMES, r"shape \(90, features\), got \(5, 16\)"),
        (*nan_in_row_4(), NAMES, "NaN or infinity in row 4"),
        (*made_up(), NAMES[:2], r"lie in 0..1, got 0..2"),
        (made_up()[0], made_up()[1] - 1, NAMES, r"lie in 0..2, got -1..1"),
        (*made_up(), (*NAMES, "dog"), "class 'dog' has no photos"),
        (made_up()[0][:0], made_up()[1][:0], NAMES, "no photos to learn from"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(features, labels, classes, message):
    with pytest.raises(DataError, match=message):
        solve(features, labels, classes)
