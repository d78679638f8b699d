from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hand_networks import hand_classifier, hand_images

from enxerto.classifier import Classifier
from enxerto.heads.calibration import softmax
from enxerto.visualize.attribution.cam import gradcam
from enxerto.visualize.attribution.subject import Subject

TARGETS = np.array([0, 2])


def told(classifier: Classifier, vectors: Any) -> Any:
    """Probabilities of every class."""
    return softmax(vectors.astype(np.float64)) if classifier.probe is None else classifier.decide(vectors).probabilities


@pytest.mark.parametrize("layered", [False, True])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("probe", [False, True])
def test_answers_are_the_classifier_s(probe: bool, mirror: bool, layered: bool) -> None:
    classifier, images = hand_classifier(probe=probe, mirror=mirror), hand_images()
    got = told(classifier, Subject(classifier, layered=layered).vectors(images))
    np.testing.assert_allclose(got, softmax(classifier(images)), atol=1e-6)


def test_answers_and_maps_take_one_run_of_the_network() -> None:
    subject, images = Subject(hand_classifier(), layered=True), hand_images()
    kept = subject.maps(images)
    subject.vectors(images)
    gradcam(subject, images, TARGETS)
    assert subject.maps(images) is kept
    assert "engine" not in vars(subject.classifier)


def test_images_that_have_changed_since_are_looked_at_again() -> None:
    subject, images = Subject(hand_classifier(), layered=True), hand_images()
    before = subject.vectors(images)
    images[:] = images[::-1].copy()
    after = subject.vectors(images)
    np.testing.assert_allclose(after, before[::-1], atol=1e-6)
    assert not np.allclose(after, before)


def test_a_classifier_with_other_weights_has_a_subject_of_its_own() -> None:
    first = hand_classifier()
    other = replace(first, backbone=hand_classifier(seed=9).backbone)
    vectors = [Subject(each, layered=True).vectors(hand_images()) for each in (first, other)]
    assert not np.allclose(*vectors)
