from __future__ import annotations

import pytest
import torch
from torch import nn

from enxerto.backbones import find
from enxerto.backbones.networks import build
from enxerto.backbones.unfilled import unfilled

DRAWS = ("uniform_", "normal_", "kaiming_uniform_", "kaiming_normal_", "xavier_normal_")


@pytest.mark.parametrize("name", DRAWS)
def test_nothing_is_drawn_in_the_block_and_everything_after_it(name: str) -> None:
    tensor = torch.full((4, 4), 7.0)
    draw = getattr(nn.init, name)
    with unfilled():
        assert draw(tensor) is tensor
        assert draw(tensor=tensor) is tensor
        assert (tensor == 7).all()
    assert not (draw(tensor) == 7).any()


def test_an_error_in_the_block_ends_it() -> None:
    with pytest.raises(ZeroDivisionError), unfilled():
        raise ZeroDivisionError
    assert not (torch.full((4,), 7.0).uniform_() == 7).any()


def test_constants_and_what_is_computed_are_as_ever() -> None:
    with unfilled():
        norm = nn.BatchNorm2d(3)
        drawn = torch.randn(3)
    assert norm.weight.tolist() == [1, 1, 1]
    assert drawn.unique().numel() == 3


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "swin_tiny_patch4_window7_224"])
def test_a_network_with_given_weights_is_the_one_that_they_are_from(name: str) -> None:
    """With everything that no file of weights holds, such as tables of positions."""
    entry = find(name)
    with torch.random.fork_rng(devices=[]):
        original = build(entry)
    again = build(entry, original.state_dict())
    for module in (nn.Module.named_parameters, nn.Module.named_buffers):
        expected, got = dict(module(original)), dict(module(again))
        assert expected.keys() == got.keys()
        assert all(torch.equal(expected[key], got[key]) for key in expected)
