"""On a real classifier of random weights: what the search believes, the file tells."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_canvases import noise
from tiny_networks import tiny_network

from enxerto.attack.file.make import Made, Wish, make
from enxerto.attack.file.survival import named_transforms
from enxerto.attack.file.verify import answers, change_between, checked, fools
from enxerto.classifier import Classifier
from enxerto.errors import DataError
from enxerto.types import Images
from enxerto.visualize.render.encoding import png

CLASSES = tuple(f"class {number}" for number in range(1000))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(tiny_network(), CLASSES, device="torch")


@pytest.fixture(scope="module")
def photo() -> Images:
    return noise(180, 200)


@pytest.fixture(scope="module")
def choices(classifier: Classifier, photo: Images) -> tuple[int, int]:
    """The two most probable classes."""
    probabilities = answers(classifier, [png(photo)])[0].probabilities
    first, second = np.argsort(probabilities)[::-1][:2]
    return int(first), int(second)


@pytest.fixture(scope="module")
def made(classifier: Classifier, photo: Images, choices: tuple[int, int]) -> Made:
    return make(classifier, photo, *choices, Wish("l2", steps=20))


def test_the_file_is_predicted_as_the_target(
    classifier: Classifier, photo: Images, choices: tuple[int, int], made: Made
) -> None:
    assert made.success
    assert (photo == noise(180, 200)).all()
    after, survived = checked(classifier, png(made.photo), made.photo, {}, *choices)
    assert after.label == CLASSES[choices[1]]
    assert fools(classifier, after, *choices, 0.0)
    assert survived == ()
    assert made.forwards > made.backwards > 0


def test_a_tampered_file_is_found_out(
    classifier: Classifier, photo: Images, choices: tuple[int, int], made: Made
) -> None:
    tampered = made.photo.copy()
    tampered[20:-20, 20:-20] = photo[20:-20, 20:-20]
    after, _ = checked(classifier, png(tampered), tampered, {}, *choices)
    assert not fools(classifier, after, *choices, 0.0)


def test_survival_is_asked_of_the_file_really_transformed(
    classifier: Classifier, choices: tuple[int, int], made: Made
) -> None:
    _, (survival,) = checked(classifier, png(made.photo), made.photo, named_transforms("jpeg:30"), *choices)
    buffer = BytesIO()
    Image.fromarray(made.photo).save(buffer, "JPEG", quality=30, subsampling="4:2:0")
    expected = answers(classifier, [buffer.getvalue()])[0]
    assert survival.label == expected.label
    assert survival.probability == pytest.approx(expected.probabilities[choices[1]])
    assert survival.fools == (expected.label == CLASSES[choices[1]])


def test_of_several_variants_the_worst_counts(classifier: Classifier, choices: tuple[int, int], made: Made) -> None:
    named = named_transforms("shift:1")
    _, (survival,) = checked(classifier, png(made.photo), made.photo, named, *choices)
    asked = answers(classifier, [each.file(made.photo) for each in named["shift:1"]])
    assert survival.probability == pytest.approx(min(each.probabilities[choices[1]] for each in asked))
    assert survival.fools == all(each.label == CLASSES[choices[1]] for each in asked)


def test_what_is_made_to_survive_survives(classifier: Classifier) -> None:
    rows, columns = np.mgrid[:180, :200]
    smooth = np.stack([128 + 90 * np.sin(columns / 17), 128 + 90 * np.cos(rows / 23), 40 + rows], -1).astype(np.uint8)
    first, second = (int(each) for each in np.argsort(answers(classifier, [png(smooth)])[0].probabilities)[:-3:-1])
    named = named_transforms("jpeg:90,resize:0.9")
    made = make(classifier, smooth, first, second, Wish("linf", transforms=sum(named.values(), ()), steps=30))
    assert made.success
    _, survived = checked(classifier, png(made.photo), made.photo, named, first, second)
    assert [each.fools for each in survived] == [True, True]


def test_an_answer_fools_by_class_and_confidence(
    classifier: Classifier, photo: Images, choices: tuple[int, int]
) -> None:
    answer = answers(classifier, [png(photo)])[0]
    first, second = choices
    assert fools(classifier, answer, second, first, 0.0)
    assert fools(classifier, answer, second, None, 0.0)
    assert not fools(classifier, answer, first, None, 0.0)
    assert not fools(classifier, answer, second, first, answer.probability + 1e-6)
    assert not fools(classifier, replace(answer, label=None), second, first, 0.0)


def test_a_change_is_counted_in_grey_levels(photo: Images) -> None:
    changed = photo.copy()
    changed[0, 0] += np.array([3, 0, 4], dtype=np.uint8)
    changed[5, 5, 1] -= 12
    change = change_between(photo, changed)
    assert (change.largest, change.length, change.total, change.pixels) == (12, 13.0, 19, 2)
    assert change.share == pytest.approx(2 / (180 * 200))


def test_photos_of_different_sizes_have_no_difference(photo: Images) -> None:
    with pytest.raises(DataError, match="the original has 200 x 180 pixels and the file 20 x 180"):
        change_between(photo, photo[:, :20])


def test_answers_leave_no_file_behind(
    classifier: Classifier, photo: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answers(classifier, [png(photo)])
    assert not list(tmp_path.glob("enxerto-attack-*"))
