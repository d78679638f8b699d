from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_attacks import ConvolutionNetwork, second_choice, subject_of, tiny_photos

from enxerto.attack.boundary import excess
from enxerto.attack.goal import Goal
from enxerto.attack.margin import climb


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("confidence", [0.0, 0.9])
@pytest.mark.parametrize("targeted", [False, True])
def test_values_are_the_excess_and_gradients_those_of_autograd(classes: int, confidence: float, targeted: bool) -> None:
    photos, network = tiny_photos(3), ConvolutionNetwork(classes)
    subject, goal = subject_of(network, photos)
    goal = replace(second_choice(subject, photos) if targeted else goal, confidence=confidence)
    here = climb(subject, photos, goal)
    leaf = photos.clone().requires_grad_()
    values = excess(goal, network(leaf))
    (expected,) = torch.autograd.grad(values.sum(), leaf)
    torch.testing.assert_close(here.values, values.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(here.gradient, expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(here.logits, network(photos).detach())


def test_it_takes_one_propagation_each_way() -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(3), photos)
    climb(subject, photos, goal)
    climb(subject, photos, Goal(goal.labels, (goal.labels + 1) % 3, 0.9))
    assert (subject.forwards, subject.backwards) == (6, 6)


def test_a_smooth_gradient_is_that_of_the_log_odds_against_the_label() -> None:
    photos, network = tiny_photos(3), ConvolutionNetwork(5)
    subject, goal = subject_of(network, photos)
    here = climb(subject, photos, goal, smooth=True)
    leaf = photos.clone().requires_grad_()
    probability = network(leaf).softmax(1).gather(1, goal.labels[:, None])
    (expected,) = torch.autograd.grad(-torch.logit(probability).sum(), leaf)
    torch.testing.assert_close(here.gradient, expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(here.values, goal.margin(network(photos).detach()))
    aimed = Goal(goal.labels, (goal.labels + 1) % 5)
    assert torch.equal(climb(subject, photos, aimed, smooth=True).gradient, climb(subject, photos, aimed).gradient)
