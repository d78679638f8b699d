from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_tuning import CLASSES, LEARNING, PLAIN, Given, same, state_of, toy_network, toy_task

from enxerto.tuning import Surroundings
from enxerto.tuning import adversarial as adversarial_module
from enxerto.tuning.adversarial import change_to_fool, fooling, moved, random_change
from enxerto.tuning.answers import answers
from enxerto.tuning.fit import fit, loss_and_accuracy
from enxerto.tuning.network import TunableNetwork
from enxerto.tuning.targets import soft_cross_entropy, soft_targets
from enxerto.tuning.task import Task

SHAPE = torch.Size((3, 6, 5))
RADIUS = 8 / 255
ALONE = Surroundings()


def pixels(photos: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.rand(photos, *SHAPE, generator=torch.Generator().manual_seed(seed))


def slopes() -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))


def linear(points: torch.Tensor) -> torch.Tensor:
    """Losses whose largest value within the radius is known."""
    return (points * slopes()).flatten(1).sum(1)


def task_of_pixels(radius: float = 0.0) -> Task:
    """Made-up maps in [0, 1], as photos have them, of kinds that lie close together."""
    task = toy_task(60, noise=0.5)
    assert isinstance(task.inputs, Given)
    maps = torch.sigmoid(task.inputs.maps)
    task = replace(task, inputs=Given(maps.contiguous(memory_format=torch.channels_last)), radius=radius)
    task.inputs.prepare(0, ALONE.progress)
    return task


def test_random_changes_lie_in_the_radius_and_everywhere_in_it() -> None:
    start = random_change(np.arange(8), torch.Size((3, 50, 50)), RADIUS, seed=3, run=0, step=2)
    assert start.shape == (8, 3, 50, 50)
    assert start.dtype == torch.float32
    assert start.abs().max() <= RADIUS
    assert float(start.std()) == pytest.approx(RADIUS / 3**0.5, rel=0.02)
    assert float(start.mean()) == pytest.approx(0, abs=RADIUS / 50)


def test_a_random_change_depends_on_the_place_in_the_batch_and_not_on_who_else_is_read() -> None:
    whole = random_change(np.arange(6), SHAPE, RADIUS, seed=3, run=1, step=2)
    assert torch.equal(random_change(np.array([4, 1]), SHAPE, RADIUS, seed=3, run=1, step=2), whole[[4, 1]])
    assert len({tuple(photo.flatten().tolist()) for photo in whole}) == 6
    for other in ({"seed": 4}, {"run": 0}, {"step": 3}):
        drawn = random_change(np.arange(6), SHAPE, RADIUS, **({"seed": 3, "run": 1, "step": 2} | other))
        assert not torch.equal(drawn, whole)


def test_a_change_moves_along_the_slopes_and_stays_in_the_radius() -> None:
    change = torch.tensor([-0.1, 0.0, 0.05, 0.1])
    assert torch.allclose(moved(change, torch.tensor([3.0, 1e-9, -2.0, 5.0]), 0.1), torch.tensor([0, 0.1, -0.05, 0.1]))
    assert torch.equal(moved(change, torch.zeros(4), 0.1), change)
    half = moved(change, torch.tensor([3.0, -4.0, -2.0, -5.0]), 0.1, 0.5)
    assert torch.allclose(half, torch.tensor([-0.05, -0.05, 0, 0.05]))


def test_where_the_slope_is_the_same_everywhere_the_worst_point_is_found() -> None:
    photos = pixels()
    found = fooling(linear, photos, RADIUS)
    assert torch.allclose(found, (photos + RADIUS * slopes().sign()).clamp(0, 1), atol=1e-6)
    assert not found.requires_grad


@pytest.mark.parametrize("radius", [0.0, 1 / 255, 0.5])
def test_photos_change_by_no_more_than_the_radius_and_stay_photos(radius: float) -> None:
    photos, network = pixels(9), torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(90, 3))
    found = fooling(lambda points: soft_cross_entropy(network(points), torch.eye(3).repeat(3, 1)), photos, radius)
    assert float((found - photos).abs().max()) <= radius + 1e-7
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    assert torch.equal(found, photos) == (radius == 0)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_held_out_photos_are_changed_alike_alone_and_in_company(monkeypatch: pytest.MonkeyPatch) -> None:
    task, network = task_of_pixels(), toy_network()
    rows = np.array([5, 2, 40, 7, 9])
    photos = task.inputs.batch(rows, 0)
    change = change_to_fool(network, task.labels, RADIUS)
    together = change(photos, rows)
    monkeypatch.setattr(adversarial_module, "PHOTOS_AT_ONCE", 2)
    assert torch.allclose(change(photos, rows), together, atol=1e-7)
    assert torch.allclose(change(photos[2:3], rows[2:3]), together[2:3], atol=1e-7)
    assert 0 < float((together - photos).abs().max()) <= RADIUS + 1e-7
    wanted = soft_targets(torch.from_numpy(task.labels[rows]), CLASSES, 0.0)
    with torch.inference_mode():
        before, after = (soft_cross_entropy(network(points), wanted) for points in (photos, together))
    assert bool((after > before).all())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_answers_are_of_the_photos_as_they_were_changed() -> None:
    task, network = task_of_pixels(), toy_network()
    asked = []

    def change(maps: torch.Tensor, rows: np.ndarray) -> torch.Tensor:
        asked.append(rows)
        return 1 - maps

    _, logits = answers(network, task.inputs, np.arange(70) % 60, ALONE, change)
    assert np.array_equal(np.concatenate(asked), np.arange(70) % 60)
    with torch.inference_mode():
        expected = network(1 - task.inputs.batch(np.arange(70) % 60, 0))
    assert np.allclose(logits, expected, atol=1e-6)


def test_weights_are_chosen_by_photos_that_were_changed() -> None:
    network = toy_network()
    clean = loss_and_accuracy(network, task_of_pixels(), ALONE)
    attacked = loss_and_accuracy(network, task_of_pixels(0.2), ALONE)
    assert attacked[1] <= clean[1]
    before = state_of(network)
    change = change_to_fool(network, task_of_pixels().labels, 0.2)
    task = task_of_pixels()
    logits = answers(network, task.inputs, task.held_out, ALONE, change)[1]
    assert attacked[1] == pytest.approx(float((logits.argmax(1) == task.labels[task.held_out]).mean()))
    assert same(state_of(network), before)


def withstood(network: TunableNetwork, radius: float) -> float:
    """Share of held-out photos that stay right."""
    return loss_and_accuracy(network, task_of_pixels(radius), ALONE)[1]


def test_a_network_that_learns_from_changed_photos_withstands_more_of_them() -> None:
    radius = 0.2
    networks = []
    for adversarial in (0.0, radius):
        recipe = replace(PLAIN, epochs=12, learning_rate=2e-2, adversarial=adversarial)
        network = toy_network()
        history = fit(network, LEARNING, task_of_pixels(adversarial), recipe, ALONE)
        assert history.best > 0
        networks.append(network)
    plain, hardened = networks
    assert withstood(hardened, radius) >= withstood(plain, radius) + 0.2
