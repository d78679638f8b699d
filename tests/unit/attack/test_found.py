"""The best point seen is kept, whatever comes later."""

from __future__ import annotations

import torch
from tiny_attacks import LinearNetwork, ModuleEngine, subject_of, tiny_photos

from enxerto.attack.found import Found, look
from enxerto.attack.goal import Goal
from enxerto.attack.subject import Subject

RIGHT, WRONG = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])


def found_of(count: int = 2) -> Found:
    return Found(tiny_photos(count, 4, low=0.3, high=0.6), Goal(torch.zeros(count, dtype=torch.long)), "linf")


def test_it_begins_with_the_photos_and_without_success() -> None:
    found = found_of()
    assert found.open.tolist() == [0, 1]
    assert found.distances.tolist() == [torch.inf, torch.inf]
    torch.testing.assert_close(found.best, found.pixels)
    assert found.best.data_ptr() != found.pixels.data_ptr()


def test_smaller_changes_replace_larger_ones_and_never_the_reverse() -> None:
    found = found_of(1)
    before = found.pixels.clone()
    for size, kept in ((0.2, 0.2), (0.3, 0.2), (0.1, 0.1)):
        assert found.offer(found.pixels + size, WRONG[None]).tolist() == [True]
        assert float(found.distances[0]) == float((found.best - found.pixels).abs().max())
        assert abs(float(found.distances[0]) - kept) < 1e-6
    assert torch.equal(found.pixels, before)


def test_what_does_not_fool_is_not_kept() -> None:
    found = found_of(2)
    fooled = found.offer(found.pixels + 0.1, torch.stack((RIGHT, WRONG)))
    assert fooled.tolist() == found.success.tolist() == [False, True]
    assert found.open.tolist() == [0]
    assert torch.equal(found.best[0], found.pixels[0])


def test_rows_say_which_photos_are_meant() -> None:
    found = found_of(3)
    rows = torch.tensor([2, 0])
    assert found.offer(found.pixels[rows] + 0.1, torch.stack((WRONG, RIGHT)), rows).tolist() == [True, False]
    assert found.success.tolist() == [False, False, True]


def test_flat_remembers_gradients_that_are_zero_everywhere() -> None:
    found = found_of(3)
    gradient = torch.zeros(2, 3, 4, 4)
    gradient[0, 0, 0, 0] = -1e-30
    found.mark_flat(gradient, torch.tensor([1, 2]))
    found.mark_flat(torch.ones(3, 3, 4, 4))
    assert found.flat.tolist() == [False, False, True]


def test_absorb_takes_what_is_better_and_within_the_radius() -> None:
    mine, other = found_of(3), found_of(2)
    mine.offer(mine.pixels[1:2] + 0.1, WRONG[None], torch.tensor([1]))
    rows = torch.tensor([1, 2])
    other.pixels = mine.pixels[rows]
    other.offer(other.pixels + torch.tensor([0.2, 0.3]).view(-1, 1, 1, 1), torch.stack((WRONG, WRONG)))
    other.flat[1] = True
    mine.absorb(other, rows, torch.tensor([0.25, 0.25]))
    assert mine.success.tolist() == [False, True, False]
    mine.absorb(other, rows)
    assert mine.success.tolist() == [False, True, True]
    assert mine.flat.tolist() == [False, False, True]
    assert torch.equal(mine.best[2], other.best[1])
    assert abs(float(mine.distances[1]) - 0.1) < 1e-6
    assert torch.equal(mine.best[1], mine.pixels[1] + 0.1)


def test_look_finds_photos_that_fool_as_they_are() -> None:
    photos = tiny_photos(2, 2)
    subject, goal = subject_of(LinearNetwork(torch.zeros(2, 12), torch.tensor([1.0, 0.0])), photos)
    assert look(subject, photos, goal, "l2").success.tolist() == [False, False]
    found = look(subject, photos, Goal(torch.tensor([0, 1])), "l2")
    assert found.success.tolist() == [False, True]
    assert found.distances.tolist() == [torch.inf, 0]
    assert subject.forwards == 4


def test_look_asks_once() -> None:
    photos = tiny_photos(3, 2)
    subject = Subject(ModuleEngine(LinearNetwork(torch.zeros(2, 12), torch.zeros(2))), 2)
    look(subject, photos, Goal(torch.zeros(3, dtype=torch.long)), "l1")
    assert (subject.forwards, subject.backwards) == (3, 0)
