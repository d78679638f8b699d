from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from enxerto.data import Photo, PhotoSet
from enxerto.errors import DataError
from enxerto.heads.calibration import fit_temperature
from enxerto.heads.linear import solve
from enxerto.tuning import Material
from enxerto.tuning.initialization import initial_head

CLASSES = ("ant", "bee", "cat")


def material(photos: int = 60, views: int = 1, noise: float = 1.0, **changes: Any) -> Material:
    dice = np.random.default_rng(0)
    labels = np.arange(photos) % 3
    centers = dice.normal(size=(3, 6))
    features = centers[labels][:, None] + noise * dice.normal(size=(photos, views, 6))
    listed = tuple(Photo(Path(f"{row}.png"), f"{row}.png", CLASSES[label]) for row, label in enumerate(labels))
    usual = Material(
        photos=PhotoSet(Path(), listed, "made up"), content=np.zeros((photos, 32), dtype=np.uint8), labels=labels,
        classes=CLASSES, groups=np.arange(photos), features=features.astype(np.float32),
        validation=np.arange(0), class_weight=None, coverage=0.9, seed=1, limits=None,
    )  # fmt: skip
    return replace(usual, **changes)


@pytest.mark.parametrize(("share", "held_out"), [(0.2, 12), (0.25, 15), (0.5, 30), (0.1, 6)])
def test_a_share_of_every_class_is_held_out(share: float, held_out: int) -> None:
    given = material()
    rows = np.arange(60)
    learn, chosen_by = given.parts(rows, share)
    assert len(chosen_by) == held_out
    assert np.array_equal(np.sort(np.concatenate([learn, chosen_by])), rows)
    assert np.bincount(given.labels[chosen_by]).tolist() == [held_out // 3] * 3


def test_only_rows_that_a_round_may_learn_from_are_in_its_parts() -> None:
    rows = np.arange(7, 50, 2)
    learn, chosen_by = material().parts(rows, 0.2)
    assert set(learn.tolist()) | set(chosen_by.tolist()) == set(rows.tolist())
    assert not set(learn.tolist()) & set(chosen_by.tolist())


def test_photos_of_a_group_stay_together() -> None:
    groups = np.arange(60) // 6
    learn, chosen_by = material(groups=groups).parts(np.arange(60), 0.2)
    assert not set(groups[learn].tolist()) & set(groups[chosen_by].tolist())


def test_another_seed_holds_out_others() -> None:
    parts = [material(seed=seed).parts(np.arange(60), 0.2)[1].tolist() for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2]


def test_photos_for_validation_are_what_is_chosen_by() -> None:
    learn, chosen_by = material(validation=np.array([50, 51])).parts(np.arange(40), 0.2)
    assert np.array_equal(learn, np.arange(40))
    assert chosen_by.tolist() == [50, 51]


@pytest.mark.parametrize("photos", [2, 3, 10])
def test_few_photos_of_a_class_are_enough_for_both_parts(photos: int) -> None:
    given = material(3 * photos)
    learn, chosen_by = given.parts(np.arange(3 * photos), 0.2)
    assert set(given.labels[learn].tolist()) == {0, 1, 2}
    assert len(chosen_by) >= 1


@pytest.mark.parametrize("copies", [False, True])
def test_a_class_of_one_photo_or_of_copies_of_one_can_t_be_parted(copies: bool) -> None:
    groups = np.arange(60)
    rows = np.flatnonzero((groups % 3 != 1) | (groups == 1))
    if copies:
        rows, groups = np.arange(60), np.where(groups % 3 == 1, 1, groups)
    with pytest.raises(DataError, match=r"'bee' has only one to learn from; add photos of it"):
        material(groups=groups).parts(rows, 0.2)


def test_the_head_to_start_from_is_the_solved_one_at_its_temperature() -> None:
    given = material()
    learn = np.arange(0, 48)
    start = given.start(learn, "solved")
    solved = solve(given.features[learn, 0], given.labels[learn], CLASSES, groups=given.groups[learn], seed=1)
    known = solved.answerable
    temperature = fit_temperature(solved.out_of_fold_logits[known], given.labels[learn][known])
    assert (start.C, start.search) == (solved.C, solved.search)
    assert torch.allclose(start.weight * temperature, torch.from_numpy(solved.head.weight), rtol=1e-5)
    assert torch.allclose(start.bias * temperature, torch.from_numpy(solved.head.bias), rtol=1e-5, atol=1e-7)
    assert (start.weight.dtype, start.bias.dtype) == (torch.float32, torch.float32)


def test_the_head_never_sees_photos_that_are_chosen_by() -> None:
    given = material()
    learn, chosen_by = given.parts(np.arange(60), 0.2)
    spoilt = given.features.copy()
    spoilt[chosen_by] = 1e6
    for kind in ("solved", "he"):
        assert torch.equal(given.start(learn, kind).weight, replace(given, features=spoilt).start(learn, kind).weight)


def test_views_are_photos_of_the_same_group() -> None:
    given = material(views=3)
    start = given.start(np.arange(60), "solved")
    solved = solve(
        given.features.reshape(180, 6), np.repeat(given.labels, 3), CLASSES, groups=np.repeat(given.groups, 3), seed=1
    )
    assert start.C == solved.C
    assert start.weight.shape == (3, 6)
    ratio = start.weight.numpy() / solved.head.weight  # by the temperature
    assert np.allclose(ratio, ratio[0, 0], rtol=1e-3)


@pytest.mark.parametrize("kind", ["uniform", "normal", "inverse-sqrt", "xavier", "he"])
def test_a_random_head_is_drawn_from_the_seed(kind: str) -> None:
    given = material()
    start = given.start(np.arange(60), kind)
    weight, bias = initial_head(kind, 6, 3, torch.Generator().manual_seed(1))
    assert torch.equal(start.weight, weight)
    assert torch.equal(start.bias, bias)
    assert start.C == given.start(np.arange(60), "solved").C
    assert not torch.equal(material(seed=2).start(np.arange(60), kind).weight, weight)


@pytest.mark.parametrize("photos", [1, 2])
def test_one_photo_of_a_class_is_enough_to_start(photos: int) -> None:
    start = material(3 * photos).start(np.arange(3 * photos), "solved")
    assert torch.isfinite(start.weight).all()
    assert torch.isfinite(start.bias).all()


def test_classes_count_the_same_only_where_asked_for() -> None:
    rows = np.flatnonzero((np.arange(60) % 3 != 1) | (np.arange(60) < 30))  # 20, 10 and 20 photos
    assert material().weights(rows).tolist() == [1, 1, 1]
    balanced = material(class_weight="balanced")
    assert balanced.weights(rows).tolist() == pytest.approx([50 / 60, 50 / 30, 50 / 60])
    assert not torch.equal(balanced.start(rows, "solved").bias, material().start(rows, "solved").bias)
