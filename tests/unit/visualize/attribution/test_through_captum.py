from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hand_networks import SIDE, HandNetwork, hand_classifier, hand_images

from enxerto.backbones import to_pixels
from enxerto.errors import OptionError
from enxerto.visualize.attribution import through_captum
from enxerto.visualize.attribution.subject import Subject
from enxerto.visualize.attribution.through_captum import integrated_gradients, occlusion, raw_integrated_gradients

TARGETS = np.array([0, 2, 1])


class Linear(HandNetwork):
    """A logit is a weighted sum of pixels: the rectifier is left out."""

    def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.conv(inputs)


def slopes(subject: Subject) -> Any:
    """Of each target's logit along each pixel of the first photo; the same for all photos of a linear network."""
    pixels = torch.zeros(3, 3, SIDE, SIDE).requires_grad_()
    logits = subject.classifier.network(pixels)[np.arange(3), TARGETS]
    return torch.autograd.grad(logits.sum(), pixels)[0].numpy()


@pytest.mark.parametrize("seed", [0, 1])
def test_integrated_gradients_add_up_to_what_the_photo_adds_to_a_blank_one(seed: int) -> None:
    subject, images = Subject(hand_classifier(seed, bent=True)), hand_images(seed=seed)
    blank = np.full((1, 3, SIDE, SIDE), 0.5, dtype=np.float32)
    gained = subject.logits(to_pixels(images)) - subject.logits(blank)
    values = raw_integrated_gradients(subject, images, TARGETS)
    np.testing.assert_allclose(values.sum((1, 2)), gained[np.arange(3), TARGETS], atol=0.05)
    assert np.abs(gained[np.arange(3), TARGETS]).max() > 0.2
    smoothed = integrated_gradients(subject, images, TARGETS)
    np.testing.assert_allclose(smoothed.sum((1, 2)), values.sum((1, 2)), atol=1e-4)


def test_integrated_gradients_of_a_linear_network_are_slope_times_pixel() -> None:
    subject, images = Subject(hand_classifier(made=Linear(0, False))), hand_images()
    expected = (slopes(subject) * (to_pixels(images) - 0.5)).sum(1)
    np.testing.assert_allclose(raw_integrated_gradients(subject, images, TARGETS), expected, atol=1e-5)


def test_occlusion_of_a_linear_network_is_what_each_window_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through_captum, "WINDOWS_ACROSS", SIDE // 2)  # windows of 2 pixels, moved by 1
    subject, images = Subject(hand_classifier(made=Linear(0, False))), hand_images()
    adds = (slopes(subject) * (to_pixels(images) - 0.5)).sum(1)
    windows = np.stack([[adds[:, y : y + 2, x : x + 2].sum((1, 2)) for x in range(7)] for y in range(7)])
    expected = np.empty((3, SIDE, SIDE))
    for y in range(SIDE):
        for x in range(SIDE):
            expected[:, y, x] = windows[max(0, y - 1) : y + 1, max(0, x - 1) : x + 1].mean((0, 1))
    np.testing.assert_allclose(occlusion(subject, images, TARGETS), expected, atol=1e-5)


@pytest.mark.parametrize(("name", "method"), [("occlusion", occlusion), ("integrated-gradients", integrated_gradients)])
def test_without_captum_the_extra_is_named(name: str, method: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through_captum, "find_spec", lambda _: None)
    with pytest.raises(OptionError, match=rf"{name} needs Captum.*run: pip install 'enxerto\[explain\]'"):
        method(Subject(hand_classifier()), hand_images(), TARGETS)


def test_many_gradients_are_the_fast_engines_and_few_are_pytorchs() -> None:
    classifier = hand_classifier()
    object.__setattr__(classifier, "device", "openvino")
    assert classifier.engine.name == "openvino"
    assert Subject(classifier, 1, 10).network.gradients.name == "torch"
    assert Subject(classifier, 1, 1000).network.gradients is classifier.engine
