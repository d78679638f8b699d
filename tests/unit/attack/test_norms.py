"""Sizes and projections, against a slow reference in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from enxerto.attack.norms import NORMS, distance, largest, project

Flat = NDArray[np.float64]


def slow_distance(change: Flat, norm: str) -> float:
    """Of one photo, value by value."""
    values = [float(abs(value)) for value in change.ravel()]
    if norm == "linf":
        return max(values)
    if norm == "l2":
        return sum(value**2 for value in values) ** 0.5
    if norm == "l1":
        return sum(values)
    return float(sum(bool(np.any(pixel)) for pixel in change.reshape(3, -1).T))


def slow_projection(change: Flat, radius: float, norm: str) -> Flat:
    """Of one photo; l1 by bisection of the threshold, l0 by dropping the shortest pixels one by one."""
    if slow_distance(change, norm) <= radius:
        return change
    if norm == "linf":
        return np.clip(change, -radius, radius)
    if norm == "l2":
        return change * radius / slow_distance(change, "l2")
    if norm == "l0":
        kept = change.reshape(3, -1).copy()
        while slow_distance(kept, "l0") > radius:
            lengths = np.sqrt((kept**2).sum(0))
            kept[:, np.where(lengths > 0, lengths, np.inf).argmin()] = 0
        return kept.reshape(change.shape)
    low, high = 0.0, float(np.abs(change).max())
    for _ in range(200):
        middle = (low + high) / 2
        over = np.maximum(np.abs(change) - middle, 0).sum() > radius
        low, high = (middle, high) if over else (low, middle)
    soft: Flat = np.sign(change) * np.maximum(np.abs(change) - high, 0)
    return soft


def changes(seed: int, count: int = 3, sparse: bool = False) -> torch.Tensor:
    dice = torch.Generator().manual_seed(seed)
    made = torch.randn(count, 3, 4, 5, generator=dice)
    return made * (torch.rand(count, 1, 4, 5, generator=dice) < 0.3) if sparse else made


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("norm", NORMS)
def test_distances_are_the_slow_ones(norm: str, sparse: bool) -> None:
    made = changes(0, sparse=sparse)
    expected = [slow_distance(change.double().numpy(), norm) for change in made]
    np.testing.assert_allclose(distance(made, norm).numpy(), expected, rtol=1e-6)
    assert min(expected) > (4 if norm == "l0" else 0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**20), share=st.floats(0, 1.5), norm=st.sampled_from(NORMS))
def test_projections_are_the_slow_ones(seed: int, share: float, norm: str) -> None:
    made = changes(seed)
    radius = share * distance(made, norm)
    if norm == "l0":
        radius = radius.floor()
    got = project(made, radius, norm)
    for i in range(len(made)):
        expected = slow_projection(made[i].double().numpy(), float(radius[i]), norm)
        np.testing.assert_allclose(got[i].numpy(), expected, atol=2e-5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**20), radius=st.floats(0, 30), norm=st.sampled_from(NORMS))
def test_a_projection_is_inside_and_projects_to_itself(seed: int, radius: float, norm: str) -> None:
    limits = torch.full((3,), float(np.floor(radius)) if norm == "l0" else radius)
    once = project(changes(seed), limits, norm)
    assert bool((distance(once, norm) <= limits * (1 + 1e-6) + 1e-6).all())
    np.testing.assert_allclose(project(once, limits, norm).numpy(), once.numpy(), atol=1e-5)


@pytest.mark.parametrize("norm", NORMS)
def test_every_photo_has_a_radius_of_its_own(norm: str) -> None:
    made = changes(3)
    limits = torch.tensor([0.0, 2.0, 1e6])
    got = project(made, limits, norm)
    assert not got[0].any()
    assert distance(got, norm)[1] == pytest.approx(min(2.0, float(distance(made, norm)[1])), rel=1e-5)
    torch.testing.assert_close(got[2], made[2])


@pytest.mark.parametrize("norm", NORMS)
def test_no_change_stays_none(norm: str) -> None:
    none = torch.zeros(2, 3, 4, 4)
    assert distance(none, norm).tolist() == [0, 0]
    assert not project(none, torch.tensor([0.0, 1.0]), norm).any()


def test_the_largest_are_chosen_however_many_are_equal() -> None:
    scores = torch.tensor([[1.0, 3.0, 2.0], [5.0, 5.0, 5.0]])
    assert largest(scores, torch.tensor([2, 1])).sum(1).tolist() == [2, 1]
    assert largest(scores, torch.tensor([2, 0]))[0].tolist() == [False, True, True]
    assert largest(scores[:0], torch.zeros(0, dtype=torch.int64)).shape == (0, 3)
