"""What holds for every attack that looks for the smallest change."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from tiny_attacks import ConstantNetwork, ConvolutionNetwork, second_choice, subject_of, tiny_photos

from enxerto.attack import carlini_wagner, ddn, deepfool, fab, fmn, pdpgd, sigma_zero
from enxerto.attack.found import Found
from enxerto.attack.minimal import minimal
from enxerto.attack.norms import distance

ROWS = [
    (deepfool.run, "linf"),
    (deepfool.run, "l2"),
    (ddn.run, "l2"),
    (fmn.run, "linf"),
    (fmn.run, "l2"),
    (fmn.run, "l1"),
    (fmn.run, "l0"),
    (carlini_wagner.run, "l2"),
    (pdpgd.run, "linf"),
    (pdpgd.run, "l2"),
    (pdpgd.run, "l1"),
    (sigma_zero.run, "l0"),
    (fab.run, "linf"),
    (fab.run, "l2"),
    (fab.run, "l1"),
    (fab.run_targeted, "l2"),
    (minimal, "linf"),
    (minimal, "l2"),
    (minimal, "l1"),
    (minimal, "l0"),
]
Run = Callable[..., Found]
every = pytest.mark.parametrize(("run", "norm"), ROWS, ids=[f"{run.__module__[15:]}-{norm}" for run, norm in ROWS])


@every
@pytest.mark.parametrize("classes", [2, 3])
def test_what_is_returned_fools_within_bounds_at_the_distance_it_says(run: Run, norm: str, classes: int) -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(classes), photos)

    found = run(subject, photos, goal, norm, steps=40, seed=0)

    assert bool(found.success.all())
    assert bool(goal.reached(subject.logits(found.best)).all())
    assert float(found.best.min()) >= 0
    assert float(found.best.max()) <= 1
    torch.testing.assert_close(found.distances, distance(found.best - photos, norm))
    assert bool((found.distances > 0).all())


@every
def test_a_target_is_reached(run: Run, norm: str) -> None:
    photos = tiny_photos(3)
    subject, _ = subject_of(ConvolutionNetwork(5), photos)
    goal = second_choice(subject, photos)

    found = run(subject, photos, goal, norm, steps=40, seed=0)

    assert subject.logits(found.best).argmax(1).tolist() == goal.targets.tolist()


@every
def test_a_confidence_is_reached(run: Run, norm: str) -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(3), photos)
    plain = run(subject, photos, goal, norm, steps=40, seed=0)

    sure = run(subject, photos, replace(goal, confidence=0.7), norm, steps=40, seed=0)

    answers = subject.logits(sure.best).softmax(1)
    assert bool((answers.scatter(1, goal.labels[:, None], 0).amax(1) >= 0.7).all())
    assert float(sure.distances.sum()) > float(plain.distances.sum())


@every
def test_a_photo_alone_gets_what_it_gets_among_others(run: Run, norm: str) -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(4), photos)

    together = run(subject, photos, goal, norm, steps=25, seed=3)
    alone = run(subject, photos[2:3], goal.rows(torch.tensor([2])), norm, steps=25, seed=3)

    torch.testing.assert_close(alone.best, together.best[2:3], rtol=0, atol=1e-6)


@every
def test_more_steps_are_never_worse(run: Run, norm: str) -> None:
    photos = tiny_photos(3, seed=1)
    subject, goal = subject_of(ConvolutionNetwork(4), photos)

    few, many = (run(subject, photos, goal, norm, steps=steps, seed=0).distances for steps in (10, 80))

    assert bool((many <= few * 1.02 + (norm == "l0")).all())


@every
def test_a_photo_that_fools_already_needs_no_change(run: Run, norm: str) -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(3), photos)
    wrong = replace(goal, labels=torch.cat([(goal.labels[:1] + 1) % 3, goal.labels[1:]]))

    found = run(subject, photos, wrong, norm, steps=20, seed=0)

    assert float(found.distances[0]) == 0
    assert torch.equal(found.best[0], photos[0])
    assert bool((found.distances[1:] > 0).all())


@every
def test_a_gradient_of_zero_is_noticed(run: Run, norm: str) -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConstantNetwork(), photos)

    found = run(subject, photos, goal, norm, steps=12, seed=0)

    assert found.flat.tolist() == [True, True]
    assert not found.success.any()
    assert torch.equal(found.best, photos)


@every
def test_photos_and_network_stay_as_they_were(run: Run, norm: str) -> None:
    photos, network = tiny_photos(2), ConvolutionNetwork(3)
    before, weights = photos.clone(), copy.deepcopy(network.state_dict())
    subject, goal = subject_of(network, photos)

    run(subject, photos, goal, norm, steps=12, seed=0)

    assert torch.equal(photos, before)
    assert all(torch.equal(weights[name], value) for name, value in network.state_dict().items())


@every
def test_it_takes_no_more_gradients_than_allowed(run: Run, norm: str) -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(4), photos)

    run(subject, photos, goal, norm, steps=50, seed=0)

    each = 3 if run in (deepfool.run, fab.run_targeted) else 1
    assert subject.backwards <= 50 * each * len(photos)


@every
def test_a_start_is_where_the_search_begins(run: Run, norm: str) -> None:
    photos = tiny_photos(2)
    subject, goal = subject_of(ConvolutionNetwork(3), photos)
    near = minimal(subject, photos, goal, norm, steps=100, seed=0)

    found = run(subject, photos, goal, norm, steps=5, seed=0, start=near.best)

    assert bool((found.distances <= near.distances * 1.02).all())


def test_a_photo_that_gains_nothing_more_leaves() -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(3), photos)

    minimal(subject, photos, goal, "l2", steps=2000, seed=0)

    assert subject.backwards < 300 * len(photos)


def test_deepfool_lets_photos_go_as_soon_as_they_fool() -> None:
    photos = tiny_photos(3)
    subject, goal = subject_of(ConvolutionNetwork(3), photos)

    deepfool.run(subject, photos, goal, "l2", steps=50, seed=0)

    assert subject.backwards < 10 * 2 * len(photos)


def test_fab_with_targets_is_no_worse_than_along_the_margin() -> None:
    photos = tiny_photos(3, seed=2)
    subject, goal = subject_of(ConvolutionNetwork(6), photos)

    plain, aimed = (run(subject, photos, goal, "l2", steps=40, seed=0) for run in (fab.run, fab.run_targeted))

    assert bool((aimed.distances <= plain.distances * 1.01).all())
