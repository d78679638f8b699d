import numpy as np
import pytest

from enxerto.heads import familiarity as module
from enxerto.heads.familiarity import Familiarity, fit_familiarity


def made_up(photos, seed=0, center=0):
    generator = np.random.default_rng(seed)
    return (np.eye(24)[center] * 4 + generator.normal(size=(photos, 24))).astype(np.float32)


def test_the_score_is_the_mean_cosine_to_the_nearest():
    bank = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float16)
    scores = Familiarity(bank, 0.0, neighbors=2).score(np.array([[2.0, 0.0], [-3.0, -3.0]], dtype=np.float32))
    assert np.allclose(scores, [0.5, (0.5**0.5 - 0.5**0.5) / 2], atol=1e-6)


def test_a_bank_smaller_than_the_neighbors_is_used_whole():
    assert Familiarity(np.eye(2, dtype=np.float16), 0.0, neighbors=5).score(np.eye(2, dtype=np.float32)).tolist() == [
        0.5,
        0.5,
    ]


def test_features_of_zero_are_like_nothing():
    assert Familiarity(np.eye(3, dtype=np.float16), 0.1).score(np.zeros((1, 3), np.float32)).tolist() == [0.0]


@pytest.mark.parametrize("rejected", [0.05, 0.2])
def test_the_stated_share_of_photos_like_these_is_turned_away(rejected):
    features = made_up(3000)
    fitted = fit_familiarity(features[:1000], np.zeros(1000, int), np.arange(1000), rejected=rejected)
    turned_away = (fitted.score(features[1000:]) < fitted.threshold).mean()
    assert turned_away == pytest.approx(rejected, abs=0.03)


def test_photos_of_another_kind_are_turned_away():
    fitted = fit_familiarity(made_up(200), np.zeros(200, int), np.arange(200))
    assert (fitted.score(made_up(100, seed=1, center=5)) < fitted.threshold).all()


def test_duplicates_do_not_vouch_for_each_other():
    features = np.vstack([made_up(60)] * 4)
    groups = np.tile(np.arange(60), 4)
    together = fit_familiarity(features, np.zeros(240, int), groups)
    apart = fit_familiarity(features, np.zeros(240, int), np.arange(240))
    assert apart.threshold > 0.99
    assert together.threshold < 0.9


def test_with_too_few_photos_to_say_nothing_is_turned_away():
    assert fit_familiarity(made_up(10), np.zeros(10, int), np.arange(10)).threshold == -1.0


def test_a_large_set_is_banked_with_as_many_photos_of_every_class(monkeypatch):
    monkeypatch.setattr(module, "BANK_PHOTOS", 30)
    labels = np.repeat([0, 1, 2], [80, 15, 5])
    features = np.eye(3, dtype=np.float32)[labels]
    fitted = fit_familiarity(features, labels, np.arange(100))
    assert fitted.bank.argmax(axis=1).tolist().count(2) == 5
    assert np.bincount(fitted.bank.argmax(axis=1)).tolist() == [13, 12, 5]


def test_blocks_do_not_change_scores(monkeypatch):
    features = made_up(50)
    fitted = fit_familiarity(features, np.zeros(50, int), np.arange(50))
    whole = fitted.score(features)
    monkeypatch.setattr(module, "BLOCK_ROWS", 7)
    assert np.allclose(fitted.score(features), whole, atol=1e-6)


def test_where_only_some_photos_are_like_new_ones_their_scores_alone_decide():
    """A tuned network sees what it has learned from as more alike than what it hasn't."""
    learned = np.repeat(made_up(1), 300, axis=0) + made_up(300, seed=1) / 100
    features = np.vstack([learned, made_up(300, seed=2)]).astype(np.float32)
    new = np.arange(600) >= 300
    labels, groups = np.zeros(600, int), np.arange(600)
    fitted = fit_familiarity(features, labels, groups, new=new, rejected=0.1)
    assert (fitted.score(made_up(1000, seed=3)) < fitted.threshold).mean() == pytest.approx(0.1, abs=0.05)
    assert np.array_equal(fitted.bank, fit_familiarity(features, labels, groups).bank)
    careless = fit_familiarity(learned.astype(np.float32), labels[:300], groups[:300], rejected=0.1)
    assert (careless.score(made_up(1000, seed=3)) < careless.threshold).mean() > 0.5
