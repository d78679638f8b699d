import numpy as np

from enxerto.heads import search as module
from enxerto.heads.folds import stratified_folds
from enxerto.heads.rotation import rotate
from enxerto.heads.search import GRID, PATIENCE, WORTHWHILE, search


def made_up(photos, noise):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, photos)
    centers = generator.normal(size=(3, 20))
    return rotate((centers[labels] + noise * generator.normal(size=(photos, 20))).astype(np.float32)), labels


def test_the_path_ends_once_weaker_penalties_stop_helping():
    rotation, labels = made_up(120, noise=3.0)
    found = search(rotation, labels, np.ones(120), stratified_folds(labels), classes=3, seed=0)
    tried = [C for C, _ in found.losses]
    losses = [loss for _, loss in found.losses]
    assert tried == list(GRID[: len(tried)])
    chosen = tried.index(found.C)
    assert len(tried) == chosen + 1 + PATIENCE < len(GRID)
    assert losses[chosen] <= min(losses) / (1 - WORTHWHILE)


def test_no_photo_is_answered_by_a_head_that_has_learned_from_it(monkeypatch):
    monkeypatch.setattr(module, "GRID", (1.0,))
    rotation, labels = made_up(60, noise=2.0)
    folds = stratified_folds(labels)
    before = search(rotation, labels, np.ones(60), folds, classes=3, seed=0).out_of_fold_logits
    changed = labels.copy()
    changed[7] = (labels[7] + 1) % 3
    after = search(rotation, changed, np.ones(60), folds, classes=3, seed=0).out_of_fold_logits
    same_fold = folds == folds[7]
    assert np.allclose(after[same_fold], before[same_fold], atol=0.01)
    assert np.abs(after[~same_fold] - before[~same_fold]).max() > 0.1


def test_many_photos_are_searched_on_a_sample_and_solved_in_full(monkeypatch):
    rotation, labels = made_up(200, noise=2.0)
    folds = stratified_folds(labels)
    full = search(rotation, labels, np.ones(200), folds, classes=3, seed=0)
    monkeypatch.setattr(module, "SEARCH_PHOTOS", 80)
    monkeypatch.setattr(module, "PHOTOS_A_CLASS", 1)
    monkeypatch.setattr(module, "GRID", (full.C, 1e3, 1e4))
    sampled = search(rotation, labels, np.ones(200), folds, classes=3, seed=0)
    assert sampled.C == full.C
    assert sampled.losses[0] != full.losses[GRID.index(full.C)]
    assert np.allclose(sampled.out_of_fold_logits, full.out_of_fold_logits, atol=0.02)


def test_photos_whose_class_no_other_fold_has_are_not_answerable():
    rotation, labels = made_up(40, noise=1.0)
    folds = stratified_folds(labels)
    folds[labels == 2] = 0
    found = search(rotation, labels, np.ones(40), folds, classes=3, seed=0)
    assert np.array_equal(found.answerable, labels != 2)


def test_where_nothing_is_answerable_the_penalty_is_the_usual_one():
    found = search(*made_up_pair(), np.ones(2), np.array([0, 1]), classes=2, seed=0)
    assert found.C == 1.0
    assert not found.losses
    assert not found.answerable.any()


def made_up_pair():
    return rotate(np.eye(2, 4, dtype=np.float32)), np.array([0, 1])


def test_answers_for_one_class_only_say_nothing():
    labels = np.array([0, 0, 0, 0, 1])
    rotation = rotate(np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32))
    found = search(rotation, labels, np.ones(5), np.array([0, 0, 1, 1, 0]), classes=2, seed=0)
    assert (found.C, found.losses) == (1.0, ())
    assert not found.answerable.any()
