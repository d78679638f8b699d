from __future__ import annotations

import numpy as np
import pytest

from enxerto.backbones import Tap
from enxerto.errors import DataError
from enxerto.training import TapScore, best_tap, score_tap, train_probe, train_probes

CLASSES = ("ant", "bee", "cat")
LABELS = np.arange(60) % 3


def features(noise: float, seed: int = 0) -> np.ndarray:
    dice = np.random.default_rng(seed)
    return (dice.normal(size=(3, 8))[LABELS] + noise * dice.normal(size=(60, 8))).astype(np.float32)


def score(tap: Tap, noise: float) -> TapScore:
    return score_tap(tap, features(noise), LABELS, CLASSES, groups=np.arange(60))


def test_the_tap_whose_features_tell_the_classes_apart_is_the_best() -> None:
    scores = [score(Tap("early"), 2.0), score(Tap("middle"), 0.3), score(Tap(), 5.0)]
    assert best_tap(scores) == Tap("middle")
    assert scores[1].right.mean() > scores[0].right.mean() > 1 / 3
    assert scores[1].width == 8


def test_noise_is_right_by_chance_only() -> None:
    rights = [
        score_tap(
            Tap(), np.random.default_rng(seed).normal(size=(60, 8)).astype(np.float32), LABELS, CLASSES,
            groups=np.arange(60),
        ).right.mean()
        for seed in range(8)
    ]  # fmt: skip
    assert np.mean(rights) == pytest.approx(1 / 3, abs=0.08)


def test_photos_of_a_group_are_never_on_both_sides() -> None:
    noise = np.random.default_rng(0).normal(size=(20, 200)).astype(np.float32)
    copies, labels = np.repeat(noise, 3, axis=0), np.repeat(np.arange(20) % 2, 3)
    apart = score_tap(Tap(), copies, labels, CLASSES[:2], groups=np.arange(60)).right.mean()
    together = score_tap(Tap(), copies, labels, CLASSES[:2], groups=np.repeat(np.arange(20), 3)).right.mean()
    assert apart > 0.9 > together


def test_where_nothing_can_be_compared_the_last_one_is_taken() -> None:
    unknown = [TapScore(Tap(name), 8, None, np.zeros(1, bool)) for name in ("early", "last")]
    assert best_tap(unknown) == Tap("last")
    assert best_tap([*unknown, score(Tap("known"), 1.0), unknown[1]]) == Tap("known")


def test_features_that_are_not_finite_are_refused() -> None:
    broken = features(1.0)
    broken[3, 2] = np.nan
    with pytest.raises(DataError, match="`features` must be finite"):
        score_tap(Tap(), broken, LABELS, CLASSES, groups=np.arange(60))


def test_each_fit_learns_from_its_own_features() -> None:
    sides = [f"fold{index % 2}" for index in range(60)]
    good, bad = features(0.2), features(9.0)
    mixed = train_probes([good, bad, good], LABELS, CLASSES, sides)
    right = mixed.decisions.predicted == LABELS
    assert right[0::2].mean() > 0.9 > right[1::2].mean()  # fold0 was answered on good features, fold1 on bad ones
    assert mixed.probe.settings() == train_probe(good, LABELS, CLASSES, sides).probe.settings()
