"""Answers and gradients are the engine's, and each one is counted."""

from __future__ import annotations

import torch
from tiny_attacks import ConvolutionNetwork, ModuleEngine, linear_network, tiny_photos

from enxerto.attack.subject import Subject
from enxerto.engines import ClassLogit, CrossEntropy


def test_answers_are_the_network_s() -> None:
    network, photos = ConvolutionNetwork(), tiny_photos(3)
    subject = Subject(ModuleEngine(network), 4)
    logits = subject.logits(photos)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, network(photos).detach())
    assert (subject.forwards, subject.backwards) == (3, 0)


def test_gradients_are_the_network_s() -> None:
    network, photos = ConvolutionNetwork(), tiny_photos(2)
    subject = Subject(ModuleEngine(network), 4)
    labels = torch.tensor([1, 3])
    logits, values, gradient = subject.gradient(photos, labels, CrossEntropy())
    leaf = photos.clone().requires_grad_()
    losses = torch.nn.functional.cross_entropy(network(leaf), labels, reduction="none")
    torch.testing.assert_close(values, losses.detach())
    torch.testing.assert_close(gradient, torch.autograd.grad(losses.sum(), leaf)[0])
    torch.testing.assert_close(logits, network(photos).detach())
    assert (subject.forwards, subject.backwards) == (2, 2)


def test_weights_over_the_classes_are_a_target_too() -> None:
    network, photos = linear_network(3, 4), tiny_photos(1, 4)
    weights = torch.tensor([[1.0, -1.0, 0.0]])
    _, values, gradient = Subject(ModuleEngine(network), 3).gradient(photos, weights, ClassLogit())
    torch.testing.assert_close(gradient.flatten(1), (network.weight[:1] - network.weight[1:2]).detach())
    logits = network(photos).detach()
    torch.testing.assert_close(values, logits[:, 0] - logits[:, 1])


def test_photos_that_are_not_contiguous_are_taken() -> None:
    photos = tiny_photos(2).permute(0, 1, 3, 2)
    subject = Subject(ModuleEngine(ConvolutionNetwork()), 4)
    logits, _, gradient = subject.gradient(photos, torch.tensor([0, 0]), ClassLogit())
    torch.testing.assert_close(subject.logits(photos), logits)
    assert gradient.shape == photos.shape
