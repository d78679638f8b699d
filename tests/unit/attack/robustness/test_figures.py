"""Shares with intervals, grey levels."""

from __future__ import annotations

import pytest

from enxerto.attack.robustness.figures import grey, point, share, share_of
from enxerto.attack.robustness.results import Share


def test_a_share_has_wilson_s_interval() -> None:
    found = share(8, 10)
    z, p, n = 1.959963984540054, 0.8, 10
    center, half = p + z**2 / (2 * n), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    assert found.value == 0.8
    assert found.low == pytest.approx((center - half) / (1 + z**2 / n))
    assert found.high == pytest.approx((center + half) / (1 + z**2 / n))


@pytest.mark.parametrize(("count", "value"), [(0, 0.0), (5, 1.0)])
def test_none_and_all_keep_their_interval_within_bounds(count: int, value: float) -> None:
    found = share(count, 5)
    assert 0 <= found.low <= found.value == value <= found.high <= 1
    assert found.high - found.low > 0.3


def test_of_no_photos_nothing_is_known() -> None:
    assert share_of([]) == Share(0, 0, 0.0, 0.0, 1.0)


def test_grey_levels_are_of_255_and_pixels_stay_pixels() -> None:
    assert grey(4 / 255, "linf") == pytest.approx(4)
    assert grey(0.5, "l2") == 127.5
    assert grey(7, "l0") == 7
    made = point(1 / 255, "linf", [True, False])
    assert (made.grey, made.accuracy.count, made.accuracy.of) == (1.0, 1, 2)
