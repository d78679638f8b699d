from __future__ import annotations

import pytest
import torch

from enxerto.tuning.soup import greedy_soup
from enxerto.tuning.state import Tensors


def fits(*weights: float, target: float = 0.0) -> list[tuple[float, Tensors]]:
    return [(abs(weight - target), {"w": torch.tensor([weight]), "n": torch.tensor(7)}) for weight in weights]


def distance(weights: Tensors, target: float = 0.0) -> float:
    assert int(weights["n"]) == 7
    return abs(float(weights["w"]) - target)


def test_one_fit_is_its_own_soup() -> None:
    soup, members = greedy_soup(fits(3.0), lambda _: pytest.fail("nothing to compare"))
    assert (float(soup["w"]), members) == (3.0, (0,))


def test_fits_are_averaged_as_long_as_the_loss_does_not_rise() -> None:
    soup, members = greedy_soup(fits(-4.0, 2.0, 9.0, -1.0), distance)  # -1, then 2 (0.5), -4 (-1) no, 9 no
    assert (float(soup["w"]), members) == (0.5, (3, 1))


def test_every_member_counts_the_same() -> None:
    soup, members = greedy_soup(fits(2.0, -3.0, 4.0, -3.5), lambda _: 0.0)
    assert members == (0, 1, 3, 2)
    assert float(soup["w"]) == pytest.approx((2 - 3 + 4 - 3.5) / 4)


def test_an_equal_loss_lets_a_fit_in() -> None:
    assert greedy_soup(fits(1.0, 1.0), distance)[1] == (0, 1)


def test_the_fits_stay_as_they_are() -> None:
    given = fits(2.0, -3.0)
    greedy_soup(given, distance)
    assert [float(weights["w"]) for _, weights in given] == [2.0, -3.0]
