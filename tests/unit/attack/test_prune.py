from __future__ import annotations

import torch
from tiny_attacks import linear_network, subject_of, tiny_photos

from enxerto.attack.found import Found
from enxerto.attack.prune import prune


def fooled_everywhere() -> tuple[Found, object]:
    photos, network = tiny_photos(3, 6, low=0.4, high=0.6), linear_network(2)
    subject, goal = subject_of(network, photos)
    away = (network.weight[1] - network.weight[0]).detach().view(1, 3, 6, 6) * (1 - 2 * goal.labels.view(-1, 1, 1, 1))
    found = Found(photos, goal, "l0")
    ends = (photos + 0.4 * away.sign()).clamp(0, 1)
    found.offer(ends, subject.logits(ends))
    return found, subject


def test_pixels_that_are_not_needed_are_given_back() -> None:
    found, subject = fooled_everywhere()
    assert found.distances.tolist() == [36, 36, 36]
    prune(subject, found, 10)
    assert bool((found.distances < 12).all())
    assert bool(found.goal.reached(subject.logits(found.best)).all())
    changed = (found.best != found.pixels).any(1).flatten(1).sum(1)
    assert changed.tolist() == found.distances.tolist()


def test_photos_that_gained_nothing_leave() -> None:
    found, subject = fooled_everywhere()
    prune(subject, found, 10)
    before = subject.backwards
    prune(subject, found, 100)
    assert subject.backwards - before <= 3 * 10


def test_only_the_photos_asked_for_change() -> None:
    found, subject = fooled_everywhere()
    prune(subject, found, 3, torch.tensor([1]))
    assert found.distances.tolist()[::2] == [36, 36]
    assert float(found.distances[1]) < 36
