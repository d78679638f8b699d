from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from enxerto.tuning.scratch import LEAST_EPOCHS, MOST_EPOCHS, fit_from_scratch, side_for


def stripes(count: int, seed: int = 0) -> tuple[torch.Tensor, np.ndarray]:
    """Stripes that lie or stand, in noise."""
    dice = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    waves = np.sin(np.arange(16) * 1.5 + dice.uniform(0, 6, (count, 1)))
    lying = np.repeat(waves[:, :, None], 16, axis=2)
    pictures = np.where(labels[:, None, None] == 0, lying, lying.transpose(0, 2, 1))
    noisy = np.clip(0.5 + 0.2 * pictures + dice.normal(0, 0.05, pictures.shape), 0, 1)
    return torch.from_numpy(np.repeat(noisy[:, None], 3, axis=1).astype(np.float32)), labels.astype(np.int64)


def test_it_learns_what_pictures_show() -> None:
    pixels, labels = stripes(64)
    fit = fit_from_scratch(pixels, labels, 2)
    unseen, answers = stripes(40, seed=1)
    assert (fit.logits(unseen).argmax(axis=1) == answers).mean() > 0.9
    assert fit.epochs == fit.planned == MOST_EPOCHS
    assert not fit.network.training


def test_the_same_seed_gives_the_same_network_and_leaves_torchs_own_alone() -> None:
    pixels, labels = stripes(33)  # the last batch has one picture
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    fits = [fit_from_scratch(pixels, labels, 2, seed=seed, seconds=0) for seed in (3, 3, 4)]
    assert torch.rand(1) == expected
    answers = [fit.logits(pixels) for fit in fits]
    assert np.array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])


def test_it_ends_when_its_time_is_over_but_learns_something() -> None:
    pixels, labels = stripes(40)
    ticks = itertools.count(0, 10)
    fit = fit_from_scratch(pixels, labels, 2, seconds=25, clock=lambda: float(next(ticks)))
    assert (fit.epochs, fit.planned) == (3, MOST_EPOCHS)


def test_many_pictures_are_shown_less_often() -> None:
    pixels, labels = torch.zeros(3000, 3, 4, 4), np.zeros(3000, dtype=np.int64)
    fit = fit_from_scratch(pixels[:, :, :1, :1].expand(-1, -1, 8, 8).contiguous(), labels, 2, seconds=0)
    assert (fit.epochs, fit.planned) == (1, LEAST_EPOCHS)


@pytest.mark.parametrize(("short", "side"), [(8, 16), (9, 32), (16, 32), (25, 64), (600, 64)])
def test_pictures_are_learned_at_twice_their_own_size(short: float, side: int) -> None:
    assert side_for(short) == side
