from __future__ import annotations

import numpy as np
import pytest
import torch

from enxerto.errors import OptionError
from enxerto.visualize.ideal.recipe import CANVASES, recipe_of
from enxerto.visualize.ideal.start import Start, start_image


def made(start: Start, **changes: object) -> torch.Tensor:
    recipe = recipe_of(**{"size_px": 32, "contrast": 0.05, **changes})
    return start_image(start, recipe, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("canvas", CANVASES)
def test_noise_is_gray_with_the_contrast_asked_for(canvas: str) -> None:
    image = made("noise", canvas=canvas)
    assert image.shape == (3, 32, 32)
    assert float(image.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(image.std()) == pytest.approx(0.05, rel=0.1)


def test_a_color_fills_the_image() -> None:
    image = made("#ff8000")
    assert image[:, 0, 0].tolist() == pytest.approx([1, 128 / 255, 0])
    assert torch.equal(image, image[:, :1, :1].expand(3, 32, 32))


def test_a_photo_gives_its_central_square() -> None:
    photo = np.zeros((32, 64, 3), dtype=np.uint8)
    photo[:, 16:48] = 255
    assert float(made(photo).min()) == 1.0


@pytest.mark.parametrize("start", ["nois", "#12345", np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_other_starts_are_refused(start: Start) -> None:
    with pytest.raises(OptionError, match=r"noise, a color such as #8090a0|a photo to start from must be uint8"):
        made(start)
