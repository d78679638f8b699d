import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enxerto.errors import DataError
from enxerto.heads.folds import group_indices, stratified_folds


def test_without_groups_every_photo_is_its_own():
    assert group_indices(None, 3).tolist() == [0, 1, 2]


def test_groups_are_numbered_in_order_of_appearance():
    assert group_indices(["b", "a", "b", "c"], 4).tolist() == [0, 1, 0, 2]


def test_one_group_a_photo_is_required():
    with pytest.raises(DataError, match="one entry a photo: expected 3, got 2"):
        group_indices(["a", "b"], 3)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=2, max_size=60),
    st.integers(2, 6),
    st.integers(0, 9),
)
def test_a_group_is_never_torn_apart_and_every_fold_is_used(photos, folds, seed):
    labels = np.array([label for label, _ in photos])
    groups = np.array([group for _, group in photos])
    distinct = len(set(groups.tolist()))
    if distinct < 2:
        return
    dealt = stratified_folds(labels, groups=groups, folds=folds, seed=seed)
    assert all(len(set(dealt[groups == group].tolist())) == 1 for group in groups)
    assert set(dealt.tolist()) == set(range(min(folds, distinct)))


def test_single_photos_of_every_class_are_spread_evenly():
    labels = np.repeat([0, 1, 2], [50, 23, 7])
    dealt = stratified_folds(labels, folds=5, seed=3)
    counts = np.array([np.bincount(dealt[labels == label], minlength=5) for label in range(3)])
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1


def test_a_class_with_two_groups_is_in_every_training_side():
    labels = np.array([0] * 20 + [1] * 4)
    groups = np.array([*range(20), 20, 20, 21, 21])
    dealt = stratified_folds(labels, groups=groups, folds=5)
    assert len(set(dealt[labels == 1].tolist())) == 2


def test_the_seed_decides():
    labels = np.repeat([0, 1], 20)
    assert np.array_equal(stratified_folds(labels, seed=4), stratified_folds(labels, seed=4))
    assert not np.array_equal(stratified_folds(labels, seed=4), stratified_folds(labels, seed=5))


def test_one_group_cannot_be_held_out():
    with pytest.raises(DataError, match="2 groups or more, got 1"):
        stratified_folds(np.array([0, 1, 0]), groups=["a", "a", "a"])
