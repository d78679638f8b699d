import json

import numpy as np
import pytest

from enxerto.errors import DataError, OptionError
from enxerto.heads.calibration import fit_temperature, softmax
from enxerto.heads.conformal import fit_set_threshold
from enxerto.heads.familiarity import fit_familiarity
from enxerto.heads.linear import LinearHead, solve
from enxerto.heads.probe import LinearProbe, calibrate, fit_probe

NAMES = ("ant", "bee", "cat")


def made_up(photos, noise=1.5, seed=0):
    generator = np.random.default_rng(7)
    centers = 4 + generator.normal(size=(3, 16))
    generator = np.random.default_rng(seed)
    labels = np.arange(photos) % 3
    return (centers[labels] + noise * generator.normal(size=(photos, 16))).astype(np.float32), labels


@pytest.fixture(scope="module")
def probe():
    return fit_probe(*made_up(150), NAMES, coverage=0.9)


def test_new_photos_are_decided_with_calibrated_probabilities(probe):
    features, labels = made_up(3000, seed=1)
    decisions = probe.decide(features)
    assert np.allclose(decisions.probabilities.sum(axis=1), 1)
    right = decisions.predicted == labels
    assert decisions.probabilities.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.05)
    assert decisions.sets[np.arange(3000), labels].mean() == pytest.approx(0.9, abs=0.04)
    assert decisions.unfamiliar.mean() == pytest.approx(0.05, abs=0.04)
    assert np.array_equal(decisions.unfamiliar, decisions.familiarity < probe.familiarity.threshold)


def test_the_temperature_does_not_change_the_answers(probe):
    features, _ = made_up(50, seed=1)
    assert np.array_equal(probe.decide(features).predicted, probe.head.logits(features).argmax(axis=1))


def test_photos_like_none_of_the_classes_are_unfamiliar(probe):
    assert probe.decide(-made_up(20)[0]).unfamiliar.all()


def test_some_rows_can_be_taken(probe):
    features, _ = made_up(9, seed=1)
    decisions = probe.decide(features)
    mask = np.arange(9) > 6
    assert np.array_equal(decisions.rows(mask).sets, decisions.rows(np.array([7, 8])).sets)
    assert np.array_equal(decisions.rows(mask).familiarity, decisions.familiarity[7:])


def test_a_probe_comes_back_from_what_is_saved(probe):
    settings = json.loads(json.dumps(probe.settings()))
    again = LinearProbe.from_parts(probe.tensors(), settings)
    features, _ = made_up(30, seed=2)
    assert again.settings() == probe.settings()
    assert again.classes == NAMES
    before, after = probe.decide(features), again.decide(features)
    assert before.probabilities.tobytes() == after.probabilities.tobytes()
    assert np.array_equal(before.familiarity, after.familiarity)
    assert np.array_equal(before.sets, after.sets)


def test_photos_without_another_of_their_class_do_not_spoil_the_calibration():
    features, labels = made_up(80, noise=0.3)
    labels = np.where(labels == 2, labels - 1, labels)
    labels[:1] = 2
    probe = fit_probe(features, labels, NAMES)
    assert not solve(features, labels, NAMES).answerable[0]
    assert probe.decide(features[1:]).probabilities.max(axis=1).min() > 0.9


def test_a_single_photo_of_each_class_is_decided_with_every_class_in_the_set():
    features, labels = made_up(3, noise=0.1)
    decisions = fit_probe(features, labels, NAMES).decide(features)
    assert decisions.predicted.tolist() == labels.tolist()
    assert decisions.sets.all()
    assert not decisions.unfamiliar.any()


def test_what_cannot_be_learned_from_is_refused():
    features, labels = made_up(30)
    with pytest.raises(OptionError, match="between 0 and 1"):
        fit_probe(features, labels, NAMES, coverage=1.0)
    with pytest.raises(DataError, match="one entry a photo"):
        fit_probe(features, labels, NAMES, groups=["a"])


def test_a_head_from_elsewhere_is_made_honest_by_photos_that_it_has_not_learned_from():
    features, labels = made_up(90)
    generator = np.random.default_rng(5)
    head = LinearHead(generator.normal(size=(3, 16)).astype(np.float32), np.zeros(3, dtype=np.float32), NAMES)
    logits, answers = 3 * generator.normal(size=(40, 3)), generator.integers(0, 3, 40)
    groups, new = np.arange(90) // 2, np.arange(90) > 70
    search = ((1.0, 0.5),)
    probe = calibrate(
        head, features, labels, (logits, answers), new=new, groups=groups, coverage=0.8, C=2.0, search=search
    )
    assert probe.head is head
    assert probe.temperature == fit_temperature(logits, answers)
    assert probe.set_threshold == fit_set_threshold(softmax(logits / probe.temperature), answers, 0.8)
    familiarity = fit_familiarity(features, labels, groups, new=new)
    assert probe.familiarity.threshold == familiarity.threshold
    assert np.array_equal(probe.familiarity.bank, familiarity.bank)
    assert (probe.coverage, probe.C, probe.search) == (0.8, 2.0, search)


def test_views_are_learned_from_and_only_photos_as_in_use_calibrate():
    features, labels = made_up(60)
    views = np.random.default_rng(3).normal(size=(60, 2, 16)).astype(np.float32) + features[:, None]
    probe = fit_probe(features, labels, NAMES, views=views)
    shown = np.concatenate([features, views[:, 0], views[:, 1]])
    solved = solve(shown, np.tile(labels, 3), NAMES, groups=np.tile(np.arange(60), 3))
    assert np.array_equal(probe.head.weight, solved.head.weight)
    assert probe.temperature == fit_temperature(solved.out_of_fold_logits[:60], labels)
    assert np.array_equal(probe.familiarity.bank, fit_probe(features, labels, NAMES).familiarity.bank)


def test_no_views_are_as_none():
    features, labels = made_up(30)
    probe = fit_probe(features, labels, NAMES, views=np.empty((30, 0, 16), dtype=np.float32))
    assert np.array_equal(probe.head.weight, fit_probe(features, labels, NAMES).head.weight)
