from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_attacks import ConvolutionNetwork, ModuleEngine, linear_network, subject_of, tiny_photos

from enxerto.attack.boundary import between, confirm, excess, shrink
from enxerto.attack.found import Found
from enxerto.attack.goal import Goal
from enxerto.attack.norms import NORMS, distance
from enxerto.attack.subject import Subject


@pytest.mark.parametrize("norm", NORMS)
def test_between_leads_from_the_photo_to_the_point_and_grows(norm: str) -> None:
    photos, points = tiny_photos(2), tiny_photos(2, seed=1)
    sizes = [distance(between(photos, points, torch.full((2,), s), norm) - photos, norm) for s in (0.0, 0.3, 0.8, 1.0)]
    torch.testing.assert_close(sizes[0], torch.zeros(2))
    torch.testing.assert_close(sizes[3], distance(points - photos, norm))
    assert bool((sizes[1] < sizes[2]).all())


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_a_line_ends_at_the_boundary_of_a_linear_network(norm: str) -> None:
    photos = tiny_photos(3, 6, low=0.3, high=0.7)
    network = linear_network(2)
    subject, goal = subject_of(network, photos)
    away = (network.weight[1] - network.weight[0]).detach().view(1, 3, 6, 6) * (1 - 2 * goal.labels.view(-1, 1, 1, 1))
    found = Found(photos, goal, norm)
    ends = (photos + away.sign() * 0.25).clamp(0, 1)
    found.offer(ends, subject.logits(ends))
    before = found.distances.clone()
    shrink(subject, found, 8)
    margin = goal.margin(subject.logits(found.best))
    assert bool((margin > 0).all())
    assert bool((margin < 0.02 * goal.margin(subject.logits(ends))).all())
    assert bool((found.distances < before).all())


def test_shrinking_asks_only_about_photos_that_fool_by_a_change() -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(), photos)
    found = Found(photos, goal, "l2")
    asked = subject.forwards
    shrink(subject, found, 8)
    assert subject.forwards == asked


class Strict(ModuleEngine):
    """Answers are a little lower for the wrong class than gradients make believe."""

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float64]:
        answers = super().logits(batch)
        answers[:, 1] -= self.bias
        return answers

    bias = 0.0


def test_points_that_the_answer_does_not_confirm_move_outward_or_are_given_up() -> None:
    photos = tiny_photos(1, 6, low=0.4, high=0.6)
    network = linear_network(2)
    engine = Strict(network)
    label = int(network(photos).argmax(1))
    if label == 1:
        network.weight.data, network.bias.data = network.weight.flip(0), network.bias.flip(0)
    subject, goal = Subject(engine, 2), Goal(torch.tensor([0]))
    slope = (network.weight[1] - network.weight[0]).detach().view(1, 3, 6, 6)
    short = -goal.margin(network(photos).detach())
    point = photos + slope * (short * 1.0001 / slope.square().sum())
    for bias, kept in ((0.001 * float(short), True), (100.0, False)):
        found = Found(photos, goal, "l2")
        found.offer(point, network(point).detach())
        engine.bias = bias
        confirm(subject, found)
        assert bool(found.success[0]) is kept
        assert bool(goal.reached(subject.logits(found.best))[0]) is kept
        assert bool((found.distances[0] < torch.inf).item()) is kept
    assert torch.equal(found.best, photos)


def test_the_excess_is_positive_exactly_where_the_goal_is_reached() -> None:
    logits = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * 2
    goal = Goal(torch.zeros(200, dtype=torch.int64))
    for one in (goal, replace(goal, confidence=0.8), replace(goal, confidence=0.3)):
        assert torch.equal(excess(one, logits) > 0, one.reached(logits))
        assert 0 < int(one.reached(logits).sum()) < 200
