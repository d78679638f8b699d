"""Random views of an image: what must look like the target from near and far, moved, turned, recolored and blurred.

A crop, its enlargement or reduction without aliasing, the mirror image and a blur are together one product with a
matrix from the left and one from the right: a row of the matrix is what one row of the view sees of the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from enxerto.visualize.ideal.recipe import IdealRecipe

GENTLEST_BLUR, STRONGEST_BLUR = 0.6, 2.6
BACKGROUND_DEVIATION = 0.2


@dataclass(frozen=True)
class View:
    """How an image is looked at once.

    Attributes:
        top: of the part that is shown, as a share of the image's side; negative where it begins above.
        left: as `top`.
        height: of that part, as a share of the image's side.
        width: as `height`.
        degrees: that the image is turned by.
        mirrored: left to right.
        brightness: factor.
        contrast: factor about the mean.
        saturation: factor about gray.
        blur_px: standard deviation in pixels of the view; 0 doesn't blur.
        noise: standard deviation.
        background: color beyond the image's edges, three numbers in [0, 1].
    """

    top: float
    left: float
    height: float
    width: float
    degrees: float
    mirrored: bool
    brightness: float
    contrast: float
    saturation: float
    blur_px: float
    noise: float
    background: tuple[float, float, float]


def random_view(recipe: IdealRecipe, generator: torch.Generator) -> View:
    """The next view of an image; each takes the same count of random numbers."""
    u = torch.rand(15, generator=generator, dtype=torch.float64).tolist()
    side = recipe.crop[0] + (recipe.crop[1] - recipe.crop[0]) * u[0]
    stretch = recipe.aspect ** (u[1] - 0.5)
    height, width = side / stretch, side * stretch
    blurred = u[10] < recipe.blur
    return View(
        top=(1 - height) * u[2],
        left=(1 - width) * u[3],
        height=height,
        width=width,
        degrees=recipe.rotate_degrees * (2 * u[4] - 1),
        mirrored=u[5] < recipe.flip,
        brightness=1 + recipe.color * (2 * u[6] - 1),
        contrast=1 + recipe.color * (2 * u[7] - 1),
        saturation=max(0.0, 1 + 2 * recipe.color * (2 * u[8] - 1)),
        blur_px=blurred * (GENTLEST_BLUR + (STRONGEST_BLUR - GENTLEST_BLUR) * u[11]),
        noise=recipe.noise * u[9],
        background=(u[12], u[13], u[14]),
    )


def centered(view: View, part: float) -> View:
    """The same view, but of the central part: what a network would be shown of the file."""
    margin = (1 - part) / 2
    return replace(view, top=margin, left=margin, height=part, width=part)


def seen(image: torch.Tensor, view: View, size: int, generator: torch.Generator) -> torch.Tensor:
    """What a view shows of an image; not yet cut off at black and white.

    Args:
        image: shape (3, side, side).
        view: how to look at it.
        size: side of the view in pixels.
        generator: of the noise.

    Returns:
        Shape (3, size, size).
    """
    if view.degrees:
        image = turned(image, view.degrees)
    side = image.shape[-1]
    rows = sampling(side, size, view.top, view.height, view.blur_px)
    columns = sampling(side, size, view.left, view.width, view.blur_px)
    if view.mirrored:
        columns = columns.flip(0)
    shown = rows @ image @ columns.T
    beyond = 1 - rows.sum(1)[:, None] * columns.sum(1)[None]
    if float(beyond.max()) > 1e-4:
        shown = shown + beyond * torch.tensor(view.background).view(3, 1, 1)
    shown = recolored(shown, view)
    if view.noise:
        shown = shown + view.noise * torch.randn(shown.shape, generator=generator)
    return shown


def sampling(side: int, size: int, start: float, extent: float, blur_px: float = 0.0) -> torch.Tensor:
    """The matrix from the pixels of a line to those of a part of it, without aliasing; float32, shape (size, side).

    Each row is a triangle as wide as the pixel it makes, or a bell where the view is blurred; its sum is 1, or less as
    far as it lies beyond the line's ends.

    Args:
        side: pixels of the line.
        size: pixels of the part's picture.
        start: of the part, as a share of the line.
        extent: of the part, as a share of the line.
        blur_px: standard deviation of a blur, in pixels of the picture.
    """
    step = extent * side / size
    centers = start * side + (torch.arange(size, dtype=torch.float64) + 0.5) * step - 0.5
    distance = torch.arange(side, dtype=torch.float64)[None] - centers[:, None]
    width = max(1.0, step)
    if blur_px:
        deviation = math.hypot(blur_px * step, width / math.sqrt(6))  # a triangle's own deviation
        weights = torch.exp(-0.5 * (distance / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
    else:
        weights = (1 - distance.abs() / width).clamp_min(0) / width
    total = weights.sum(1, keepdim=True)
    inside = (centers > 0) & (centers < side - 1)
    normal = torch.where(inside[:, None], total, total.clamp_min(1.0))
    if start >= 0 and start + extent <= 1:
        normal = total
    return (weights / normal.clamp_min(1e-12)).float()


def recolored(image: torch.Tensor, view: View) -> torch.Tensor:
    """With the view's brightness, contrast about the mean, and saturation about gray."""
    image = image * view.brightness
    mean, gray = image.mean(), image.mean(0, keepdim=True)
    if view.saturation != 1:
        image = gray + (image - gray) * view.saturation
    return mean + (image - mean) * view.contrast if view.contrast != 1 else image


def turned(image: torch.Tensor, degrees: float) -> torch.Tensor:
    """Turned about its middle; what comes from beyond its edges is mirrored at them."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    matrix = torch.tensor([[[cosine, -sine, 0.0], [sine, cosine, 0.0]]])
    grid = torch.nn.functional.affine_grid(matrix, [1, *image.shape], align_corners=False)
    sampled = torch.nn.functional.grid_sample(image[None], grid, padding_mode="reflection", align_corners=False)
    return sampled[0]
