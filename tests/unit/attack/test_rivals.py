from __future__ import annotations

import torch
from tiny_attacks import ConvolutionNetwork, linear_network, subject_of, tiny_photos

from enxerto.attack.rivals import differences, rivals


def test_rivals_are_the_largest_but_the_label_and_no_more_than_there_are() -> None:
    logits = torch.tensor([[9.0, 1.0, 5.0], [0.0, 7.0, 8.0]])
    assert rivals(logits, torch.tensor([0, 1]), 2).tolist() == [[2, 1], [2, 0]]
    assert rivals(logits[:, :2], torch.tensor([0, 1]), 5).tolist() == [[1], [0]]


def test_gradients_of_a_linear_network_are_differences_of_its_weights() -> None:
    photos, network = tiny_photos(2, 6), linear_network(4)
    subject, goal = subject_of(network, photos)
    gradients, values = differences(subject, photos, goal, 2)
    logits = network(photos).detach()
    wanted = rivals(logits, goal.labels, 2)
    expected = (network.weight[wanted] - network.weight[goal.labels][:, None]).detach()
    torch.testing.assert_close(gradients.flatten(2), expected)
    torch.testing.assert_close(values, logits.gather(1, wanted) - logits.gather(1, goal.labels[:, None]))


def test_all_gradients_come_from_one_call() -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(5), photos)
    calls = []
    gradient = subject.gradient
    subject.gradient = lambda *inputs: (calls.append(len(inputs[0])), gradient(*inputs))[1]  # type: ignore[method-assign]
    differences(subject, photos, goal, 3)
    assert calls == [6]
