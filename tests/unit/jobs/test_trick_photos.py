from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from enxerto.data import Photo, PhotoSet
from enxerto.errors import DataError
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.tricks.photos import Sides, draw, two_sides


def photo_set(counts: dict[tuple[str, str | None], int]) -> PhotoSet:
    """So many photos of each (class, side)."""
    photos = [
        Photo(Path(f"{label}{side}{number}"), f"{label}{side}{number}", label, side)
        for (label, side), count in counts.items()
        for number in range(count)
    ]
    return PhotoSet(Path(), tuple(photos), "made up")


def labelled(photos: PhotoSet, groups: list[int] | None = None) -> LabelledPhotos:
    numbers = np.array(groups or range(len(photos)))
    labels = np.array([photos.classes.index(photo.label or "") for photo in photos.photos])
    content = np.zeros((len(photos), 32), dtype=np.uint8)
    return LabelledPhotos(photos, photos.classes, labels, numbers, numbers, content, numbers)


def test_few_photos_are_all_taken() -> None:
    listed = photo_set({("a", None): 5, ("b", None): 300})
    drawn = draw(listed, 0)
    assert (drawn.photos.photos, drawn.note) == (listed.photos, "")


def test_of_many_some_are_drawn_evenly_and_it_is_said() -> None:
    drawn = draw(photo_set({("a", None): 100, ("b", None): 5000}), 0)
    assert Counter(photo.label for photo in drawn.photos.photos) == {"a": 100, "b": 700}
    assert drawn.note == "To keep runs quick, 800 of 5,100 photos were drawn."
    assert draw(drawn.photos, 1).note == ""
    other = draw(photo_set({("a", None): 100, ("b", None): 5000}), 1)
    assert other.photos.photos != drawn.photos.photos


def test_every_class_keeps_photos_to_learn_from() -> None:
    many = {(f"{number:03d}", None): 9 for number in range(300)}
    drawn = draw(photo_set(many), 0)
    assert min(Counter(photo.label for photo in drawn.photos.photos).values()) == 4
    learn, unseen = two_sides(labelled(drawn.photos), 0)
    of_class = np.bincount(labelled(drawn.photos).labels[learn], minlength=300)
    assert of_class.min() >= 2
    assert len(learn) + len(unseen) == 1300


def test_val_is_measured_on_and_test_only_where_there_is_no_val() -> None:
    counts = {("a", "train"): 4, ("b", "train"): 450, ("a", "val"): 3, ("b", "val"): 2, ("a", "test"): 9}
    drawn = draw(photo_set(counts), 0)
    assert Counter(photo.split for photo in drawn.photos.photos) == {"train": 400, "val": 5}
    assert drawn.note == "To keep runs quick, 400 of 454 photos to learn from were drawn."
    learn, unseen = two_sides(labelled(drawn.photos), 0)
    assert {drawn.photos.photos[row].split for row in learn} == {"train"}
    assert {drawn.photos.photos[row].split for row in unseen} == {"val"}
    tested = draw(photo_set({("a", "train"): 4, ("b", "train"): 4, ("a", "test"): 500}), 0)
    assert Counter(photo.split for photo in tested.photos.photos) == {"train": 8, "test": 400}
    assert tested.note == "To keep runs quick, 400 of 500 photos to measure on were drawn."


def test_sides_that_leave_photos_out_are_refused() -> None:
    with pytest.raises(DataError, match="2 of 5 photos have no side"):
        draw(photo_set({("a", "train"): 3, ("b", None): 2}), 0)


def test_three_in_ten_of_each_class_are_held_out_and_groups_stay_together() -> None:
    photos = labelled(photo_set({("a", None): 20, ("b", None): 10}), [*range(10), *range(10), *range(20, 30)])
    learn, unseen = two_sides(photos, 0)
    assert np.bincount(photos.labels[unseen]).tolist() == [6, 3]
    assert not set(photos.groups[learn]) & set(photos.groups[unseen])
    assert not np.array_equal(unseen, two_sides(photos, 1)[1])


def test_more_are_measured_on_where_that_is_too_many_to_learn_from() -> None:
    learn, unseen = two_sides(labelled(photo_set({("a", None): 400, ("b", None): 400})), 0)
    assert (len(learn), len(unseen)) == (400, 400)


def test_copies_of_photos_learned_from_are_not_measured_on() -> None:
    photos = photo_set({("a", "train"): 3, ("b", "train"): 3, ("a", "val"): 2, ("b", "val"): 2})
    _, unseen = two_sides(labelled(photos, [0, 1, 2, 3, 4, 5, 0, 7, 8, 9]), 0)
    assert unseen.tolist() == [7, 8, 9]
    with pytest.raises(DataError, match="measured on 2 photos or more .* got 1; add photos"):
        two_sides(labelled(photos, [0, 1, 2, 3, 4, 5, 0, 1, 2, 9]), 0)


def sides() -> Sides:
    photos = labelled(photo_set({("a", None): 10, ("b", None): 10}))
    features = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    features[:, 0] += 6 * photos.labels
    return Sides(photos, features, *two_sides(photos, 0), 0, None)


def test_the_probe_learns_from_one_side_and_is_measured_on_the_other() -> None:
    probe = sides().probe_accuracy()
    assert (probe.value, probe.high) == (1.0, 1.0)
    assert 0.5 < probe.low < 0.7, "six photos"


def test_accuracy_over_several_runs_has_the_interval_of_one_classifier() -> None:
    right = np.array([[1.0, 1, 1, 0, 0, 1], [1, 1, 1, 0, 1, 1]])
    accuracy = sides().accuracy(right)
    assert accuracy.value == pytest.approx(0.75)
    once = sides().accuracy(right[:1])
    assert once.low < accuracy.low < accuracy.high < 1


def test_what_decides_runs_is_in_the_identity() -> None:
    given = sides()
    assert given.identity == sides().identity
    assert replace(given, unseen=given.unseen[1:]).identity != given.identity
    assert given.material.features.shape == (20, 1, 4)
    assert len(given.material.validation) == 0
