"""The photos of a robustness report: labelled, in an order in which any part of them is a sample."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from enxerto.attack.robustness.chunk import Chunk
from enxerto.backbones import Preprocessing, to_pixels
from enxerto.backbones.imagenet import imagenet_ids, imagenet_synonyms
from enxerto.classifier import Classifier
from enxerto.classifier.class_choice import class_index
from enxerto.data import Limits, Photo, PhotoSet, list_photos
from enxerto.data.decode import decode, read_bytes
from enxerto.data.walk import folders_in
from enxerto.errors import PhotoError
from enxerto.jobs.evaluate import held_out, require_known_labels
from enxerto.types import Images

IMAGENET_NAMES = r"(n\d{8})(?:_.*)?"
"""File names of ImageNet's photos, such as `n01514668_cock.JPEG`."""
_ID = re.compile(r"n\d{8}")


@dataclass(frozen=True, eq=False)
class Looked:
    """A photo that was read.

    Attributes:
        name: of the photo.
        label: what it shows, a class index.
        photo: decoded, uint8 RGB, shape (height, width, 3).
        square: what the network sees, uint8 RGB, shape (size, size, 3).
        sha256: of the file.
    """

    name: str
    label: int
    photo: Images
    square: Images
    sha256: bytes


@dataclass(frozen=True)
class Album:
    """Photos in the order in which they are measured, which is drawn by lot.

    Attributes:
        photos: with labels.
        labels: class indices, one a photo.
        preprocessing: of the classifier.
        limits: of bytes and pixels a photo.
    """

    photos: tuple[Photo, ...]
    labels: tuple[int, ...]
    preprocessing: Preprocessing
    limits: Limits

    def look(self, number: int) -> Looked:
        """Read a photo.

        Raises:
            PhotoError: it can't be read.
        """
        photo = self.photos[number]
        content = read_bytes(photo.path, self.limits)
        image = decode(content, short_side_px=self.preprocessing.short_side_px, limits=self.limits).image
        square = self.preprocessing.image(image)
        return Looked(photo.name, self.labels[number], image, square, hashlib.sha256(content).digest())

    def look_at(self, numbers: Sequence[int]) -> list[Looked]:
        """Read photos that could be read before; one that can't any more is passed over."""
        looked = []
        for number in numbers:
            try:
                looked.append(self.look(number))
            except PhotoError:
                continue
        return looked

    @property
    def identity(self) -> list[tuple[str, int, int]]:
        """Name, label and size of each file."""
        return [
            (photo.name, label, photo.path.stat().st_size if photo.path.is_file() else -1)
            for photo, label in zip(self.photos, self.labels, strict=True)
        ]


def open_album(
    classifier: Classifier, source: Path, label_pattern: str | None, seed: int, limits: Limits
) -> tuple[Album, PhotoSet]:
    """List labelled photos and draw their order.

    Args:
        classifier: that is asked about them.
        source: as for `evaluate`; for ImageNet's classes folders may be named by WordNet ids, too, and a folder of
            files by `n01514668_cock.JPEG`.
        label_pattern: as for `train`.
        seed: of the order.
        limits: of bytes and pixels a photo.

    Returns:
        The album, and the photos as they were listed.

    Raises:
        DataError: no photos, or no labels to be found.
        UnknownNameError: labels that the classifier doesn't know.
    """
    imagenet = classifier.probe is None
    if imagenet and label_pattern is None and source.is_dir() and not folders_in(source):
        label_pattern = IMAGENET_NAMES
    listed = held_out(list_photos(source, label_pattern=label_pattern))
    if imagenet:
        index = {label: imagenet_index(label, classifier.classes) for label in listed.classes}
    else:
        require_known_labels(listed, classifier.classes)
        index = {label: classifier.classes.index(label) for label in listed.classes}
    order = np.random.default_rng(seed).permutation(len(listed))
    photos = tuple(listed.photos[number] for number in order)
    labels = tuple(index[photo.label or ""] for photo in photos)
    return Album(photos, labels, classifier.preprocessing, limits), listed


def imagenet_index(label: str, classes: Sequence[str]) -> int:
    """The class of a WordNet id or of a name; raises as `class_index`."""
    ids = imagenet_ids()
    return (
        ids.index(label) if _ID.fullmatch(label) and label in ids else class_index(label, classes, imagenet_synonyms())
    )


def chunk_of(looked: Sequence[Looked]) -> Chunk:
    """Photos as attacks take them."""
    pixels = to_pixels(np.stack([each.square for each in looked]))
    labels = torch.tensor([each.label for each in looked], dtype=torch.int64)
    return Chunk(tuple(each.name for each in looked), torch.from_numpy(pixels), labels)
