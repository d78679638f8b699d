"""Accuracy on photos that something has happened to, by classifiers that look at one thing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tiny_canvases import noise

from enxerto.attack.robustness import corruptions
from enxerto.attack.robustness.mishaps import happen, shrunk
from enxerto.attack.robustness.records import CorruptionRecord
from enxerto.errors import UnknownNameError
from enxerto.types import Images, Labels


def is_bright(photos: Sequence[Images], /) -> Labels:
    return np.array([int(photo.mean() > 127.5) for photo in photos])


DARK, BRIGHT = np.full((30, 24, 3), 100, np.uint8), np.full((30, 24, 3), 160, np.uint8)


def test_accuracy_falls_only_where_what_counts_is_harmed() -> None:
    names = [f"{place}.png" for place in range(6)]
    photos = [DARK + place if place < 3 else BRIGHT + place for place in range(6)]
    records = corruptions.measure(is_bright, names, photos, [0, 0, 0, 1, 1, 1], short_side_px=24)
    made = corruptions.summary(records)
    assert made is not None
    assert len(records) == 6 * 31
    assert len(made.results) == 30
    assert (made.clean.count, made.clean.of) == (6, 6)
    by_kind = {kind: [each.accuracy.value for each in made.results if each.kind == kind] for kind in ("blur", "crop")}
    assert by_kind == {"blur": [1.0] * 5, "crop": [1.0] * 5}
    bright = [each for each in made.results if each.kind == "brightness"]
    assert bright[0].accuracy.value == 1
    assert bright[4].accuracy.value < 1
    assert bright[4].setting == "brighter or darker by 0.5 of the range"
    assert made.mean == pytest.approx(sum(each.accuracy.value for each in made.results) / 30)


def test_photos_are_shrunk_to_what_the_network_needs_before_anything_happens() -> None:
    seen = []

    def watching(photos: Sequence[Images], /) -> Labels:
        seen.extend(photos)
        return is_bright(photos)

    photo = noise(60, 48)
    corruptions.measure(watching, ["a"], [photo], [0], short_side_px=24, kinds=["noise"], strengths=[2], seed=5)
    small = shrunk(photo, 24)
    assert [each.shape for each in seen] == [(30, 24, 3)] * 2
    assert (seen[0] == small).all()
    assert (seen[1] == happen(small, "noise", 2, seed=5)).all()


def test_a_photo_s_records_do_not_depend_on_its_chunk() -> None:
    photos = [noise(seed=seed) for seed in range(3)]

    def run(rows: Sequence[int]) -> list[CorruptionRecord]:
        return corruptions.measure(
            is_bright, [f"{row}" for row in rows], [photos[row] for row in rows], [0] * len(rows), short_side_px=20
        )

    alone = {(record.photo, record.kind, record.strength): record for row in range(3) for record in run([row])}
    assert {(record.photo, record.kind, record.strength): record for record in run(range(3))} == alone


def test_partial_records_give_partial_results() -> None:
    assert corruptions.summary([]) is None
    assert corruptions.measure(is_bright, [], [], [], short_side_px=24) == []
    made = corruptions.summary([CorruptionRecord("a", "none", 0, 1, 1)])
    assert made is not None
    assert (made.results, made.mean, made.clean.value) == ((), None, 1.0)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown corruption 'fog'"):
        corruptions.measure(is_bright, ["a"], [DARK], [0], short_side_px=24, kinds=["fog"])
