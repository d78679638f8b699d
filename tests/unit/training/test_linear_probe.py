from contextlib import contextmanager

import numpy as np
import pytest

from enxerto.errors import DataError
from enxerto.heads.probe import fit_probe
from enxerto.training.linear_probe import in_order, rounds, train_probe

CLASSES = ("ant", "bee", "cat")
FOLDS = [f"fold{index % 3}" for index in range(60)]
SIDES = ["train"] * 40 + ["val"] * 10 + ["test"] * 10


def made_up(noise=1.0):
    generator = np.random.default_rng(0)
    labels = np.arange(60) // 3 % 3
    features = 3 + generator.normal(size=(3, 12))[labels] + noise * generator.normal(size=(60, 12))
    return features.astype(np.float32), labels


@pytest.mark.parametrize(("sides", "evaluated"), [(SIDES, range(50, 60)), (SIDES[:50] + ["val"] * 10, range(40, 60))])
def test_with_given_sides_the_probe_evaluated_is_the_one_returned(sides, evaluated):
    features, labels = made_up()
    trained = train_probe(features, labels, CLASSES, sides)
    alone = fit_probe(features[:40], labels[:40], CLASSES)
    assert trained.evaluated.tolist() == list(evaluated)
    assert trained.probe.settings() == alone.settings()
    answers = trained.probe.decide(features[trained.evaluated]).probabilities
    assert np.array_equal(trained.decisions.probabilities, answers)


def test_with_folds_every_photo_is_answered_in_order_and_the_probe_has_learned_from_all():
    features, labels = made_up()
    trained = train_probe(features, labels, CLASSES, FOLDS)
    assert trained.evaluated.tolist() == list(range(60))
    assert trained.probe.settings() == fit_probe(features, labels, CLASSES).settings()
    learned = np.arange(60) % 3 != 1
    twin = fit_probe(features[learned], labels[learned], CLASSES).decide(features[~learned])
    for name in ("probabilities", "sets", "familiarity", "unfamiliar"):
        assert np.array_equal(getattr(trained.decisions, name)[~learned], getattr(twin, name))


@pytest.mark.parametrize("sides", [FOLDS, SIDES])
def test_what_a_photo_is_told_does_not_depend_on_its_label(sides):
    features, labels = made_up(noise=3.0)
    before = train_probe(features, labels, CLASSES, sides)
    photo = 55
    changed = labels.copy()
    changed[photo] = (labels[photo] + 1) % 3
    after = train_probe(features, changed, CLASSES, sides)
    row = before.evaluated.tolist().index(photo)
    for name in ("probabilities", "sets", "familiarity", "unfamiliar"):
        assert np.array_equal(getattr(before.decisions, name)[row], getattr(after.decisions, name)[row])


def test_noise_earns_chance_in_cross_validation():
    labels = np.arange(60) % 3
    accuracies, losses = [], []
    for seed in range(100, 124):
        features = np.random.default_rng(seed).normal(size=(60, 200)).astype(np.float32)
        decisions = train_probe(features, labels, CLASSES, [f"fold{index // 12}" for index in range(60)]).decisions
        accuracies.append((decisions.predicted == labels).mean())
        losses.append(-np.log(decisions.probabilities[np.arange(60), labels]).mean())
    assert np.mean(accuracies) == pytest.approx(1 / 3, abs=0.06)
    assert np.mean(losses) == pytest.approx(np.log(3), abs=0.06)


def test_duplicates_stay_on_one_side_of_inner_folds_too():
    generator = np.random.default_rng(1)
    features = np.repeat(generator.normal(size=(30, 200)), 2, axis=0).astype(np.float32)
    labels, pairs = np.arange(60) // 2 % 3, np.arange(60) // 2
    sides = ["train"] * 48 + ["test"] * 12
    apart, together = (train_probe(features, labels, CLASSES, sides, groups=groups).probe for groups in (None, pairs))
    assert apart.temperature < together.temperature
    assert apart.familiarity.threshold > together.familiarity.threshold + 0.1


def test_progress_counts_the_photos_learned_from():
    told = []

    @contextmanager
    def watched(_description, total):
        told.append(total)
        yield told.append

    train_probe(*made_up(), CLASSES, FOLDS, progress=watched)
    assert told == [180, 40, 40, 40, 60]


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        (FOLDS[:5], "one entry a photo: expected 60, got 5"),
        (["train"] * 60, "`train` and `test` or `val`, got train"),
        (["test"] * 60, "`train` and `test` or `val`, got test"),
        (["fold0"] * 60, "fold0, fold1, …; got fold0"),
        (["left", "right"] * 30, "got left, right"),
    ],
)
def test_sides_that_evaluate_nothing_are_refused(sides, message):
    with pytest.raises(DataError, match=message):
        train_probe(*made_up(), CLASSES, sides)


@pytest.mark.parametrize("sides", [FOLDS, SIDES])
def test_views_are_learned_from_on_the_same_side_as_their_photo(sides):
    features, labels = made_up()
    views = features[:, None] + np.random.default_rng(1).normal(size=(60, 2, 12)).astype(np.float32)
    trained = train_probe(features, labels, CLASSES, sides, views=views)
    learned = np.array([side not in ("fold0", "val", "test") for side in sides])
    answered = np.array([side in ("fold0", "test") for side in sides])
    alone = fit_probe(features[learned], labels[learned], CLASSES, views=views[learned])
    expected = alone.decide(features[answered]).probabilities
    rows = np.isin(trained.evaluated, np.flatnonzero(answered))
    assert np.array_equal(trained.decisions.probabilities[rows], expected)
    plain = train_probe(features, labels, CLASSES, sides)
    assert not np.array_equal(trained.probe.head.weight, plain.probe.head.weight)


def test_rounds_are_those_of_the_probe():
    ((learned, held_out),) = rounds(SIDES, 60)
    assert (learned.tolist(), held_out.tolist()) == (list(range(40)), list(range(50, 60)))
    for number, (learned, held_out) in enumerate(rounds(FOLDS, 60)):
        assert held_out.tolist() == list(range(number, 60, 3))
        assert sorted([*learned, *held_out]) == list(range(60))


def test_decisions_of_several_rounds_are_put_into_the_order_of_the_photos():
    features, labels = made_up()
    decisions = fit_probe(features, labels, CLASSES).decide(features)
    indices = [np.array([40, 3, 7]), np.array([5, 59])]
    joined, order = in_order([decisions.rows(rows) for rows in indices], indices)
    assert order.tolist() == [3, 5, 7, 40, 59]
    for name in ("probabilities", "sets", "familiarity", "unfamiliar"):
        assert np.array_equal(getattr(joined, name), getattr(decisions.rows(order), name))


def test_what_is_always_learned_from_is_never_evaluated():
    features, labels = made_up()
    sides = ["always" if index < 6 else fold for index, fold in enumerate(FOLDS)]
    assert [(len(learned), len(held_out)) for learned, held_out in rounds(sides, 60)] == [(42, 18)] * 3
    assert all(set(range(6)) <= set(learned.tolist()) for learned, _ in rounds(sides, 60))
    trained = train_probe(features, labels, CLASSES, sides)
    assert trained.evaluated.tolist() == list(range(6, 60))
    assert len(trained.decisions.probabilities) == 54
    assert trained.probe.settings() == fit_probe(features, labels, CLASSES).settings()
