"""AutoAttack at several radii."""

from __future__ import annotations

from tiny_defences import rows_of, undefended

from enxerto.attack import autoattack
from enxerto.attack.robustness import curve, standard
from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.robustness.records import NearestRecord, StandardRecord


def test_who_withstands_is_what_autoattack_says_at_each_radius() -> None:
    subject, chunk = undefended(photos=4)
    radii = (0.06, 0.03)
    records = standard.measure(subject, chunk, "linf", radii, steps=3)
    assert [record.radius for record in records] == [0.03] * 4 + [0.06] * 4
    for radius in radii:
        found = autoattack.run(subject, chunk.pixels, chunk.goal, "linf", chunk.radius(radius), steps=3)
        fell = [record.fell_to is not None for record in records if record.radius == radius]
        assert fell == found.success.tolist()
    small, large = standard.summary(records)
    assert small.accuracy.value > large.accuracy.value > 0
    assert sum(count for _, count in large.fell_to) == 4 - large.accuracy.count
    assert round(large.grey, 6) == 15.3


def test_what_is_known_is_not_attacked_again() -> None:
    subject, chunk = undefended(photos=3)
    labels = chunk.labels.clone()
    labels[0] = (labels[0] + 1) % 4
    chunk = Chunk(chunk.names, chunk.pixels, labels)
    nearest, _ = curve.measure(subject, chunk, "linf", steps=30)
    other = [NearestRecord(name, "l2", 0, 0.0, 1, False) for name in chunk.names]
    before = subject.forwards
    records = standard.measure(subject, chunk, "linf", (1.0,), nearest=[*nearest, *other])
    assert subject.forwards == before
    assert [record.fell_to for record in records] == ["clean", "minimal", "minimal"]
    assert [record.fell_to for record in standard.measure(subject, chunk, "linf", (0.0,), steps=1)] == [
        "clean",
        None,
        None,
    ]


def test_the_order_of_what_they_fell_to_is_that_of_the_attacks() -> None:
    fell = ["square", None, "clean", "apgd-ce", "clean"]
    (made,) = standard.summary([StandardRecord(f"{i}", "l2", 0.5, 0, by) for i, by in enumerate(fell)])
    assert made.fell_to == (("clean", 2), ("apgd-ce", 1), ("square", 1))
    assert (made.accuracy.count, made.accuracy.of, made.grey) == (1, 5, 127.5)


def test_a_photo_s_record_does_not_depend_on_its_chunk() -> None:
    subject, chunk = undefended(photos=3)
    together = standard.measure(subject, chunk, "l2", (0.2, 0.6), steps=2)
    alone = [
        record
        for row in range(3)
        for record in standard.measure(subject, rows_of(chunk, row, row + 1), "l2", (0.2, 0.6), steps=2)
    ]
    assert sorted(alone, key=lambda record: (record.radius, record.photo)) == together
