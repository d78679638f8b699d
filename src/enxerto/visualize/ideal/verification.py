"""What networks see in an image once it is a file: the only thing that counts, as rounding may lose everything else.

A file is read and decoded as any photo is, and shown as it is, under crops and after JPEG. Each of these views is a
file again, so that every network sees it through its own loading path: decoding, central square, resize, normalization.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.classifier import Classifier
from enxerto.data import decode, read_bytes
from enxerto.heads.calibration import softmax
from enxerto.types import Images
from enxerto.visualize.ideal.image import Opinion
from enxerto.visualize.render.encoding import jpeg, png

ITSELF, SIBLING, UNRELATED = "itself", "sibling", "unrelated"
AS_SAVED = "as saved"
CROP = 0.8
"""Part of the width and of the height that a crop keeps."""
JPEG_QUALITIES = (75, 40)
BEST = 5


@dataclass(frozen=True, eq=False)
class Verifier:
    """A network that is asked what it sees.

    Attributes:
        name: of its backbone, or of the saved model.
        classifier: the network with its classes.
        relation: to the networks that made the image: `itself`, `sibling` (of the same family) or `unrelated`.
        wanted: which of its classes mean a target; targets for which it has none are left out.
    """

    name: str
    classifier: Classifier = field(repr=False)
    relation: str
    wanted: Mapping[str, tuple[int, ...]] = field(repr=False)

    def logits(self, files: Sequence[bytes]) -> NDArray[np.float64]:
        """Its logits for image files, read as it reads any photo; shape (files, classes)."""
        looks = self.classifier.preprocessing
        seen = [looks.image(decode(content, short_side_px=looks.short_side_px).image) for content in files]
        return self.classifier(np.stack(seen))


def opinions_on(path: Path, verifiers: Sequence[Verifier], target: str) -> tuple[Opinion, ...]:
    """What networks see in a file, read from disk now, in every view.

    Args:
        path: of the image.
        verifiers: whom to ask.
        target: what the image shall show; its rank is 0 with networks that have no such class.

    Returns:
        An opinion for each network and view, network by network.

    Raises:
        PhotoError: the file can't be read.
    """
    views = views_of(read_bytes(path))
    return tuple(
        _opinion(verifier, view, logits, verifier.wanted.get(target, ()))
        for verifier in verifiers
        for view, logits in zip(views, verifier.logits(list(views.values())), strict=True)
    )


def views_of(content: bytes) -> dict[str, bytes]:
    """The ways in which a file is shown, by name, each as a file of its own; the file itself comes first."""
    image = decode(content).image
    views = {AS_SAVED: content}
    height, width = (max(1, round(CROP * side)) for side in image.shape[:2])
    for name, rows, columns in (
        ("top left", slice(None, height), slice(None, width)),
        ("top right", slice(None, height), slice(-width, None)),
        ("bottom left", slice(-height, None), slice(None, width)),
        ("bottom right", slice(-height, None), slice(-width, None)),
    ):
        views[f"{name} crop"] = png(np.ascontiguousarray(image[rows, columns]))
    return views | {f"JPEG {quality}": jpeg(image, quality) for quality in JPEG_QUALITIES}


def agreement(verifiers: Sequence[Verifier]) -> Callable[[Images, Sequence[str]], NDArray[np.bool_]]:
    """A judge for stopping early: whether every verifier that knows a target puts it first in an image.

    The function takes images, uint8, shape (batch, height, width, 3), and a target for each, and gives shape (batch,).
    It sees them as files would be seen. A verifier that has no such class agrees with nothing.
    """
    return partial(_agree, tuple(verifiers))


def _agree(verifiers: tuple[Verifier, ...], images: Images, targets: Sequence[str]) -> NDArray[np.bool_]:
    files = [png(image) for image in images]
    agreed = np.ones(len(images), dtype=bool)
    for verifier in verifiers:
        for row, logits in enumerate(verifier.logits(files)):
            agreed[row] &= _rank(logits, verifier.wanted.get(targets[row], ())) == 1
    return agreed


def _opinion(verifier: Verifier, view: str, logits: NDArray[np.float64], wanted: tuple[int, ...]) -> Opinion:
    probabilities = softmax(logits[None])[0]
    classes = verifier.classifier.classes
    return Opinion(
        network=verifier.name,
        relation=verifier.relation,
        view=view,
        rank=_rank(logits, wanted),
        probability=float(probabilities[list(wanted)].sum()),
        best=tuple((classes[i], float(probabilities[i])) for i in np.argsort(-logits, kind="stable")[:BEST]),
    )


def _rank(logits: NDArray[np.float64], wanted: tuple[int, ...]) -> int:
    """Of the best of the wanted classes, 1 the first; 0 where there are none."""
    return 1 + int((np.delete(logits, wanted) > logits[list(wanted)].max()).sum()) if wanted else 0
