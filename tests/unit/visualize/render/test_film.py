from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageSequence

from enxerto.errors import OptionError
from enxerto.visualize.render.film import FRAME_MS, LAST_MS, FilmKind, film

COLORS = ((200, 30, 30), (30, 160, 40), (30, 40, 190))
FRAMES = np.stack([np.full((48, 64, 3), color, dtype=np.uint8) for color in COLORS])


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_a_film_shows_its_frames_in_a_loop_and_rests_on_the_last(kind: FilmKind) -> None:
    content = film(FRAMES, kind)
    opened = Image.open(BytesIO(content))
    assert (opened.format, opened.n_frames, opened.size) == (kind.upper(), 3, (64, 48))
    assert opened.info["loop"] == 0
    durations = []
    for color, frame in zip(COLORS, ImageSequence.Iterator(opened), strict=True):
        pixels = np.asarray(frame.convert("RGB")).astype(int)
        assert np.abs(pixels - color).max() < 12
        durations.append(frame.info["duration"])
    assert durations == [FRAME_MS, FRAME_MS, LAST_MS]
    assert content == film(FRAMES.copy(), kind)


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_a_film_shrinks_until_it_is_small_enough(kind: FilmKind) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (12, 192, 192, 3), dtype=np.uint8)
    free = film(noise, kind)
    half = film(noise, kind, most_bytes=len(free) // 9)
    assert len(half) <= len(free) // 9
    assert Image.open(BytesIO(half)).size == (96, 96)
    least = Image.open(BytesIO(film(noise, kind, most_bytes=10)))
    assert (least.size, least.n_frames) == ((96, 96), 6)
    assert len(free) > len(half) > 10


def test_one_frame_is_a_film_and_none_is_not() -> None:
    assert Image.open(BytesIO(film(FRAMES[:1]))).size == (64, 48)
    with pytest.raises(OptionError, match="at least one frame"):
        film(FRAMES[:0])
    with pytest.raises(OptionError, match="`kind` must be one of webp, gif, got 'mp4'"):
        film(FRAMES, "mp4")  # type: ignore[arg-type]
