from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from enxerto.visualize.ideal.recipe import ROBUST, recipe_of
from enxerto.visualize.ideal.transforms import View, centered, random_view, sampling, seen

PLAIN = View(0.0, 0.0, 1.0, 1.0, 0.0, False, 1.0, 1.0, 1.0, 0.0, 0.0, (0.5, 0.5, 0.5))


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def image(side: int = 12) -> torch.Tensor:
    return torch.rand(3, side, side, generator=dice(7))


def test_the_plain_view_is_the_image() -> None:
    torch.testing.assert_close(seen(image(), PLAIN, 12, dice()), image())


def test_a_view_of_half_the_size_averages() -> None:
    torch.testing.assert_close(
        sampling(8, 4, 0.0, 1.0)[1], torch.tensor([0, 1, 3, 3, 1, 0, 0, 0], dtype=torch.float32) / 8
    )


def test_a_crop_shows_that_part() -> None:
    view = replace(PLAIN, top=0.25, left=0.5, height=0.5, width=0.5)
    torch.testing.assert_close(seen(image(), view, 6, dice()), image()[:, 3:9, 6:])


def test_a_centered_view_shows_the_middle() -> None:
    torch.testing.assert_close(seen(image(), centered(PLAIN, 0.5), 6, dice()), image()[:, 3:9, 3:9])


def test_a_mirrored_view_is_mirrored() -> None:
    torch.testing.assert_close(seen(image(), replace(PLAIN, mirrored=True), 12, dice()), image().flip(2))


def test_beyond_the_edges_is_background() -> None:
    shown = seen(image(), replace(PLAIN, top=-0.5, left=-0.5, height=2.0, width=2.0), 24, dice())
    torch.testing.assert_close(shown[:, 6:18, 6:18], image())
    torch.testing.assert_close(shown[:, :5], torch.full((3, 5, 24), 0.5))


def test_a_blur_keeps_the_mean_and_lowers_the_contrast() -> None:
    shown = seen(image(), replace(PLAIN, blur_px=1.5), 12, dice())
    assert float(shown.mean()) == pytest.approx(float(image().mean()), abs=0.02)
    assert float(shown.std()) < float(image().std()) / 2


def test_a_turn_of_a_quarter_is_exact() -> None:
    torch.testing.assert_close(seen(image(), replace(PLAIN, degrees=90.0), 12, dice()), image().rot90(1, (1, 2)))


def test_colors_change_as_the_view_says() -> None:
    gray = seen(image(), replace(PLAIN, saturation=0.0), 12, dice())
    torch.testing.assert_close(gray, image().mean(0, keepdim=True).expand(3, 12, 12))
    flat = seen(image(), replace(PLAIN, contrast=0.0, brightness=1.2), 12, dice())
    torch.testing.assert_close(flat, (1.2 * image().mean()).expand(3, 12, 12))


def test_noise_has_the_deviation_of_the_view() -> None:
    shown = seen(image(64), replace(PLAIN, noise=0.1), 64, dice())
    assert float((shown - image(64)).std()) == pytest.approx(0.1, rel=0.05)


def test_random_views_stay_within_the_recipe() -> None:
    recipe = recipe_of(crop=(0.3, 0.8), aspect=1.5, rotate_degrees=20.0, blur=0.5)
    views = [random_view(recipe, generator) for generator in [dice()] for _ in range(200)]
    sides = np.sqrt([view.height * view.width for view in views])
    assert 0.3 <= sides.min() < 0.35
    assert 0.75 < sides.max() <= 0.8
    inside = [view for view in views if max(view.width, view.height) < 1]
    assert all(0 <= view.top <= 1 - view.height and 0 <= view.left <= 1 - view.width for view in inside)
    assert max(abs(view.degrees) for view in views) <= 20
    assert 0.3 < np.mean([view.blur_px > 0 for view in views]) < 0.7
    assert 0.3 < np.mean([view.mirrored for view in views]) < 0.7


def test_views_take_the_same_count_of_random_numbers() -> None:
    one, other = dice(), dice()
    random_view(ROBUST, one)
    random_view(recipe_of(blur=1.0, rotate_degrees=5.0, noise=0.0), other)
    assert torch.equal(one.get_state(), other.get_state())


def test_the_gradient_comes_back_through_a_view() -> None:
    view = replace(PLAIN, top=0.1, left=0.2, height=0.7, width=0.6, degrees=10.0, mirrored=True, contrast=0.8)
    leaf = image().double().requires_grad_()

    def total(pixels: torch.Tensor) -> torch.Tensor:
        return seen(pixels.float(), view, 8, dice()).square().sum().double()

    (gradient,) = torch.autograd.grad(total(leaf), leaf)
    direction = torch.randn(leaf.shape, generator=dice(3), dtype=torch.float64)
    with torch.no_grad():
        numeric = (total(leaf + 1e-2 * direction) - total(leaf - 1e-2 * direction)) / 2e-2
    assert float((gradient * direction).sum()) == pytest.approx(float(numeric), rel=1e-2)
