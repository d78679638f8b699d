from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from tiny_tuning import CLASSES, FEATURES, toy_network, toy_task

from enxerto.tuning import Surroundings, Team
from enxerto.tuning.answers import answers


def test_features_and_logits_of_photos_as_they_are_in_use() -> None:
    task, network = toy_task(150), toy_network().train()
    task.inputs.prepare(0, Surroundings().progress)
    rows = np.array([3, 140, 7, 7, *range(100)])
    features, logits = answers(network, task.inputs, rows, Surroundings(bf16=True))  # bf16 is for learning only
    assert not network.training
    with torch.inference_mode():
        maps = task.inputs.batch(rows, 0)
        assert np.allclose(features, network.tail(maps), atol=1e-6)
        assert np.allclose(logits, network(maps), atol=1e-6)
    assert (features.dtype, features.shape) == (np.float32, (104, FEATURES))
    assert (logits.dtype, logits.shape) == (np.float64, (104, CLASSES))


@dataclass(frozen=True)
class Adding(Team):
    """A team whose members come one after the other; the last one gets the sums."""

    sums: list[torch.Tensor] = field(default_factory=list)

    def add_up(self, tensors: object) -> None:
        (tensor,) = tensors  # type: ignore[misc]
        self.sums.append(tensor.clone())
        tensor.copy_(sum(self.sums))


@pytest.mark.parametrize("photos", [1, 2, 65, 130])
def test_every_photo_is_answered_by_one_process(photos: int) -> None:
    task, network = toy_task(150), toy_network()
    task.inputs.prepare(0, Surroundings().progress)
    rows = np.arange(photos)
    alone = answers(network, task.inputs, rows, Surroundings())
    sums: list[torch.Tensor] = []
    for rank in range(3):
        together = answers(network, task.inputs, rows, Surroundings(team=Adding(rank, 3, sums)))
    assert np.allclose(together[0], alone[0], atol=1e-6)
    assert np.allclose(together[1], alone[1], atol=1e-6)
    counted = sum((part.abs().sum(dim=1) > 0).int() for part in sums)
    assert counted.tolist() == [1] * photos  # type: ignore[union-attr]


def test_no_gradient_is_remembered() -> None:
    task, network = toy_task(), toy_network()
    task.inputs.prepare(0, Surroundings().progress)
    answers(network, task.inputs, task.held_out, Surroundings())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(parameter.requires_grad for parameter in network.parameters())
