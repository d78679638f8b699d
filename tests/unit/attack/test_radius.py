from __future__ import annotations

import pytest
import torch

from enxerto.attack.ball import FEW, farthest
from enxerto.attack.norms import distance
from enxerto.attack.radius import linear_radius, to_hyperplane


def case(low: float, high: float) -> tuple[torch.Tensor, torch.Tensor]:
    dice = torch.Generator().manual_seed(0)
    return torch.randn(4, 3, 5, 5, generator=dice), low + (high - low) * torch.rand(4, 3, 5, 5, generator=dice)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
@pytest.mark.parametrize("share", [0.01, 0.4, 0.9])
def test_a_hyperplane_is_reached_within_the_bounds(norm: str, share: float) -> None:
    gradient, points = case(0, 1)
    most = (gradient.abs() * torch.where(gradient > 0, 1 - points, points)).flatten(1).sum(1)
    change = to_hyperplane(gradient, points, share * most, norm)
    torch.testing.assert_close((gradient * change).flatten(1).sum(1), share * most, rtol=1e-3, atol=0)
    assert float((points + change).min()) >= -1e-6
    assert float((points + change).max()) <= 1 + 1e-6


def test_a_hyperplane_out_of_reach_is_approached_as_far_as_the_bounds_allow() -> None:
    gradient, points = case(0, 1)
    for norm in ("linf", "l2", "l1"):
        change = to_hyperplane(gradient, points, torch.full((4,), 1e6), norm)
        torch.testing.assert_close(points + change, (gradient > 0).float())


def test_without_bounds_in_the_way_it_is_the_closed_form() -> None:
    gradient, points = case(0.5, 0.5)
    short = torch.full((4,), 0.3)
    slope = gradient.flatten(1).abs()
    torch.testing.assert_close(linear_radius(gradient, points, short, "linf"), short / slope.sum(1))
    torch.testing.assert_close(linear_radius(gradient, points, short, "l2"), short / slope.norm(dim=1))
    torch.testing.assert_close(linear_radius(gradient, points, short, "l1"), short / slope.amax(1))
    assert linear_radius(gradient, points, short, "l0").tolist() == [1, 1, 1, 1]


def test_l1_and_l0_heed_the_bounds() -> None:
    gradient = torch.tensor([4.0, 2.0, 1.0]).view(1, 1, 1, 3).repeat(1, 3, 1, 1)
    points = torch.full_like(gradient, 0.5)
    short = torch.tensor([6.0 + 1.5])
    torch.testing.assert_close(linear_radius(gradient, points, short, "l1"), torch.tensor([1.5 + 0.75]))
    assert linear_radius(gradient, points, short, "l0").tolist() == [2]


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_gradient_of_zero_has_the_farthest_radius(norm: str) -> None:
    points = torch.full((1, 3, 2, 2), 0.25)
    radius = linear_radius(torch.zeros_like(points), points, torch.ones(1), norm)
    torch.testing.assert_close(radius, distance(torch.full_like(points, 0.75), norm))


@pytest.mark.parametrize("norm", ["l1", "l0"])
def test_a_radius_of_many_values_is_as_large_as_the_rise_needs(norm: str) -> None:
    """One photo needs few of its values, the other nearly all."""
    side = 40
    dice = torch.Generator().manual_seed(0)
    gradient, points = torch.randn(2, 3, side, side, generator=dice), torch.rand(2, 3, side, side, generator=dice)
    most = (gradient.abs() * torch.where(gradient > 0, 1 - points, points)).flatten(1).sum(1)
    short = torch.tensor([0.05, 0.98]) * most
    radius = linear_radius(gradient, points, short, norm)
    less = radius - 1 if norm == "l0" else 0.99 * radius
    rise, too_little = (
        (gradient * (farthest(points, gradient, size, norm) - points)).flatten(1).sum(1) for size in (radius, less)
    )
    assert (rise >= short * (1 - 1e-4)).all()
    assert (too_little < short).all()
    assert float(radius[0]) < FEW < side * side * (3 if norm == "l1" else 1)
