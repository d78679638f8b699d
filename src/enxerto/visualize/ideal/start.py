"""What an ascent starts from: noise, one color, or a photo."""

from __future__ import annotations

import re

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.backbones.preprocessing import tensor_of
from enxerto.errors import OptionError
from enxerto.visualize.ideal.canvas import LIGHTNESS_TO_WAVES, frequencies
from enxerto.visualize.ideal.color import mixed, mixing
from enxerto.visualize.ideal.recipe import IdealRecipe

NOISE = "noise"
Start = str | NDArray[np.uint8]
"""`noise`, a color such as `#8090a0`, or a photo: uint8, shape (height, width, 3)."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def start_problem(start: Start) -> str | None:
    """What is wrong with a start and what would be right; `None` when it is right."""
    if isinstance(start, str):
        known = start == NOISE or _COLOR.fullmatch(start)
        return None if known else f"`start` must be noise, a color such as #8090a0, or a photo, got {start!r}"
    if start.dtype == np.uint8 and start.ndim == 3 and start.shape[2] == 3 and start.size:
        return None
    return f"a photo to start from must be uint8 (height, width, 3), got {start.dtype} {start.shape}"


def start_image(start: Start, recipe: IdealRecipe, generator: torch.Generator) -> torch.Tensor:
    """The first image, float32 in [0, 1], shape (3, size, size); a photo gives its central square.

    Raises:
        OptionError: it is none of the three.
    """
    problem = start_problem(start)
    if problem is not None:
        raise OptionError(problem)
    size = recipe.size_px
    if isinstance(start, str):
        if start == NOISE:
            return _noise(recipe, generator)
        color = torch.tensor([int(start[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return color.view(3, 1, 1).expand(3, size, size).clone()
    side = min(start.shape[:2])
    top, left = ((edge - side) // 2 for edge in start.shape[:2])
    square = tensor_of(np.ascontiguousarray(start[top : top + side, left : left + side])).permute(2, 0, 1)[None] / 255
    resized = torch.nn.functional.interpolate(square, (size, size), mode="bicubic", antialias=True)
    return resized[0].clamp(0, 1)


def _noise(recipe: IdealRecipe, generator: torch.Generator) -> torch.Tensor:
    """Around mid-gray: white noise in pixels, as natural as the canvas in waves."""
    size = recipe.size_px
    noise = torch.randn(3, size, size, generator=generator)
    if recipe.canvas != "pixels":
        natural = frequencies(size).clamp_min(1 / size) ** -recipe.decay
        noise = torch.fft.irfft2(torch.fft.rfft2(noise, norm="ortho") * natural, s=(size, size), norm="ortho")
        noise = mixed(noise, mixing(recipe.decorrelate))
        noise = (noise - noise.mean()) / noise.std().clamp_min(1e-6)
        return torch.sigmoid(noise * recipe.contrast * LIGHTNESS_TO_WAVES)
    return (0.5 + recipe.contrast * noise).clamp(0, 1)
