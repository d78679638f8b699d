from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from enxerto.types import Pixels
from enxerto.visualize.attribution.faithfulness import faithfulness, smooth_noise

SIDE = 16


class Judge:
    """Gives class 1 the share of a light half of the photo that is left: linear in the pixels."""

    blank = np.zeros(3, dtype=np.float32)

    def probabilities(self, batch: Pixels) -> Any:
        share = batch[:, :, :, : SIDE // 2].mean((1, 2, 3)).astype(np.float64)
        return np.stack([1 - share, share], axis=1)


def halves(left: float, right: float) -> Any:
    values = np.full((SIDE, SIDE), right, dtype=np.float32)
    values[:, : SIDE // 2] = left
    return values


WHITE = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)


@pytest.mark.parametrize(
    ("values", "deletion"),
    [
        (halves(1, 0), 0.25),  # falls to nothing within the first half
        (halves(0, 1), 0.75),  # stays, then falls within the second half
    ],
)
def test_deletion_of_a_network_that_looks_at_one_half(values: Any, deletion: float) -> None:
    subject: Any = Judge()
    scores = faithfulness(subject, WHITE, 1, values)
    assert scores.deletion == pytest.approx(deletion)
    assert scores.insertion == pytest.approx(1)  # a white photo is white when it is blurred
    assert faithfulness(subject, WHITE, 0, values).deletion == pytest.approx(1 - deletion)


def test_insertion_begins_with_the_blurred_photo_and_ends_with_the_photo() -> None:
    class OnlyTheDot(Judge):
        def probabilities(self, batch: Pixels) -> Any:
            share = batch[:, 0, 8, 8].astype(np.float64)
            return np.stack([1 - share, share], axis=1)

    subject: Any = OnlyTheDot()
    dot = np.zeros_like(WHITE)
    dot[8, 8] = 255
    values = np.zeros((SIDE, SIDE), dtype=np.float32)
    values[8, 8] = 1
    first, last = faithfulness(subject, dot, 1, values, 4), faithfulness(subject, dot, 1, -values, 4)
    assert first.deletion == pytest.approx(1 / 8)
    assert last.deletion == pytest.approx(7 / 8)
    blurred = (first.insertion - 7 / 8) * 8  # what the dot is after blurring, by the trapezoidal rule
    assert 0 < blurred < 0.99
    assert last.insertion == pytest.approx(1 / 8 + blurred * 7 / 8)


def test_smooth_noise_is_smooth_seeded_and_of_any_size() -> None:
    for size in (16, 224, 227):
        noise = smooth_noise(size, 3)
        assert noise.shape == (size, size)
        np.testing.assert_array_equal(noise, smooth_noise(size, 3))
        assert np.abs(noise - smooth_noise(size, 4)).max() > 0.1
    assert np.abs(np.diff(smooth_noise(224, 0), axis=0)).max() < 0.05
