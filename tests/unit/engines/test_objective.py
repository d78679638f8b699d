from __future__ import annotations

import pytest
import torch

from enxerto.engines import ClassLogit, CrossEntropy, Margin

LOGITS = torch.tensor([[1.0, 3.0, -2.0], [0.5, 0.5, 4.0]])
TARGET = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def test_cross_entropy_is_pytorch_s() -> None:
    expected = torch.nn.functional.cross_entropy(LOGITS, torch.tensor([0, 2]), reduction="none")
    torch.testing.assert_close(CrossEntropy()(LOGITS, TARGET), expected)


def test_the_class_logit_is_the_target_s() -> None:
    assert ClassLogit()(LOGITS, TARGET).tolist() == [1.0, 4.0]


def test_the_margin_is_positive_where_the_target_is_not_predicted() -> None:
    assert Margin()(LOGITS, TARGET).tolist() == [2.0, -3.5]


def test_the_margin_minds_no_size_of_logits() -> None:
    scale = 1e6
    leaf = (scale * torch.tensor([[2.0, 1.0, -3.0]])).requires_grad_()
    value = Margin()(leaf, torch.tensor([[1.0, 0.0, 0.0]]))
    assert value.tolist() == [-scale]
    assert torch.autograd.grad(value.sum(), leaf)[0].tolist() == [[-1.0, 1.0, 0.0]]


def test_objectives_of_one_kind_share_a_converted_network() -> None:
    assert Margin() == Margin()
    assert len({Margin(), Margin(), CrossEntropy(), ClassLogit()}) == 3


@pytest.mark.parametrize("objective", [CrossEntropy(), ClassLogit(), Margin()], ids=lambda one: type(one).__name__)
def test_photos_don_t_influence_one_another(objective: CrossEntropy) -> None:
    alone = torch.cat([objective(LOGITS[i : i + 1], TARGET[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(objective(LOGITS, TARGET), alone)
