from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from hand_networks import CHANNELS, SIDE, HandNetwork, hand_classifier, hand_images
from numpy.typing import NDArray
from tiny_networks import tiny_network

from enxerto.backbones import to_pixels
from enxerto.classifier import Classifier
from enxerto.types import Images
from enxerto.visualize.attribution import cam
from enxerto.visualize.attribution.cam import ablation_cam, gradcam
from enxerto.visualize.attribution.subject import Subject

TARGETS = np.array([0, 2, 1])
Doubles = NDArray[np.float64]


def weights(classifier: Classifier) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    network: Any = classifier.backbone.network
    names = ("conv.weight", "conv.bias", "classifier.weight", "classifier.bias")
    kernel, shift, weight, bias = (network.state_dict()[name].double().numpy() for name in names)
    return kernel, shift, weight, bias


def by_hand(classifier: Classifier, images: Images) -> Doubles:
    """The network's maps, place by place, in float64."""
    kernel, shift, _, _ = weights(classifier)
    inputs = (images.astype(np.float64) / 255 - 0.5) / 0.5
    maps = np.empty((len(images), CHANNELS, SIDE // 2, SIDE // 2))
    for row in range(SIDE // 2):
        for column in range(SIDE // 2):
            patch = inputs[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            maps[:, :, row, column] = np.einsum("nyxc,kcyx->nk", patch, kernel) + shift
    return np.maximum(maps, 0)


def enlarged(maps: Doubles) -> NDArray[np.float32]:
    tensor = torch.from_numpy(np.maximum(maps, 0))[:, None]
    return torch.nn.functional.interpolate(tensor, (SIDE, SIDE), mode="bilinear")[:, 0].numpy()


def test_gradcam_is_what_the_hand_gives() -> None:
    classifier, images = hand_classifier(), hand_images()
    maps, (_, _, weight, _) = by_hand(classifier, images), weights(classifier)
    slope = weight[TARGETS] / (SIDE // 2) ** 2  # of a mean over places
    expected = enlarged(np.einsum("nk,nkyx->nyx", slope, maps))
    np.testing.assert_allclose(gradcam(Subject(classifier), images, TARGETS), expected, atol=1e-6)
    assert expected.max() > 0.01


def pooled_logits(classifier: Classifier, maps: Doubles, bent: bool) -> Doubles:
    _, _, weight, bias = weights(classifier)
    pooled = maps.mean((2, 3))
    return (np.maximum(pooled - 0.5, 0) if bent else pooled) @ weight.T + bias


@pytest.mark.parametrize("bent", [False, True])
def test_ablation_cam_is_what_taking_channels_away_gives(bent: bool) -> None:
    classifier, images = hand_classifier(3, bent=bent), hand_images()
    maps, rows = by_hand(classifier, images), np.arange(3)
    whole = pooled_logits(classifier, maps, bent)[rows, TARGETS]
    falls = np.empty((3, CHANNELS))
    for channel in range(CHANNELS):
        without = maps.copy()
        without[:, channel] = 0
        falls[:, channel] = whole - pooled_logits(classifier, without, bent)[rows, TARGETS]
    expected = enlarged(np.einsum("nk,nkyx->nyx", falls, maps))
    np.testing.assert_allclose(ablation_cam(Subject(classifier), images, TARGETS), expected, atol=1e-5)
    assert expected.max() > 0.01


def test_channels_are_ablated_as_many_at_once_as_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    subject, images = Subject(hand_classifier(3, bent=True)), hand_images()
    together = ablation_cam(subject, images, TARGETS)
    monkeypatch.setattr(cam, "ABLATED_BYTES", 3 * subject.maps(images)[:1].nbytes)  # 3 of 4, then the last one
    np.testing.assert_allclose(ablation_cam(subject, images, TARGETS), together, atol=1e-6)
    assert together.max() > 0.01


@pytest.mark.parametrize("bent", [False, True])
def test_gradcam_is_captums(bent: bool) -> None:
    classifier, images = hand_classifier(1, bent=bent), hand_images()
    network: Any = classifier.network

    class Pixels(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rectified = torch.nn.ReLU()
            self.inner: HandNetwork = network.network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.inner.forward_head(self.rectified(self.inner.conv((pixels - 0.5) / 0.5)))

    wrapped = Pixels()
    pixels = torch.from_numpy(to_pixels(images)).requires_grad_()
    found = LayerGradCam(wrapped, wrapped.rectified).attribute(pixels, target=torch.from_numpy(TARGETS))
    expected = enlarged(found[:, 0].detach().double().numpy())
    np.testing.assert_allclose(gradcam(Subject(classifier), images, TARGETS), expected, atol=1e-6)


def test_a_head_of_our_own_counts_with_its_temperature() -> None:
    classifier, images = hand_classifier(probe=True), hand_images()
    assert classifier.probe is not None
    slope = classifier.probe.head.weight[TARGETS] / 1.5 / (SIDE // 2) ** 2
    expected = enlarged(np.einsum("nk,nkyx->nyx", slope, by_hand(classifier, images)))
    np.testing.assert_allclose(gradcam(Subject(classifier), images, TARGETS), expected, atol=1e-6)


@pytest.mark.parametrize("method", [gradcam, ablation_cam])
def test_of_two_looks_both_count(method: Any) -> None:
    plain, mirrored, images = hand_classifier(probe=True), hand_classifier(probe=True, mirror=True), hand_images()
    both = method(Subject(mirrored), images, TARGETS)
    turned = method(Subject(mirrored), images[:, :, ::-1], TARGETS)
    np.testing.assert_allclose(turned, both[:, :, ::-1], atol=1e-6)
    assert np.abs(both - method(Subject(plain), images, TARGETS)).max() > 1e-3


def test_the_tokens_of_a_transformer_lie_on_their_grid() -> None:
    backbone = tiny_network("test_vit")
    classifier = Classifier(backbone, tuple(map(str, range(1000))), device="torch")
    subject = Subject(classifier)
    images = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    assert subject.cut.backbone.layer == "blocks.4"
    tokens: list[torch.Tensor] = []
    network: Any = classifier.network
    hook = network.network.blocks[4].register_forward_hook(lambda *given: tokens.append(given[2]))
    pixels = torch.from_numpy(to_pixels(images)).requires_grad_()
    logits = network(pixels)
    hook.remove()
    (gradient,) = torch.autograd.grad(logits[:, 7].sum(), tokens[0])
    kept, slope = tokens[0][:, 1:].detach(), gradient[:, 1:].mean(1)
    expected = (kept @ slope[:, :, None])[:, :, 0].reshape(2, 1, 10, 10).relu()
    shown = torch.nn.functional.interpolate(expected, (160, 160), mode="bilinear")[:, 0].numpy()
    np.testing.assert_allclose(gradcam(subject, images, np.array([7, 7])), shown, atol=1e-5)
    falls = ablation_cam(subject, images[:1], np.array([7]))
    assert (falls.shape, bool(falls.max() > 0)) == ((1, 160, 160), True)


def test_many_photos_are_few_at_a_time() -> None:
    subject, images = Subject(hand_classifier()), hand_images(40)
    targets = np.arange(40) % 3
    together = gradcam(subject, images, targets)
    alone = np.concatenate([gradcam(subject, images[i : i + 1], targets[i : i + 1]) for i in range(40)])
    np.testing.assert_allclose(together, alone, atol=1e-6)
