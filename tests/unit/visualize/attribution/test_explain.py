from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
import torch
from hand_networks import hand_classifier, hand_images
from numpy.typing import NDArray
from tiny_networks import tiny_network

from enxerto.classifier import Classifier
from enxerto.types import Images, Labels
from enxerto.visualize.attribution import Explainer, Method, find_methods
from enxerto.visualize.attribution.explain import CHECKED_PHOTOS
from enxerto.visualize.attribution.sanity import judged, rank_correlation
from enxerto.visualize.attribution.subject import Subject, without_knowledge

GRADCAM = find_methods(["gradcam"])


def edges(_subject: Subject, images: Images, _targets: Labels) -> NDArray[np.float32]:
    """Looks at the photo alone, as an edge detector does."""
    gray = images.mean(3).astype(np.float32)
    return np.abs(np.diff(gray, axis=1, append=0)) + np.abs(np.diff(gray, axis=2, append=0))


EDGES = Method("edges", "Edges", "Draws edges.", edges)


def tiny() -> Classifier:
    return Classifier(tiny_network(), tuple(map(str, range(1000))), device="torch")


def tiny_images(count: int = 2) -> Images:
    return np.random.default_rng(5).integers(0, 256, (count, 160, 160, 3), dtype=np.uint8)


def test_a_method_that_ignores_the_weights_is_flagged_and_gradcam_is_not() -> None:
    explainer = Explainer(tiny(), (EDGES, *GRADCAM), photos=2)
    found = explainer.attribute(tiny_images(), np.array([3, 500]))
    by_edges, by_gradcam = explainer.sanity()
    assert (by_edges.method, by_edges.passed, by_edges.photos) == ("edges", False, 2)
    assert by_edges.correlation == pytest.approx(1)
    assert by_gradcam.passed
    assert found[0].attributions[0].random_weights == pytest.approx(1)
    assert found[0].chance is not None
    assert all(each.faithfulness is not None for each in found[0].attributions)


def test_only_the_first_photos_are_checked_and_all_are_scored() -> None:
    explainer = Explainer(hand_classifier(), GRADCAM, photos=CHECKED_PHOTOS + 2)
    targets = np.zeros(3, dtype=np.int64)
    found = explainer.attribute(hand_images(), targets) + explainer.attribute(hand_images(seed=1), targets)
    checked = [each.attributions[0].random_weights is not None for each in found]
    assert checked == [True] * CHECKED_PHOTOS + [False] * 2
    assert explainer.sanity()[0].photos == CHECKED_PHOTOS
    assert all(each.attributions[0].faithfulness is not None for each in found)


def test_without_checks_there_are_only_maps() -> None:
    explainer = Explainer(hand_classifier(), GRADCAM, checks=False)
    found = explainer.attribute(hand_images(1), np.array([1]))[0]
    assert (found.chance, found.attributions[0].faithfulness, found.attributions[0].random_weights) == (None,) * 3
    assert explainer.sanity() == ()


def test_the_seed_decides_what_is_random() -> None:
    def scores(seed: int) -> Any:
        explainer = Explainer(hand_classifier(probe=True), GRADCAM, seed=seed)
        found = explainer.attribute(hand_images(1), np.array([1]))[0]
        return found.chance, found.attributions[0].random_weights

    assert scores(0) == scores(0)
    assert scores(0) != scores(1)


def test_nothing_that_was_learned_is_left_in_random_weights() -> None:
    learned = hand_classifier(probe=True)
    random = without_knowledge(learned, seed=2)
    assert learned.probe is not None
    assert random.probe is not None
    assert np.abs(random.probe.head.weight - learned.probe.head.weight).min() > 0
    assert not random.probe.head.bias.any()
    assert random.probe.head.weight.std() == pytest.approx(learned.probe.head.weight.std(), rel=0.5)
    pairs = zip(random.backbone.network.parameters(), learned.backbone.network.parameters(), strict=True)
    assert all(float((one - other).abs().min()) > 0 for one, other in pairs)


def test_rank_correlation_is_spearmans_of_strengths() -> None:
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert rank_correlation(values, np.exp(values)) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(1)  # as strong in the same places
    assert rank_correlation(values, 15 - values) == pytest.approx(-1)
    assert rank_correlation(values, np.zeros_like(values)) == 0


def test_half_is_too_much() -> None:
    assert judged("x", [0.2, 0.7]).passed
    assert not judged("x", [0.3, 0.7]).passed


def test_nothing_is_kept_between_photos() -> None:
    explainer = Explainer(hand_classifier(), find_methods(["gradcam", "ablation-cam"]), checks=False)

    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())

    def call() -> None:
        explainer.attribute(hand_images(1), np.array([1]))

    call()
    before = tensors()
    for _ in range(100):
        call()
    assert tensors() == before
