"""Different views of a photo: random crops, mirrored and recolored, the same in every run, thread and order.

A network that has seen a photo in several ways relies less on where things are, how large, and in what light. Each view
is drawn from a seed, its number and the photo's content, so that features of views can be kept like those of photos.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from enxerto.backbones.preprocessing import Preprocessing, tensor_of
from enxerto.errors import OptionError
from enxerto.types import Images

if TYPE_CHECKING:
    import torch

RECIPE = "random-resized-crop-1"
TRIES = 10
MOST_ENLARGED = 2
"""A photo is decoded at up to so many times the size that its central square needs, for the sake of small crops."""
_DECODED_LARGER = 2
"""The decoder leaves at least twice the short side asked for."""


@dataclass(frozen=True)
class Augmentation:
    """How much views may differ from the photo.

    Attributes:
        scale: smallest and largest part of the photo's area that a view shows, in (0, 1].
        ratio: smallest and largest width of that part divided by its height.
        flip: how often a view is mirrored left to right, in [0, 1].
        color: brightness, contrast and saturation are multiplied by up to 1 ± `color`, in [0, 1).

    Raises:
        OptionError: a value outside its range.

    Reference: Szegedy et al. 2015, section 6, arXiv:1409.4842 (crops); Howard 2013, arXiv:1312.5402 (color).
    """

    scale: tuple[float, float] = (0.35, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5
    color: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise OptionError(f"`scale` must be two shares of the area, 0 < smallest <= largest <= 1, got {self.scale}")
        if not 0 < self.ratio[0] <= self.ratio[1] < math.inf:
            raise OptionError(f"`ratio` must be widths by heights, 0 < smallest <= largest, got {self.ratio}")
        if not 0 <= self.flip <= 1:
            raise OptionError(f"`flip` must lie in [0, 1], got {self.flip}; 0.5 mirrors every second view")
        if not 0 <= self.color < 1:
            raise OptionError(f"`color` must lie in [0, 1), got {self.color}; 0.2 is mild, 0 leaves colors alone")


@dataclass(frozen=True)
class View:
    """One way to look at photos.

    Attributes:
        number: 0 is the photo as the network will see it in use; every other number is another random view.
        augmentation: how much the random ones differ.
        seed: of the random ones.

    Raises:
        OptionError: a negative number or seed.
    """

    number: int = 0
    augmentation: Augmentation = Augmentation()
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("number", self.number), ("seed", self.seed)):
            if value < 0:
                raise OptionError(f"the `{name}` of a view must be 0 or more, got {value}")

    @property
    def identity(self) -> str:
        """What a cache key needs to know; empty for view 0, which is plain preprocessing."""
        if self.number == 0:
            return ""
        libraries = f"torchvision-{version('torchvision')}/numpy-{version('numpy')}"
        return f"{RECIPE}/{libraries}/{self.number}/{self.seed}/{astuple(self.augmentation)}"

    def short_side_px(self, preprocessing: Preprocessing) -> int:
        """The `short_side_px` to decode photos with, so that the smallest crop isn't enlarged needlessly."""
        usual = preprocessing.short_side_px
        if self.number == 0:
            return usual
        narrowest = min(self.augmentation.ratio[0], 1 / self.augmentation.ratio[1], 1.0)
        side_of_crop = math.sqrt(self.augmentation.scale[0] * narrowest)  # of a square photo, the worst case
        needed = math.ceil(preprocessing.size_px / side_of_crop / _DECODED_LARGER)
        return min(max(usual, needed), MOST_ENLARGED * usual)

    def image(self, photo: Images, content: bytes, preprocessing: Preprocessing) -> Images:
        """What the network is shown of a photo.

        Args:
            photo: uint8 RGB, shape (height, width, 3).
            content: SHA-256 of the photo's file, 32 bytes.
            preprocessing: the backbone's; the size and the interpolation are taken from it.

        Returns:
            uint8 RGB, shape (size_px, size_px, 3).

        Raises:
            OptionError: `content` is no SHA-256.
        """
        if len(content) != 32:
            raise OptionError(f"`content` must be the 32 bytes of a SHA-256, got {len(content)} bytes")
        if self.number == 0:
            return preprocessing.image(photo)
        from torchvision.transforms.v2 import functional

        generator = np.random.default_rng([self.seed, self.number, *np.frombuffer(content, "<u4").tolist()])
        side = preprocessing.size_px
        image = functional.resized_crop(
            tensor_of(photo).permute(2, 0, 1),
            *_crop(self.augmentation, generator, photo.shape[0], photo.shape[1]),
            size=[side, side],
            interpolation=functional.InterpolationMode(preprocessing.interpolation),
            antialias=True,
        )
        if generator.random() < self.augmentation.flip:
            image = functional.horizontal_flip(image)
        brightness, contrast, saturation = 1 + self.augmentation.color * (2 * generator.random(3) - 1)
        if self.augmentation.color > 0:
            image = functional.adjust_brightness(image, brightness)
            image = _with_contrast(image, contrast)
            image = functional.adjust_saturation(image, saturation)
        return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def _crop(
    augmentation: Augmentation, generator: np.random.Generator, height: int, width: int
) -> tuple[int, int, int, int]:
    """Top, left, height and width of the first of ten random crops that fits, else of the largest one in the center.

    The same count of random numbers is drawn for every photo.
    """
    scales, positions = generator.random((2, TRIES)), generator.random(2)
    smallest, largest = augmentation.scale
    areas = height * width * (smallest + (largest - smallest) * scales[0])
    low, high = np.log(augmentation.ratio)
    ratios = np.exp(low + (high - low) * scales[1])
    widths = np.maximum(1, np.rint(np.sqrt(areas * ratios))).astype(int)
    heights = np.maximum(1, np.rint(np.sqrt(areas / ratios))).astype(int)
    fitting = np.flatnonzero((widths <= width) & (heights <= height))
    if len(fitting):
        cut_height, cut_width = int(heights[fitting[0]]), int(widths[fitting[0]])
    else:
        cut_width = max(1, min(width, round(height * augmentation.ratio[1])))
        cut_height = max(1, min(height, round(width / augmentation.ratio[0])))
        positions[:] = 0.5
    top = int(positions[0] * (height - cut_height + 1))
    left = int(positions[1] * (width - cut_width + 1))
    return top, left, cut_height, cut_width


def _with_contrast(image: torch.Tensor, factor: float) -> torch.Tensor:
    """As torchvision's `adjust_contrast`, but for a mean that is summed exactly, so in the same way by any threads.

    Args:
        image: uint8 RGB, shape (3, height, width).
        factor: 1 changes nothing.
    """
    from torchvision.transforms.v2 import functional

    mean = float(functional.rgb_to_grayscale(image).numpy().mean(dtype=np.float64))
    return image.mul(factor).add_((1 - factor) * mean).clamp_(0, 255).to(image.dtype)
