"""Curves from smallest changes; on linear networks these are known."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from tiny_attacks import ConstantNetwork, linear_network, tiny_photos
from tiny_defences import chunk_of, rows_of, undefended

from enxerto.attack.norms import NORMS, distance
from enxerto.attack.robustness import curve
from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.robustness.records import NearestRecord


def record(distance: float | None, norm: str = "linf") -> NearestRecord:
    return NearestRecord("a.png", norm, 0, distance, 1, False)


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2), ("l1", torch.inf)])
def test_on_a_linear_network_the_curve_is_the_distances_to_its_plane(norm: str, dual: float) -> None:
    network = linear_network(2)
    subject, chunk = chunk_of(network, tiny_photos(5, 6, low=0.45, high=0.55))
    logits = subject.logits(chunk.pixels)
    weight = (network.weight[0] - network.weight[1]).detach()
    exact = (logits[:, 0] - logits[:, 1]).abs() / torch.linalg.vector_norm(weight, ord=dual)

    records, points = curve.measure(subject, chunk, norm)

    found = torch.tensor([each.distance for each in records])
    torch.testing.assert_close(found, exact, rtol=0.02, atol=1e-6)
    torch.testing.assert_close(distance(points - chunk.pixels, norm), found)
    assert [each.answer for each in records] == (1 - chunk.labels).tolist()
    middle = float(exact.median())
    made = curve.summary(records, norm, (0.0, middle * 0.97, middle * 1.03, 1e3))
    assert [each.accuracy.count for each in made.points] == [5, 3, 2, 0]
    assert made.median == pytest.approx(middle, rel=0.02)
    assert made.median_grey == pytest.approx(255 * middle, rel=0.02)


def test_a_photo_that_is_wrong_needs_no_change_and_is_not_in_the_median() -> None:
    subject, chunk = undefended(3, 4)
    labels = chunk.labels.clone()
    labels[1] = (labels[1] + 1) % 3
    records, points = curve.measure(subject, Chunk(chunk.names, chunk.pixels, labels), "l2", steps=20)
    made = curve.summary(records, "l2")
    assert records[1].distance == 0
    assert torch.equal(points[1], chunk.pixels[1])
    assert (made.clean.count, made.clean.of, made.points[0].accuracy.count) == (3, 4, 3)
    others = sorted(each.distance or 0 for each in records if each.distance)
    assert made.median == others[1]


def test_what_is_not_found_counts_as_right_at_every_radius() -> None:
    subject, chunk = chunk_of(ConstantNetwork(), tiny_photos(2))
    records, _ = curve.measure(subject, chunk, "l0", steps=10)
    made = curve.summary(records, "l0")
    assert [(each.distance, each.answer, each.flat) for each in records] == [(None, 0, True)] * 2
    assert (made.unfound, made.flat, made.distances, made.median, made.median_grey) == (2, 2, (), None, None)
    assert {each.accuracy.count for each in made.points} == {2}


@pytest.mark.parametrize(
    ("distances", "median"), [((0.1, 0.2, None), 0.2), ((0.1, None), None), ((0.0, 0.3), 0.3), ((0.0,), None)]
)
def test_the_median_is_of_photos_that_were_right_and_none_beyond_what_was_found(
    distances: tuple[float | None, ...], median: float | None
) -> None:
    assert curve.summary([record(each) for each in distances], "linf").median == median


def test_a_change_of_just_the_radius_fools_within_it() -> None:
    assert not curve.right_within(record(0.5), 0.5)
    assert curve.right_within(record(0.5), 0.4)


@pytest.mark.parametrize("norm", NORMS)
def test_curves_fall_and_keep_norms_apart(norm: str) -> None:
    records = [record(size, each) for each in NORMS for size in (0.0, 0.003, 0.2, 40.0, None)]
    made = curve.summary(records, norm)
    counts = [each.accuracy.count for each in made.points]
    assert made.photos == 5
    assert counts[0] == 4
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < 4


def test_a_photo_s_record_does_not_depend_on_its_chunk_and_survives_json() -> None:
    subject, chunk = undefended(photos=3)
    together, _ = curve.measure(subject, chunk, "l2", steps=20, seed=3)
    alone = [curve.measure(subject, rows_of(chunk, row, row + 1), "l2", steps=20, seed=3)[0][0] for row in range(3)]
    assert alone == together
    assert [NearestRecord(**json.loads(json.dumps(asdict(each)))) for each in together] == together
