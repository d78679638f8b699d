from __future__ import annotations

import pytest
import torch

from enxerto.attack.file.fitting import fitted, size_of

ROOM = (torch.full((3, 6, 6), -100.0), torch.full((3, 6, 6), 2.0))


def wish(seed: int = 0) -> torch.Tensor:
    return 5 * torch.randn(3, 6, 6, generator=torch.Generator().manual_seed(seed))


def test_sizes_are_in_grey_levels_and_pixels() -> None:
    change = torch.zeros(3, 4, 4)
    change[0, 1, 1], change[2, 1, 1], change[1, 3, 0] = 3, -4, 12
    assert [size_of(change, norm) for norm in ("linf", "l2", "l1", "l0")] == [12, 13, 19, 2]


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("radius", [1.0, 3.0, 17.5])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_fitted_is_whole_within_the_radius_and_within_the_room(norm: str, radius: float, seed: int) -> None:
    offsets = torch.rand(3, 6, 6, generator=torch.Generator().manual_seed(seed))
    for added in (torch.tensor(0.5), offsets):
        change = fitted(wish(seed), radius, norm, ROOM, added)
        assert (change == change.round()).all()
        assert size_of(change, norm) <= radius
        assert (change >= ROOM[0]).all()
        assert (change <= ROOM[1]).all()


def test_the_rounded_wish_fills_its_radius() -> None:
    room = (torch.full((3, 40, 40), -99.0), torch.full((3, 40, 40), 99.0))
    direction = torch.randn(3, 40, 40, generator=torch.Generator().manual_seed(3))
    change = fitted(direction * 1e-3, 30.0, "l2", room, torch.tensor(0.5))
    assert 27 <= size_of(change, "l2") <= 30
    assert ((change * direction) >= 0).all()


def test_random_offsets_round_up_as_often_as_the_fraction_says() -> None:
    room = (torch.full((3, 100, 100), -9.0), torch.full((3, 100, 100), 9.0))
    offsets = torch.rand(3, 100, 100, generator=torch.Generator().manual_seed(0))
    change = fitted(torch.full((3, 100, 100), -0.3), 5.0, "linf", room, offsets)
    assert float(change.mean()) == pytest.approx(-0.3, abs=0.02)


def test_no_wish_gives_no_change() -> None:
    assert not fitted(torch.zeros(3, 6, 6), 4.0, "l2", ROOM, torch.tensor(0.5)).any()
