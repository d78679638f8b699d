"""The directory of ideal images: each file is written as soon as its image is finished."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import OptionError
from enxerto.report import Pictures
from enxerto.visualize.render.encoding import webp
from enxerto.visualize.render.film import FilmKind
from enxerto.visualize.render.sheet import fitted

PAGE, RECORD, SHEET = "ideal.html", "ideal.json", "sheet.png"
IMAGE_PX, FRAME_PX = 320, 96
FRAMES = 8


@contextmanager
def open_directory(
    output: Path | None, names: Sequence[str], kind: FilmKind | None, *, force: bool, resume: bool = False
) -> Iterator[Path]:
    """The folder that files go to, not yet made; a temporary one when `output` is `None`.

    Args:
        output: as it was given.
        names: of the images to come, without ending.
        kind: of their films.
        force: files of these names may be replaced.
        resume: likewise, where there is a record of what they are.

    Raises:
        OptionError: some of the files are there already, and `force` is off; or the place is not for images; or there
            is none to go on at.
    """
    if output is None:
        if resume:
            raise OptionError("`resume` goes on with images at an output; give one")
        with tempfile.TemporaryDirectory(prefix="enxerto-") as temporary:
            yield Path(temporary)
        return
    if any((folder / "model.json").exists() for folder in (output, *output.absolute().parents)):
        raise OptionError(f"{output} lies in a model's directory, which would be no intact model; choose another path")
    if output.exists() and not output.is_dir():
        raise OptionError(f"{output} is a file; -o takes a directory")
    endings = (".png", f".{kind}") if kind else (".png",)
    files = [PAGE, RECORD, SHEET, *(f"{name}{ending}" for name in names for ending in endings)]
    there = [output / name for name in files if (output / name).exists()]
    if there and not force and not (resume and (output / RECORD).exists()):
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise OptionError(f"there is {there[0]} already{more}; pass --force to replace it, or choose another directory")
    yield output


def pictures_of(image: NDArray[np.uint8], frames: NDArray[np.uint8]) -> Pictures:
    """What the page shows of an image: itself, and some of its frames, where there are any."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)) if len(frames) else ()
    strip = tuple(webp(_shrunk(frames[place], FRAME_PX), 75) for place in chosen)
    return Pictures(webp(_shrunk(image, IMAGE_PX)), strip)


def _shrunk(image: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    return image if max(image.shape[:2]) <= side_px else np.asarray(fitted(image, side_px))
