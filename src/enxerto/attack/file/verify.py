"""What a classifier really says of files, read back like any other photo; nothing that was noted before is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from enxerto.attack.file.survival import Transform
from enxerto.classifier import Classifier, Prediction
from enxerto.data import Limits, Photo, PhotoSet
from enxerto.errors import DataError
from enxerto.types import Images


@dataclass(frozen=True)
class Change:
    """How two photos of one size differ, in grey levels.

    Attributes:
        largest: of any value.
        length: Euclidean.
        total: the sum over all values.
        pixels: that differ in any value.
        share: of all pixels.
    """

    largest: int
    length: float
    total: int
    pixels: int
    share: float


@dataclass(frozen=True)
class Survival:
    """What becomes of a file's answer when something is done to the file.

    Attributes:
        name: of the transform.
        fools: in every variant.
        label: predicted in the worst variant.
        probability: of the class that should be predicted, in the worst variant.
    """

    name: str
    fools: bool
    label: str
    probability: float


def change_between(original: Images, changed: Images) -> Change:
    """How two photos differ.

    Raises:
        DataError: they have different sizes.
    """
    if original.shape != changed.shape:
        sizes = [f"{shape[1]} x {shape[0]}" for shape in (original.shape, changed.shape)]
        raise DataError(f"the original has {sizes[0]} pixels and the file {sizes[1]}; give the photo it was made from")
    difference = changed.astype(np.int64) - original
    pixels = int((difference != 0).any(2).sum())
    return Change(
        largest=int(np.abs(difference).max()),
        length=float(np.sqrt(np.square(difference).sum())),
        total=int(np.abs(difference).sum()),
        pixels=pixels,
        share=pixels / (original.shape[0] * original.shape[1]),
    )


def answers(classifier: Classifier, contents: Sequence[bytes], limits: Limits | None = None) -> list[Prediction]:
    """Predictions for files with these contents, written, read and decoded as `Classifier.predict` does it.

    Args:
        classifier: whom to ask.
        contents: of the files.
        limits: of bytes and pixels a photo.
    """
    with TemporaryDirectory(prefix="enxerto-attack-") as folder:
        paths = [Path(folder) / f"{place:06d}" for place in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        photos = PhotoSet(Path(folder), tuple(Photo(path, path.name) for path in paths), "without labels")
        return classifier.predict(photos, limits=limits)


def fools(classifier: Classifier, answer: Prediction, label: int, target: int | None, confidence: float) -> bool:
    """Whether an answer is the wrong one that it should be, with at least this probability.

    Args:
        classifier: that gave the answer.
        answer: of a file.
        label: index of what the photo shows.
        target: index of the class that should be predicted; `None` for any but the label.
        confidence: least probability.
    """
    if answer.label is None:
        return False
    said = classifier.classes.index(answer.label)
    wrong = said == target if target is not None else said != label
    return wrong and answer.probability >= confidence


def checked(
    classifier: Classifier,
    png: bytes,
    photo: Images,
    named: dict[str, tuple[Transform, ...]],
    label: int,
    target: int | None,
    limits: Limits | None = None,
) -> tuple[Prediction, tuple[Survival, ...]]:
    """The answer for a file, and what becomes of it by each transform, all asked at once.

    To survive, the wrong class only has to come first.

    Args:
        classifier: whom to ask.
        png: the file.
        photo: its pixels, which transforms are applied to.
        named: transforms, by what they are called.
        label: as for `fools`.
        target: as for `fools`.
        limits: of bytes and pixels a photo.
    """
    after, *others = answers(classifier, [png, *(each.file(photo) for some in named.values() for each in some)], limits)
    survived = []
    for name, transforms in named.items():
        asked, others = others[: len(transforms)], others[len(transforms) :]
        wanted = target if target is not None else classifier.classes.index(after.label or classifier.classes[label])
        worst = min(asked, key=lambda answer: answer.probabilities[wanted])
        good = all(fools(classifier, answer, label, target, 0.0) for answer in asked)
        survived.append(Survival(name, good, str(worst.label), worst.probabilities[wanted]))
    return after, tuple(survived)
