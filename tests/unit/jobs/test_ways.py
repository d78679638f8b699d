from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_engines import tiny_backbone

from enxerto.data import Photo, PhotoSet
from enxerto.evaluation import compare
from enxerto.evaluation.results import Defense, Interval
from enxerto.heads import Decisions
from enxerto.heads.familiarity import Familiarity
from enxerto.heads.linear import LinearHead
from enxerto.heads.probe import LinearProbe
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.ways import HARDENED, PROBE, TUNED, Way, choose

PHOTOS = 120
LABELS = np.arange(PHOTOS) % 2


def labelled() -> LabelledPhotos:
    photos = tuple(Photo(Path(f"{n}.png"), f"{n}.png", "ab"[label]) for n, label in enumerate(LABELS))
    own = np.arange(PHOTOS)
    content = np.zeros((PHOTOS, 32), dtype=np.uint8)
    return LabelledPhotos(PhotoSet(Path(), photos, "made up"), ("a", "b"), LABELS, own, own, content, own)


def way(name: str, wrong: int, sure: float = 0.9, seconds: float = 1.0) -> Way:
    """One that is wrong about so many photos, the first ones."""
    of_label = np.where(np.arange(PHOTOS) < wrong, 1 - sure, sure)
    probabilities = np.empty((PHOTOS, 2))
    probabilities[np.arange(PHOTOS), LABELS] = of_label
    probabilities[np.arange(PHOTOS), 1 - LABELS] = 1 - of_label
    decisions = Decisions(probabilities, probabilities > 0.2, np.ones(PHOTOS), np.zeros(PHOTOS, dtype=bool))
    head = LinearHead(np.zeros((2, 3), dtype=np.float32), np.zeros(2, dtype=np.float32), ("a", "b"))
    probe = LinearProbe(head, 1.0, 0.2, 0.95, Familiarity(np.zeros((1, 3), dtype=np.float16), -1.0), 1.0, ())
    return Way(name, tiny_backbone(), probe, np.zeros((PHOTOS, 3), dtype=np.float32), decisions, seconds)


def chosen(*ways: Way, honest: Any = None) -> Any:
    honest = np.ones(PHOTOS, dtype=bool) if honest is None else honest
    return choose(list(ways), labelled(), np.arange(PHOTOS), honest, 0)


def test_one_way_alone_is_kept_without_a_word() -> None:
    only = way(PROBE, 20)
    assert chosen(only) == (only, ())


def test_a_way_that_is_better_beyond_noise_is_kept() -> None:
    plain, tuned = way(PROBE, 30), way(TUNED, 5, seconds=60.0)
    kept, (first, second) = chosen(plain, tuned)
    assert kept is tuned
    assert (first.name, first.kept, first.gain, first.loss_change) == (PROBE, False, None, None)
    assert first.note == "the plain way, kept unless another is better beyond noise"
    assert (second.name, second.kept, second.seconds) == (TUNED, True, 60.0)
    assert second.accuracy.value == pytest.approx(115 / 120)
    assert second.gain is not None
    assert second.gain.value == pytest.approx(25 / 120)
    assert second.gain.low > 0
    assert second.note.startswith(f"better than {PROBE} beyond noise: ")


@pytest.mark.parametrize("wrong", [30, 29, 50])
def test_a_way_that_is_no_better_beyond_noise_is_not_and_the_interval_says_so(wrong: int) -> None:
    plain, tuned = way(PROBE, 30), way(TUNED, wrong)
    kept, (first, second) = chosen(plain, tuned)
    assert kept is plain
    assert (first.kept, second.kept) == (True, False)
    assert second.gain is not None
    comparison = compare(tuned.decisions.probabilities, plain.decisions.probabilities, LABELS, np.arange(PHOTOS))
    assert second.gain == comparison.gain
    assert second.note.startswith(f"not better than {PROBE} beyond noise: ")


def test_a_later_way_must_be_better_than_the_one_kept_so_far() -> None:
    plain, views, tuned = way(PROBE, 40), way("probe on 8 views", 10), way(TUNED, 9)
    kept, candidates = chosen(plain, views, tuned)
    assert kept is views
    assert [candidate.kept for candidate in candidates] == [False, True, False]
    assert candidates[2].note.startswith("not better than probe on 8 views beyond noise: ")
    assert candidates[2].gain is not None
    assert candidates[2].gain.value == pytest.approx(31 / 120)  # over the plain way


