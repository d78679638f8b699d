"""What is optimized: pixels, the waves that an image is the sum of, or their phases only."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch

from enxerto.visualize.ideal.color import mixed, mixing
from enxerto.visualize.ideal.recipe import IdealRecipe

MARGIN = 0.02
"""A start is kept so far from black and white, where a sigmoid has no gradient."""
LIGHTNESS_TO_WAVES = 4.0
"""One over the slope of a sigmoid at its middle."""
MACO_CONTRAST = 1.2
"""Standard deviation of an image before the sigmoid, when only its phases are optimized."""


class Canvas(ABC):
    """One image as a function of one tensor.

    Attributes:
        parameter: what is optimized; float32, requires a gradient.
    """

    parameter: torch.Tensor

    @abstractmethod
    def image(self, cutoff: float = 1.0) -> torch.Tensor:
        """The image, float32 in [0, 1], shape (3, size, size).

        Args:
            cutoff: waves of at most this share of the highest frequency are used.
        """

    def settle(self) -> None:  # noqa: B027 - most canvases have nothing to do
        """Called after each step."""


class PixelCanvas(Canvas):
    """The image itself.

    Args:
        start: float32 in [0, 1], shape (3, size, size).
        matrix: from the axes of color to colors.
    """

    def __init__(self, start: torch.Tensor, matrix: torch.Tensor) -> None:
        self._matrix = matrix
        axes = mixed(start - 0.5, torch.linalg.inv(matrix))
        self.parameter = axes.clone().requires_grad_()

    def image(self, cutoff: float = 1.0) -> torch.Tensor:  # noqa: ARG002 - pixels know no waves
        """As they are, cut off at black and white; the gradient is that of what was not cut off."""
        pixels = mixed(self.parameter, self._matrix) + 0.5
        return pixels + (pixels.clamp(0, 1) - pixels).detach()

    def settle(self) -> None:
        """Bring pixels back that went beyond black or white, so that they needn't come a long way back."""
        with torch.no_grad():
            self.parameter.copy_(mixed(self.image() - 0.5, torch.linalg.inv(self._matrix)))


class FourierCanvas(Canvas):
    """Waves, each scaled as it is in photos, so that coarse forms move as fast as fine ones.

    Args:
        start: float32 in [0, 1], shape (3, size, size).
        matrix: from the axes of color to colors.
        decay: waves of frequency f are scaled by 1 / f to this power.

    Reference: Olah et al. 2017, doi:10.23915/distill.00007.
    """

    def __init__(self, start: torch.Tensor, matrix: torch.Tensor, decay: float) -> None:
        size = start.shape[-1]
        self._size, self._matrix = size, matrix
        self._frequency = frequencies(size)
        self._scale = wave_scale(size, decay)
        waves = waves_of(start, matrix) / self._scale
        self.parameter = torch.view_as_real(waves).contiguous().requires_grad_()

    def image(self, cutoff: float = 1.0) -> torch.Tensor:
        """The sum of all waves up to a frequency, squeezed into [0, 1]."""
        scale = self._scale if cutoff >= 1 else self._scale * (self._frequency <= cutoff / 2)
        waves = torch.view_as_complex(self.parameter) * scale
        axes = torch.fft.irfft2(waves, s=(self._size, self._size), norm="ortho")
        return torch.sigmoid(mixed(axes, self._matrix))


class PhaseCanvas(Canvas):
    """Waves whose strengths are fixed, those of the start if it has any, else natural ones: only their phases move.

    Args:
        start: float32 in [0, 1], shape (3, size, size); its phases, and its strengths where it is a photo.
        matrix: from the axes of color to colors.
        decay: waves of frequency f have strength 1 / f to this power.
        own_strengths: the start is a photo.

    Reference: Fel et al. 2023, section 3, arXiv:2306.06805.
    """

    def __init__(self, start: torch.Tensor, matrix: torch.Tensor, decay: float, own_strengths: bool) -> None:
        size = start.shape[-1]
        self._size, self._matrix = size, matrix
        self._frequency = frequencies(size)
        waves = waves_of(start, matrix)
        natural = (wave_scale(size, decay) * (self._frequency > 0)).expand_as(waves.real)
        self._strength = waves.abs() if own_strengths else natural
        self._own = own_strengths
        self.parameter = waves.angle().requires_grad_()

    def image(self, cutoff: float = 1.0) -> torch.Tensor:
        """The sum of all waves up to a frequency, with a fixed contrast unless it is a photo's own."""
        waves = torch.polar(self._strength * (self._frequency <= cutoff / 2 + (cutoff >= 1)), self.parameter)
        axes = torch.fft.irfft2(waves, s=(self._size, self._size), norm="ortho")
        if not self._own:
            axes = MACO_CONTRAST * (axes - axes.mean()) / axes.std().clamp_min(1e-6)
        return torch.sigmoid(mixed(axes, self._matrix))


def canvas_of(recipe: IdealRecipe, start: torch.Tensor, is_photo: bool) -> Canvas:
    """The canvas that a recipe asks for."""
    matrix = mixing(recipe.decorrelate)
    if recipe.canvas == "pixels":
        return PixelCanvas(start, matrix)
    if recipe.canvas == "fourier":
        return FourierCanvas(start, matrix, recipe.decay)
    return PhaseCanvas(start, matrix, recipe.decay, is_photo)


def frequencies(size: int) -> torch.Tensor:
    """Cycles a pixel of each wave of a real image, float32, shape (size, size // 2 + 1)."""
    rows, columns = torch.fft.fftfreq(size), torch.fft.rfftfreq(size)
    return torch.hypot(rows[:, None].expand(-1, len(columns)), columns[None].expand(len(rows), -1))


def wave_scale(size: int, decay: float) -> torch.Tensor:
    """1 / frequency to the power of `decay`, as strong altogether as with a decay of 1; shape as `frequencies`."""
    bounded = frequencies(size).clamp_min(1 / size)
    scale = bounded**-decay
    strength: torch.Tensor = (1 / bounded).norm() / scale.norm()
    return scale * strength / 4


def waves_of(image: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """The waves along the axes of color that give an image, complex64, shape (3, size, size // 2 + 1)."""
    axes = mixed(torch.logit(image, eps=MARGIN), torch.linalg.inv(matrix))
    waves: torch.Tensor = torch.fft.rfft2(axes, norm="ortho")
    return waves
