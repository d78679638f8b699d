from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_engines import tiny_backbone

from enxerto.attack.robustness.records import CertifiedRecord
from enxerto.data import Limits, Photo
from enxerto.errors import OptionError, PhotoError, UnknownNameError
from enxerto.jobs.robustness.answers import CleanRecord, measurable
from enxerto.jobs.robustness.journal import Journal
from enxerto.jobs.robustness.photos import Album, Looked
from enxerto.jobs.robustness.schedule import FIRST_PHOTOS, Schedule
from enxerto.jobs.robustness.sections import Section, chosen_parts
from enxerto.progress import silent

PHOTOS = 12


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class MadeUpAlbum(Album):
    """Photos that need no file; number 3 has vanished."""

    def look(self, number: int) -> Looked:
        if number == 3:
            raise PhotoError("vanished", "no such file")
        empty = np.zeros((1, 1, 3), dtype=np.uint8)
        return Looked(f"{number}.png", 0, empty, empty, b"")


def album() -> Album:
    photos = tuple(Photo(Path(f"{number}.png"), f"{number}.png", "cat") for number in range(PHOTOS))
    return MadeUpAlbum(photos, (0,) * PHOTOS, tiny_backbone().preprocessing, Limits())


def section(
    name: str, clock: Clock, pace: float, time: float = 1.0, *, only_right: bool = False, after: str = ""
) -> Section:
    def measure(looked: list[Looked]) -> list[CertifiedRecord]:
        clock.now += pace * len(looked)
        return [CertifiedRecord(each.name, 0, 0, 0.1, 0.9) for each in looked]

    return Section(name, name, time, measure, only_right, after)


def scheduled(make: Callable[[Clock], list[Section]], deadline: float, wrong: int = -1) -> tuple[Schedule, Journal]:
    clock, journal = Clock(), Journal(None, "me")
    clean = [CleanRecord(f"{number}.png", 0, int(number == wrong)) for number in range(PHOTOS)]
    made = Schedule(make(clock), album(), clean, range(PHOTOS), journal, deadline, clock)
    return made, journal


def test_sections_share_the_time_by_their_weight() -> None:
    schedule, journal = scheduled(lambda c: [section("heavy", c, 2.0, 3.0), section("light", c, 2.0, 1.0)], 26.0)
    assert schedule.run(silent, lambda: None) is False
    assert journal.seconds("heavy") > 1.5 * journal.seconds("light") > 0
    assert journal.seconds() <= 26.0
    assert [len(piece.photos) for piece in journal.pieces][:2] == [FIRST_PHOTOS, FIRST_PHOTOS]


def test_all_is_measured_where_there_is_time_and_vanished_photos_are_passed_over() -> None:
    schedule, journal = scheduled(lambda c: [section("a", c, 0.1), section("b", c, 0.1)], 1000.0)
    schedule.run(silent, lambda: None)
    assert [(schedule.done(each), schedule.of(each)) for each in schedule.sections] == [(PHOTOS, PHOTOS)] * 2
    names = [each.photo for each in journal.records("a", CertifiedRecord)]
    assert names == [f"{number}.png" for number in range(PHOTOS) if number != 3]


def test_wrong_photos_are_passed_over_where_they_say_nothing() -> None:
    schedule, journal = scheduled(lambda c: [section("a", c, 0.1, only_right=True)], 1000.0, wrong=5)
    schedule.run(silent, lambda: None)
    assert schedule.of(schedule.sections[0]) == PHOTOS - 1
    assert 5 not in journal.done("a")


def test_a_section_waits_for_the_one_that_it_follows() -> None:
    schedule, journal = scheduled(
        lambda c: [section("second", c, 0.1, 9.0, after="first"), section("first", c, 3)], 1000
    )
    schedule.run(silent, lambda: None)
    seen: set[int] = set()
    for piece in journal.pieces:
        if piece.section == "first":
            seen |= set(piece.photos)
        assert set(piece.photos) <= seen
    assert journal.done("second") == seen


def test_what_was_measured_is_not_measured_again() -> None:
    schedule, journal = scheduled(lambda c: [section("a", c, 0.1)], 1000.0)
    journal.add("a", range(10), 1.0, [])
    schedule.run(silent, lambda: None)
    assert [piece.photos for piece in journal.pieces[1:]] == [(10, 11)]


def test_photos_that_take_no_time_do_not_make_the_next_piece_large() -> None:
    def make(clock: Clock) -> list[Section]:
        slow = section("a", clock, 5.0)

        def measure(looked: list[Looked]) -> Sequence[object]:
            clock.now -= 4.999 * sum(each.name in ("0.png", "1.png") for each in looked)
            return slow.measure(looked)

        return [replace(slow, measure=measure)]

    schedule, journal = scheduled(make, 30.0)
    schedule.run(silent, lambda: None)
    assert [len(piece.photos) for piece in journal.pieces[:2]] == [2, 2]
    assert journal.seconds() < 30.0 + 5.0


def test_a_section_may_take_fewer_photos_at_a_time() -> None:
    schedule, journal = scheduled(lambda c: [replace(section("a", c, 0.1), most=1)], 1000.0)
    schedule.run(silent, lambda: None)
    assert {len(piece.photos) for piece in journal.pieces} == {1}


def test_no_time_left_measures_nothing() -> None:
    schedule, journal = scheduled(lambda c: [section("a", c, 0.1)], 0.0)
    schedule.run(silent, lambda: None)
    assert journal.pieces == []


def test_ctrl_c_ends_it_with_what_was_measured() -> None:
    schedule, journal = scheduled(lambda c: [section("a", c, 0.1)], 1000.0)

    def interrupt() -> None:
        raise KeyboardInterrupt

    assert schedule.run(silent, interrupt) is True
    assert len(journal.pieces) == 1


def test_photos_that_were_learned_from_count_only_where_there_are_no_others() -> None:
    new, learned = CleanRecord("a", 0, 0), CleanRecord("b", 0, 0, learned=True)
    broken = CleanRecord("c", 0, -1, problem="no such file (vanished)")
    assert measurable([learned, new, broken]) == [1]
    assert measurable([learned, broken, learned]) == [0, 2]


@pytest.mark.parametrize(
    ("only", "norms", "found"),
    [
        ([], ["l2", "linf"], (6, ("linf", "l2"))),
        (["masking", "curves", "masking"], ["l0"], (2, ("l0",))),
    ],
)
def test_parts_and_norms_come_once_and_in_order(only: list[str], norms: list[str], found: tuple[int, object]) -> None:
    parts, chosen = chosen_parts(only, norms)
    assert (len(parts), chosen) == found


def test_impossible_parts_and_norms_are_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown norm 'l3'; did you mean l"):
        chosen_parts([], ["l3"])
    with pytest.raises(UnknownNameError, match="unknown part 'curve'; did you mean curves"):
        chosen_parts(["curve"], ["l2"])
    with pytest.raises(OptionError, match="`norms` must name at least one of linf, l2, l1, l0"):
        chosen_parts([], [])
    with pytest.raises(OptionError, match="AutoAttack has standard radii in linf and l2, got l0"):
        chosen_parts(["autoattack"], ["l0"])
