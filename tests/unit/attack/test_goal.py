"""When a goal is reached."""

from __future__ import annotations

import pytest
import torch

from enxerto.attack.goal import Goal

LOGITS = torch.tensor([[3.0, 1.0, 2.0], [1.0, 3.0, 2.0], [2.0, 2.0, 1.0]])
LABELS = torch.tensor([0, 0, 0])


def test_without_a_target_any_larger_logit_will_do_and_a_tie_will_not() -> None:
    goal = Goal(LABELS)
    assert not goal.targeted
    assert goal.reached(LOGITS).tolist() == [False, True, False]
    assert goal.margin(LOGITS).tolist() == [-1, 2, 0]
    assert goal.wanted(LOGITS).tolist() == [2, 1, 1]


def test_a_target_must_beat_every_class_not_only_the_label() -> None:
    goal = Goal(LABELS, torch.tensor([2, 2, 1]))
    assert goal.targeted
    assert goal.reached(LOGITS).tolist() == [False, False, False]
    assert goal.margin(LOGITS).tolist() == [-1, -1, 0]
    assert goal.wanted(LOGITS).tolist() == [2, 2, 1]
    assert Goal(LABELS, torch.tensor([0, 1, 0])).reached(LOGITS).tolist() == [True, True, False]


@pytest.mark.parametrize("targets", [None, torch.tensor([1, 1])])
def test_confidence_is_the_probability_of_the_wrong_class(targets: torch.Tensor | None) -> None:
    odds = torch.tensor([[0.0, 2.0], [0.0, 2.4]])  # probabilities 0.881 and 0.917
    labels = torch.tensor([0, 0])
    assert Goal(labels, targets, 0.9).reached(odds).tolist() == [False, True]
    assert Goal(labels, targets, 0.0).reached(odds).tolist() == [True, True]


def test_a_confidence_below_a_half_still_asks_for_the_largest_logit() -> None:
    assert Goal(LABELS[:1], None, 0.01).reached(LOGITS[:1]).tolist() == [False]


def test_two_classes() -> None:
    goal = Goal(torch.tensor([1, 1]))
    logits = torch.tensor([[0.5, 0.0], [-1.0, 0.0]])
    assert goal.margin(logits).tolist() == [0.5, -1.0]
    assert goal.reached(logits).tolist() == [True, False]


@pytest.mark.parametrize("chosen", [torch.tensor([2, 0]), torch.tensor([True, False, True])])
def test_rows(chosen: torch.Tensor) -> None:
    goal = Goal(torch.tensor([0, 1, 2]), torch.tensor([1, 2, 0]), 0.3).rows(chosen)
    assert goal.confidence == 0.3
    expected = torch.tensor([0, 1, 2])[chosen]
    assert goal.labels.tolist() == expected.tolist()
    assert goal.targets is not None
    assert goal.targets.tolist() == ((expected + 1) % 3).tolist()
    assert Goal(torch.tensor([0, 1, 2])).rows(chosen).targets is None


def test_what_is_not_a_number_is_not_reached() -> None:
    logits = torch.full((1, 3), torch.nan)
    for confidence in (0.0, 0.5):
        assert not Goal(LABELS[:1], None, confidence).reached(logits).any()
        assert not Goal(LABELS[:1], torch.tensor([1]), confidence).reached(logits).any()
