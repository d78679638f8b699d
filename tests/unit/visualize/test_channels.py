from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from enxerto.errors import OptionError
from enxerto.visualize.activations import Activations
from enxerto.visualize.channels import Channels, describe_channels
from enxerto.visualize.layers import CHANNELS_FIRST, Layer


def described(
    maps: NDArray[np.float32], activation: str | None = "ReLU", rank: str = "effect", effects: object = None
) -> Channels:
    photos, channels, height, width = maps.shape
    layer = Layer("x", "X", CHANNELS_FIRST, channels, height, width, activation=activation)
    given = np.zeros((photos, channels)) if effects is None else np.asarray(effects)
    extra = np.zeros((photos, 0, channels), np.float32)
    return describe_channels(Activations(layer, maps, extra, given.astype(np.float32)), rank)


def channels(*values: list[float]) -> NDArray[np.float32]:
    """One photo whose channels have these four values each."""
    return np.array(values, dtype=np.float32).reshape(1, len(values), 2, 2)


def test_dead_is_constant_or_held_back_everywhere() -> None:
    maps = channels([0, 0, 0, 0], [2, 2, 2, 2], [0, 0, 0, 1e-3], [-0.2, -0.1, 0, -0.1], [-1, 1, 0, 0])
    assert described(maps, "SiLU").dead.tolist() == [[True, True, False, True, False]]
    assert described(maps, None).dead.tolist() == [[True, True, False, False, False]]


def test_a_range_of_rounding_is_constant() -> None:
    assert described(channels([5, 5.000001, 5, 5], [100, 0, 0, 0])).dead.tolist() == [[True, False]]


def test_saturated_is_at_the_cap_at_half_of_the_positions() -> None:
    maps = channels([6, 6, 0, 1], [6, 5.9, 0, 1], [6, 6, 6, 6], [3, 3, 0, 0], [0, 0, 0, 0])
    assert described(maps, "ReLU6").saturated.tolist() == [[True, False, True, False, False]]


def test_without_a_cap_saturated_is_near_its_own_maximum() -> None:
    maps = channels([2, 1.999, 0, 0], [2, 1.9, 0, 0], [2, 2, 2, 2], [-2, -2, -3, -4])
    assert described(maps, "ReLU").saturated.tolist() == [[True, False, False, False]]
    assert described(maps, None).saturated.tolist() == [[True, False, False, False]]


def test_hard_swish_is_saturated_where_its_gate_is_wide_open() -> None:
    assert described(channels([3, 9, 0, 0], [2.9, 9, 0, 0]), "Hardswish").saturated.tolist() == [[True, False]]


def test_a_cap_that_is_passed_is_none() -> None:
    assert described(channels([6, 6, 0, 0], [9, 8, 6, 6]), "ReLU6").saturated.tolist() == [[True, False]]
    assert described(channels([6, 6, 6, 6], [9, 8, 6, 6]), "ReLU6").saturated.tolist() == [[False, False]]


def test_strengths_limits_and_zeros() -> None:
    found = described(channels([0, 0, 0, 4], [-8, 4, 2, 2]), None)
    assert found.strengths.tolist() == [[1.0, 4.0]]
    assert (found.lows.tolist(), found.peaks.tolist(), found.largest.tolist()) == ([[0, -8]], [[4, 4]], [4, 8])
    assert found.zeros.tolist() == [0.375]
    assert found.changes is None


def test_channels_are_ordered_and_dead_ones_come_last() -> None:
    maps = channels([0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 3], [0, 0, 0, 2])
    assert described(maps, effects=[[5, -1, 0, 1]]).order.tolist() == [3, 2, 1, 0]
    assert described(maps, rank="activation").order.tolist() == [2, 3, 1, 0]


def test_two_photos_are_ordered_by_their_difference() -> None:
    maps = np.concatenate([channels([0, 0, 0, 1], [1, 0, 0, 1]), channels([0, 0, 0, 2], [9, 0, 0, 1])])
    found = described(maps, rank="difference")
    assert found.changes is not None
    assert (found.order.tolist(), found.changes.tolist()) == ([1, 0], [0.25, 2.0])


def test_impossible_ranks_are_refused() -> None:
    maps = channels([0, 0, 0, 1])
    with pytest.raises(OptionError, match="`rank` must be one of effect, activation, difference, got 'size'"):
        described(maps, rank="size")
    with pytest.raises(OptionError, match="only where there are two photos"):
        described(maps, rank="difference")
