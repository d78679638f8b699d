"""Asking classifiers with other sizes and classes, and what fools more than one of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from tiny_attacks import ConvolutionNetwork, tiny_photos
from tiny_canvases import noise
from tiny_defences import chunk_of, rows_of
from tiny_networks import tiny_network

from enxerto.attack.robustness import transfer
from enxerto.attack.robustness.asking import Answers, asking
from enxerto.attack.robustness.records import TransferRecord
from enxerto.attack.subject import Subject
from enxerto.backbones.preprocessing import to_pixels
from enxerto.classifier import Classifier
from enxerto.types import Images, Labels

NAMES = tuple(f"class {number}" for number in range(1000))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(tiny_network(), NAMES, device="torch")


def whole(count: int = 4) -> torch.Tensor:
    """Photos in whole grey levels."""
    return (tiny_photos(count) * 255).round() / 255


def answers_of(subject: Subject) -> Answers:
    def answers(photos: Sequence[Images], /) -> Labels:
        return np.asarray(subject.logits(torch.from_numpy(to_pixels(np.stack(photos)))).argmax(1))

    return answers


def test_photos_of_any_size_are_answered_as_the_classifier_sees_them(classifier: Classifier) -> None:
    photos = [noise(40, 50), noise(200, 180, seed=1)]
    expected = [int(classifier.engine.logits(classifier.preprocessing.image(photo)[None]).argmax()) for photo in photos]
    assert asking(classifier)(photos).tolist() == expected


def test_squares_are_not_cropped_again(classifier: Classifier) -> None:
    side = classifier.preprocessing.size_px
    square = noise(side, side, seed=2)
    expected = int(classifier.engine.logits(square[None]).argmax())
    assert asking(classifier, squares=True)([square]).tolist() == [expected]
    framed = np.pad(square, ((2, 2), (2, 2), (0, 0)))
    seen: list[Images] = []
    for squares in (True, False):
        looking = _Looking(classifier, seen)
        asking(looking, squares=squares)([framed])  # type: ignore[arg-type]  # a stand-in
    assert [image[0, 0].max() > 0 for image in seen] == [False, True]


class _Looking:
    """A classifier that keeps what it is shown."""

    def __init__(self, classifier: Classifier, seen: list[Images]) -> None:
        self.classes, self.preprocessing = classifier.classes, classifier.preprocessing
        self.engine, self.chunk = self, 8
        self.workers, self.seen = 1, seen

    def logits(self, images: Images) -> Images:
        self.seen.extend(images)
        return np.zeros((len(images), 1000))


def test_classes_are_told_by_name_and_unknown_ones_are_minus_one(classifier: Classifier) -> None:
    photos = [noise(40, 50)]
    (own,) = asking(classifier)(photos)
    assert asking(classifier, NAMES[::-1])(photos).tolist() == [999 - own]
    assert asking(classifier, [name for name in NAMES if name != NAMES[own]])(photos).tolist() == [-1]


def test_sure_points_are_files_within_the_radius_that_fool_surely() -> None:
    subject, chunk = chunk_of(ConvolutionNetwork(), whole())
    photos = transfer.sure_points(subject, chunk, radius=128 / 255, steps=30)
    changes = [
        np.abs(made.astype(int) - was)
        for made, was in zip(photos, transfer.to_photos(chunk.pixels.numpy()), strict=True)
    ]
    assert 0 < max(change.max() for change in changes) <= 128
    logits = subject.logits(torch.from_numpy(to_pixels(np.stack(photos))))
    assert (logits.argmax(1) != chunk.labels).all()
    assert float(logits.softmax(1).amax(1).min()) > 0.85


def test_where_sureness_is_out_of_reach_fooling_is_enough() -> None:
    subject, chunk = chunk_of(ConvolutionNetwork(), whole(8))
    radius = 16 / 255
    photos = transfer.sure_points(subject, chunk, radius=radius, steps=20)
    logits = subject.logits(torch.from_numpy(to_pixels(np.stack(photos))))
    fooled = logits.argmax(1) != chunk.labels
    assert 0 < int(fooled.sum()) < 8
    assert float(logits.softmax(1).amax(1)[fooled].min()) < 0.9
    left = [row for row in range(8) if not fooled[row]]
    originals = transfer.to_photos(chunk.pixels.numpy())
    assert all((photos[row] == originals[row]).all() for row in left)
    alone = transfer.sure_points(subject, rows_of(chunk, 2, 3), radius=radius, steps=20)
    assert (alone[0] == photos[2]).all()


def test_only_photos_that_another_gets_right_can_fool_it() -> None:
    records = [
        TransferRecord("a", "b1", 0, before=0, after=1),
        TransferRecord("b", "b1", 1, before=1, after=1),
        TransferRecord("c", "b1", 1, before=-1, after=0),
        TransferRecord("a", "b0", 0, before=1, after=0),
    ]
    first, second = transfer.summary(records)
    assert (first.model, first.fooled.count, first.fooled.of, first.clean.count) == ("b1", 1, 2, 2)
    assert (second.model, second.fooled.of, second.clean.value) == ("b0", 0, 0.0)
    assert transfer.summary([]) == ()


def test_a_network_is_fooled_by_its_own_files_and_its_double_too() -> None:
    subject, chunk = chunk_of(ConvolutionNetwork(), whole())
    originals = transfer.to_photos(chunk.pixels.numpy())
    changed = transfer.sure_points(subject, chunk, radius=64 / 255, steps=30)
    double, _ = chunk_of(ConvolutionNetwork(), whole())
    others = {"double": answers_of(double), "blind": lambda _photos, /: chunk.labels.numpy()}
    records = transfer.measure(others, chunk.names, originals, changed, chunk.labels.tolist())
    shares = {each.model: each.fooled.value for each in transfer.summary(records)}
    assert shares == {"double": 1.0, "blind": 0.0}
    assert transfer.measure(others, [], [], [], []) == []


def test_pixels_become_the_photos_that_they_were() -> None:
    photo = noise(8, 8)
    assert (transfer.to_photos(to_pixels(photo[None]))[0] == photo).all()
