"""What ordinarily happens to photos."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_canvases import noise

from enxerto.attack.robustness.mishaps import MISHAPS, STRENGTHS, describe, happen, shrunk
from enxerto.errors import OptionError, UnknownNameError
from enxerto.types import Images

PLAIN = np.full((40, 48, 3), (90, 120, 60), dtype=np.uint8)


def smooth(height: int = 64, width: int = 80) -> Images:
    down, right = np.mgrid[0:height, 0:width]
    return np.stack([60 + down, 60 + right, 200 - down], axis=2).astype(np.uint8)


@pytest.mark.parametrize("kind", MISHAPS)
def test_a_photo_stays_a_photo_and_the_given_one_is_left_alone(kind: str) -> None:
    photo = smooth()
    before = photo.copy()
    for strength in STRENGTHS:
        after = happen(photo, kind, strength)
        assert after.dtype == np.uint8
        assert after.ndim == 3
        assert after.shape[2] == 3
        assert after.shape == photo.shape or kind == "crop"
    assert (photo == before).all()


@pytest.mark.parametrize("kind", [kind for kind in MISHAPS if kind not in ("crop", "blur")])
def test_each_strength_does_more_than_the_one_before(kind: str) -> None:
    photo = smooth()
    changes = [np.abs(happen(photo, kind, each).astype(int) - photo).mean() for each in STRENGTHS]
    assert changes[0] > 0.3
    assert changes == sorted(changes)


def test_blur_is_in_proportion_to_the_photo() -> None:
    def left(photo: Images, strength: int) -> float:
        return float(happen(photo, "blur", strength).std() / photo.std())

    checks = ((np.indices((256, 256)) // 8).sum(0) % 2 * 200).astype(np.uint8)
    photo = np.repeat(checks[..., None], 3, axis=2)
    twice = photo.repeat(2, 0).repeat(2, 1)
    shares = [left(photo, strength) for strength in STRENGTHS]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(left(twice, 1), rel=0.05)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_noise_has_the_deviation_that_it_says(strength: int) -> None:
    added = happen(np.full((60, 60, 3), 128, dtype=np.uint8), "noise", strength).astype(float) - 128
    settings = (0.08, 0.12)
    if strength < 3:  # stronger noise is clipped
        assert added.std() == pytest.approx(255 * settings[strength - 1], rel=0.03)
    assert abs(added.mean()) < 3


def test_brightness_moves_the_largest_color_and_keeps_ratios() -> None:
    ways = set()
    for seed in range(8):
        after = happen(PLAIN, "brightness", 1, seed=seed)
        assert len(np.unique(after.reshape(-1, 3), axis=0)) == 1
        ways.add(tuple(int(value) for value in after[0, 0]))
    assert ways == {(109, 146, 73), (71, 94, 47)}
    assert set(np.unique(happen(np.zeros((4, 4, 3), np.uint8), "brightness", 5))) <= {0, 128}


def test_rotation_turns_either_way_and_brings_in_no_black() -> None:
    assert (happen(PLAIN, "rotation", 5) == PLAIN).all()
    photo = smooth()
    turned = {happen(photo, "rotation", 3, seed=seed).tobytes() for seed in range(8)}
    assert len(turned) == 2
    assert min(min(each) for each in turned) >= photo.min()


def test_a_crop_is_a_part_of_the_photo() -> None:
    photo = noise(40, 60)
    after = happen(photo, "crop", 5)
    assert after.shape == (20, 30, 3)
    places = [
        (top, left)
        for top in range(21)
        for left in range(31)
        if (photo[top : top + 20, left : left + 30] == after).all()
    ]
    assert len(places) == 1
    assert happen(photo[:1, :1], "crop", 5).shape == (1, 1, 3)


def test_what_is_random_depends_on_photo_and_seed_only() -> None:
    photo = noise()
    assert (happen(photo, "noise", 2, seed=1) == happen(photo.copy(), "noise", 2, seed=1)).all()
    assert (happen(photo, "noise", 2, seed=1) != happen(photo, "noise", 2, seed=2)).any()


def test_a_photo_is_shrunk_only_where_it_is_larger() -> None:
    photo = noise(40, 60)
    assert shrunk(photo, 40) is photo
    assert shrunk(photo, 20).shape == (20, 30, 3)
    assert shrunk(noise(60, 40), 20).shape == (30, 20, 3)


def test_settings_are_said_in_words() -> None:
    assert describe("jpeg", 1) == "JPEG quality 25"
    assert describe("rotation", 4) == "turned by 22.5 degrees"
    assert len({describe(kind, strength) for kind in MISHAPS for strength in STRENGTHS}) == 30


def test_an_unknown_kind_is_refused_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown corruption 'blurr'; did you mean blur"):
        happen(PLAIN, "blurr", 1)


@pytest.mark.parametrize("strength", [0, 6])
def test_an_unknown_strength_is_refused(strength: int) -> None:
    with pytest.raises(OptionError, match=f"from 1 to 5, got {strength}"):
        describe("jpeg", strength)
