from __future__ import annotations

import numpy as np
import pytest

from enxerto.visualize.render.overlay import color_at, overlay, strengths

PHOTO = np.full((20, 30, 3), (90, 140, 60), dtype=np.uint8)
BOX = (5, 0, 25, 20)


def halves() -> np.ndarray:
    values = np.zeros((10, 10), dtype=np.float32)
    values[:, :3], values[:, 7:] = 2, -2
    return values


def test_the_photo_keeps_its_size_and_is_dark_where_nothing_was_seen() -> None:
    drawn = overlay(PHOTO, np.zeros((10, 10), dtype=np.float32), BOX)
    assert (drawn.shape, drawn.dtype) == (PHOTO.shape, np.uint8)
    inside, outside = drawn[10, 15], drawn[10, 2]
    assert len(set(inside.tolist())) == len(set(outside.tolist())) == 1, "gray"
    assert outside[0] < inside[0] * 0.6
    assert drawn[0, 5].tolist() == drawn[19, 24].tolist() == [255, 255, 255], "an outline"


def test_for_is_warm_and_against_is_cold_and_nothing_is_gray() -> None:
    drawn = overlay(PHOTO, halves(), BOX).astype(int)
    warm, nothing, cold = drawn[10, 8], drawn[10, 15], drawn[10, 22]
    assert warm[0] > warm[2] + 50
    assert cold[2] > cold[0] + 50
    assert np.ptp(nothing) < 5


def test_only_ratios_count() -> None:
    np.testing.assert_array_equal(overlay(PHOTO, halves(), BOX), overlay(PHOTO, 1e-6 * halves(), BOX))
    assert strengths(halves()).max() == 1
    assert not strengths(np.zeros((2, 2), dtype=np.float32)).any()


def test_stronger_is_brighter_to_every_eye() -> None:
    def brightness(strength: float) -> float:
        return float(np.dot(color_at(strength), (0.2126, 0.7152, 0.0722)))

    for sign in (1, -1):
        levels = [brightness(sign * step) for step in np.linspace(0.05, 1, 12)]
        assert levels == sorted(levels)


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0, 0, 30, 20)])
def test_any_box_will_do(box: tuple[int, int, int, int]) -> None:
    assert overlay(PHOTO, halves(), box).shape == PHOTO.shape
