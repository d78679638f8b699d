"""Canvases against float64 NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from enxerto.visualize.ideal.canvas import FourierCanvas, PhaseCanvas, canvas_of, frequencies
from enxerto.visualize.ideal.color import ROOT_COVARIANCE, mixed, mixing
from enxerto.visualize.ideal.recipe import CANVASES, recipe_of


def photo(size: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(0.1, 0.9, (3, size, size)).astype(np.float32))


def matrix() -> NDArray[np.float64]:
    root = np.array(ROOT_COVARIANCE)
    return root / np.sqrt((root**2).sum(0)).max()


def fourier_image(waves: NDArray[np.complex128], size: int, decay: float, cutoff: float = 1.0) -> NDArray[np.float64]:
    """The sum of waves written out: as a full, symmetric spectrum, with the definition of the transform."""
    rows, columns = np.fft.fftfreq(size), np.fft.rfftfreq(size)
    frequency = np.sqrt(rows[:, None] ** 2 + columns[None] ** 2)
    bounded = np.maximum(frequency, 1 / size)
    scale = bounded**-decay
    scale *= np.sqrt((bounded**-2.0).sum() / (scale**2).sum()) / 4
    scaled = waves * scale * (frequency <= cutoff / 2 if cutoff < 1 else 1)
    axes = np.fft.irfft2(scaled, s=(size, size)) * size
    colors = np.einsum("ij,jhw->ihw", matrix(), axes)
    return 1 / (1 + np.exp(-colors))


@pytest.mark.parametrize(("size", "decay", "cutoff"), [(16, 1.0, 1.0), (15, 1.5, 1.0), (16, 0.5, 0.4)])
def test_a_fourier_image_is_the_sum_of_its_waves(size: int, decay: float, cutoff: float) -> None:
    canvas = FourierCanvas(photo(size), mixing(True), decay)
    got = canvas.image(cutoff).detach().numpy()
    waves = torch.view_as_complex(canvas.parameter.detach()).numpy().astype(np.complex128)
    np.testing.assert_allclose(got, fourier_image(waves, size, decay, cutoff), atol=1e-5)


@pytest.mark.parametrize("canvas", CANVASES)
@pytest.mark.parametrize("size", [15, 16])
def test_a_photo_comes_back_from_every_canvas(canvas: str, size: int) -> None:
    start = photo(size)
    made = canvas_of(recipe_of(canvas=canvas), start, is_photo=True)
    torch.testing.assert_close(made.image(), start, atol=1e-5, rtol=0)


def test_colors_are_mixed_as_the_matrix_says() -> None:
    axes = photo(4)
    got = mixed(axes, mixing(True)).numpy()
    np.testing.assert_allclose(got, np.einsum("ij,jhw->ihw", matrix(), axes.numpy().astype(np.float64)), atol=1e-6)
    assert torch.equal(mixed(axes, mixing(False)), axes)


def test_phases_leave_the_strength_of_waves_alone() -> None:
    canvas = PhaseCanvas(photo(16), mixing(True), 1.0, own_strengths=False)
    with torch.no_grad():
        canvas.parameter += torch.randn(canvas.parameter.shape, generator=torch.Generator().manual_seed(1))
    axes = mixed(torch.logit(canvas.image().detach()), torch.linalg.inv(mixing(True)))
    strength = torch.fft.rfft2(axes, norm="ortho").abs()[:, :, 1:8]  # those without a mirror image of their own
    flat = strength * frequencies(16)[:, 1:8].clamp_min(1 / 16)
    torch.testing.assert_close(flat, flat.mean().expand_as(flat), rtol=1e-3, atol=0)


def test_pixels_stay_within_black_and_white() -> None:
    canvas = canvas_of(recipe_of("lesson", decorrelate=True), photo(8), is_photo=False)
    with torch.no_grad():
        canvas.parameter += 5
    shown = canvas.image().detach()
    canvas.settle()
    torch.testing.assert_close(canvas.image(), shown)
    canvas.image().sum().backward()  # type: ignore[no-untyped-call]
    assert canvas.parameter.grad is not None
    assert canvas.parameter.grad.abs().sum() > 0