def test_photos_that_were_seen_before_do_not_count() -> None:
    honest = np.arange(PHOTOS) >= 40
    plain, tuned = way(PROBE, 40), way(TUNED, 0)
    kept, (first, second) = chosen(plain, tuned, honest=honest)
    assert kept is plain
    assert (first.accuracy.value, second.accuracy.value) == (1, 1)


def test_where_every_photo_was_seen_all_count() -> None:
    kept, candidates = chosen(way(PROBE, 40), way(TUNED, 0), honest=np.zeros(PHOTOS, dtype=bool))
    assert kept.name == TUNED
    assert candidates[0].accuracy.value == pytest.approx(80 / 120)


def test_the_decisions_are_those_of_the_photos_evaluated() -> None:
    plain, tuned = way(PROBE, 30), way(TUNED, 5)
    half = np.arange(0, PHOTOS, 2)
    ways = [replace(each, decisions=each.decisions.rows(half)) for each in (plain, tuned)]
    _, candidates = choose(ways, labelled(), half, np.ones(len(half), dtype=bool), 0)
    assert candidates[0].accuracy.value == pytest.approx(45 / 60)


def test_better_probabilities_are_kept_and_the_log_loss_says_why() -> None:
    plain, tuned = way(PROBE, 8, sure=0.7), way(TUNED, 8, sure=0.9)
    kept, (_, second) = chosen(plain, tuned)
    assert kept is tuned
    assert second.note.startswith("as often right as linear probe, with a better log loss beyond noise: ")


def test_a_way_that_ended_where_it_began_is_never_kept() -> None:
    plain, tuned = way(PROBE, 8, sure=0.7), replace(way(TUNED, 8, sure=0.9), unchanged=True)
    kept, (_, second) = chosen(plain, tuned)
    assert kept is plain
    assert second.note == "no epoch was better than the start, so there is nothing to keep"


def around(value: float) -> Interval:
    return Interval(value, value - 0.06, value + 0.06)


def defense(before: float, after: float, clean: float = 0.85) -> Defense:
    """Shares that withstand an attack; always one answer is right on half of the photos."""
    return Defense(
        radius=0.01, attack="made up", photos=PHOTOS, majority=0.5, clean_before=around(0.95), clean=around(clean),
        clean_change=around(-0.1), attacked_before=around(before), attacked=around(after), gain=around(after - before),
    )  # fmt: skip


def hardened(found: Defense, **changes: Any) -> Any:
    ways = [way(PROBE, 5), replace(way(HARDENED, 20), **changes)]
    return choose(ways, labelled(), np.arange(PHOTOS), np.ones(PHOTOS, dtype=bool), 0, found)


def test_a_network_that_withstands_attacks_is_kept_though_it_costs_accuracy_and_the_note_says_how_much() -> None:
    kept, (first, second) = hardened(defense(0.05, 0.7))
    assert (kept.name, first.kept, second.kept) == (HARDENED, False, True)
    assert second.gain is not None
    assert second.gain.high < 0
    assert second.note == (
        "asked for to withstand attacks, and under attack better than linear probe beyond noise: +59.0 to +71.0\u00a0"
        "points; on the same photos as they are: \u221216.0 to \u22124.0\u00a0points"
    )


@pytest.mark.parametrize(
    ("before", "after", "clean", "unchanged", "note"),
    [
        (
            0.7, 0.72, 0.85, False,
            "under attack not better than linear probe beyond noise: \u22124.0 to +8.0\u00a0points",
        ),
        (
            0.05, 0.5, 0.55, False,
            "under attack better than linear probe (+39.0 to +51.0\u00a0points), but on photos as they are not "
            "better beyond noise than always giving the most frequent answer: "
            "49.0\u201361.0\u00a0% against 50.0\u00a0%",
        ),
        (0.05, 0.7, 0.85, True, "no epoch withstood attacks better than the start, so there is nothing to keep"),
    ],
)  # fmt: skip
def test_the_probe_is_kept_where_nothing_is_gained_under_attack(
    before: float, after: float, clean: float, unchanged: bool, note: str
) -> None:
    kept, (_, second) = hardened(defense(before, after, clean), unchanged=unchanged)
    assert kept.name == PROBE
    assert second.note == note


def test_a_gain_on_photos_as_they_are_is_not_what_adversarial_fine_tuning_was_asked_for() -> None:
    ways = [way(PROBE, 40), way(HARDENED, 5)]
    kept, _ = choose(ways, labelled(), np.arange(PHOTOS), np.ones(PHOTOS, dtype=bool), 0, defense(0.3, 0.3))
    assert kept.name == PROBE
