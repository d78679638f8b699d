"""A loop film of how an image came to be, as an animated WebP or GIF of limited size."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enxerto.errors import OptionError

FilmKind = Literal["webp", "gif"]
KINDS: tuple[FilmKind, ...] = ("webp", "gif")
MOST_BYTES = 3_000_000
FRAME_MS, LAST_MS = 80, 1600
_SMALLEST_PX, _FEWEST = 96, 6
_QUALITIES = (80, 60, 40)
_COLORS = (256, 128, 64)


def film(frames: NDArray[np.uint8], kind: FilmKind = "webp", *, most_bytes: int = MOST_BYTES) -> bytes:
    """Frames as a film that runs in a loop and rests on its last frame.

    To stay within the limit, first the quality goes down, then the size, then every second frame; a film that is as
    small as that may be larger than the limit nevertheless.

    Args:
        frames: RGB, uint8, shape (frames, height, width, 3).
        kind: `webp`, or `gif`, which is several times larger.
        most_bytes: that the file should have.

    Raises:
        OptionError: no frame, or an unknown kind.
    """
    if kind not in KINDS:
        raise OptionError(f"`kind` must be one of {', '.join(KINDS)}, got {kind!r}")
    if not len(frames):
        raise OptionError("a film needs at least one frame, got none")
    content = b""
    for smaller in _smaller(frames):
        pictures = [Image.fromarray(frame) for frame in smaller]
        for step in range(len(_QUALITIES)):
            content = _webp(pictures, _QUALITIES[step]) if kind == "webp" else _gif(pictures, _COLORS[step])
            if len(content) <= most_bytes:
                return content
    return content


def _smaller(frames: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The frames; then halved in size again and again; then with half of them left out, the last one kept."""
    yield frames
    while min(frames.shape[1:3]) >= 2 * _SMALLEST_PX:
        frames = np.stack([np.asarray(Image.fromarray(frame).reduce(2)) for frame in frames])
        yield frames
    while len(frames) >= 2 * _FEWEST:
        frames = frames[::-1][::2][::-1]
        yield frames


def _durations(pictures: list[Image.Image]) -> list[int]:
    return [FRAME_MS] * (len(pictures) - 1) + [LAST_MS]


def _webp(pictures: list[Image.Image], quality: int) -> bytes:
    return _saved(pictures, "WEBP", quality=quality, method=3, minimize_size=False)


def _gif(pictures: list[Image.Image], colors: int) -> bytes:
    return _saved(
        [picture.quantize(colors, Image.Quantize.FASTOCTREE) for picture in pictures], "GIF", optimize=False, disposal=1
    )


def _saved(pictures: list[Image.Image], kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    pictures[0].save(
        buffer, kind, save_all=True, append_images=pictures[1:], duration=_durations(pictures), loop=0, **options
    )
    return buffer.getvalue()
