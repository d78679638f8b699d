from __future__ import annotations

import numpy as np
import pytest
import torch

from enxerto.visualize.ideal.priors import likeness, look_of, total_variation


def image(seed: int) -> torch.Tensor:
    return torch.rand(3, 20, 24, generator=torch.Generator().manual_seed(seed))


def test_total_variation_is_numpys() -> None:
    pixels = image(0).numpy().astype(np.float64)
    expected = np.abs(np.diff(pixels, axis=2)).mean() + np.abs(np.diff(pixels, axis=1)).mean()
    assert float(total_variation(image(0))) == pytest.approx(expected, rel=1e-6)


def test_an_image_is_like_itself_and_unlike_its_negative() -> None:
    looks = torch.stack([look_of(image(0)), look_of(1 - image(0))])
    assert float(likeness(image(0), looks[:1])) == pytest.approx(1, abs=1e-5)
    assert float(likeness(image(0), looks[1:])) == pytest.approx(-1, abs=1e-5)
    assert float(likeness(image(0), looks)) == pytest.approx(0, abs=1e-5)
