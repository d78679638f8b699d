"""Classifiers as functions from photos to class indices, so that those with other sizes and classes can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from enxerto.classifier import Classifier
from enxerto.types import Images, Labels


class Answers(Protocol):
    """Says what photos show."""

    def __call__(self, photos: Sequence[Images], /) -> Labels:
        """Class indices, int64, shape (photos,).

        Args:
            photos: uint8 RGB, each of shape (height, width, 3) and of any size.
        """


def asking(classifier: Classifier, classes: Sequence[str] | None = None, *, squares: bool = False) -> Answers:
    """What a classifier says of photos, after its own crop and resize.

    Args:
        classifier: whom to ask.
        classes: whose indices are meant; a class that isn't among them is -1. The classifier's own when `None`.
        squares: the photos are what another network sees, cropped already: they are resized only, so that the whole of
            an attack on it is looked at.
    """
    preprocessing = replace(classifier.preprocessing, crop=1.0) if squares else classifier.preprocessing
    order = {name: place for place, name in enumerate(classifier.classes if classes is None else classes)}
    places = np.array([order.get(name, -1) for name in classifier.classes], dtype=np.int64)

    def answers(photos: Sequence[Images], /) -> Labels:
        images = np.stack([preprocessing.image(photo) for photo in photos])
        answered: Labels = places[classifier.engine.logits(images).argmax(1)]
        return answered

    return answers
