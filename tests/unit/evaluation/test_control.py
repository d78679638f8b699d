import numpy as np
import pytest

from enxerto.evaluation.control import control

CLASSES = ("ant", "bee", "cat")


def made_up():
    generator = np.random.default_rng(0)
    labels = np.arange(90) % 3
    good = generator.normal(size=(3, 16))[labels] + 0.7 * generator.normal(size=(90, 16))
    return good.astype(np.float32), generator.normal(size=(90, 16)).astype(np.float32), labels


def test_features_that_tell_classes_apart_lift():
    good, bad, labels = made_up()
    result = control(good, bad, labels, CLASSES)
    assert result.photos == 90
    assert result.lift.value == pytest.approx(result.pretrained.value - result.random.value)
    assert result.lift.low > 0.3
    assert result.random.low < 1 / 3 < result.random.high


def test_the_same_features_do_not():
    good, _, labels = made_up()
    lift = control(good, good, labels, CLASSES, seed=1).lift
    assert lift.value == 0
    assert lift.low <= 0 <= lift.high


def test_groups_are_not_torn_apart():
    noise = np.random.default_rng(1).normal(size=(90, 200)).astype(np.float32)
    twice, both, groups = np.vstack([noise, noise]), np.arange(180) % 3, np.tile(np.arange(90), 2)
    assert control(twice, twice, both, CLASSES).pretrained.value > 0.6
    assert control(twice, twice, both, CLASSES, groups=groups).pretrained.value < 0.5
