from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from enxerto.attack.file.fitting import size_of
from enxerto.attack.file.moves import Moves, leading
from enxerto.attack.norms import NORMS

ROOM = (torch.full((3, 5, 5), -40.0), torch.full((3, 5, 5), 40.0))


def moves(norm: str, seed: int = 0) -> Moves:
    dice = torch.Generator().manual_seed(seed)
    gradient = torch.randn(3, 5, 5, generator=dice)
    change = torch.randint(-3, 4, (3, 5, 5), generator=dice).float()
    return Moves(change, gradient, ROOM, norm, 3.0)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_an_exchange_keeps_the_margin_by_the_gradient_and_stays_on_the_lattice(
    norm: str, seed: int, share: float
) -> None:
    before = moves(norm, seed)
    after = before.exchanged(share, 0.0)
    assert (after == after.round()).all()
    assert (after >= ROOM[0]).all()
    assert (after <= ROOM[1]).all()
    assert float((before.gradient * (after - before.change)).sum()) >= -1e-3
    assert size_of(after, "l2" if norm == "linf" else norm) < size_of(before.change, "l2" if norm == "linf" else norm)


def test_an_exchange_leaves_what_it_came_from() -> None:
    before = moves("l2")
    kept = before.change.clone()
    before.exchanged(0.5, 0.0)
    assert (before.change == kept).all()


def test_a_margin_to_spare_is_spent_on_taking_back() -> None:
    random = moves("l2")
    before = replace(random, gradient=random.gradient.abs() * random.change.sign())  # every change gains something
    assert size_of(before.exchanged(0.5, 100.0), "l2") < size_of(before.exchanged(0.5, 0.0), "l2")


def test_the_largest_change_does_not_grow_for_linf() -> None:
    assert size_of(moves("linf").exchanged(0.5, 0.0), "linf") <= 3


def test_for_l0_whole_pixels_are_taken_back() -> None:
    before = moves("l0")
    after = before.exchanged(0.3, 1000.0)
    touched = ((after - before.change) != 0).any(0)
    assert touched.any()
    assert not after[:, touched].any()


def test_what_leads_is_told_exactly_for_few_and_nearly_for_many() -> None:
    dice = torch.Generator().manual_seed(0)
    order, weight = torch.rand(200_000, generator=dice), torch.rand(200_000, generator=dice)
    for wanted, slack in ((5.0, 1e-3), (60_000.0, 0.02)):
        found = leading(order, weight, wanted)
        assert float(weight[found].sum()) == pytest.approx(wanted, rel=0.2 if wanted < 10 else slack)
        assert float(order[found].max()) <= float(order.sort().values[len(found) - 1])
    assert (
        float(weight[leading(order, weight, 5.0)].sum())
        <= 5.0
        <= float(weight[leading(order, weight, 5.0, beyond=True)].sum())
    )


def test_what_is_at_infinity_never_leads() -> None:
    order = torch.tensor([torch.inf, 1.0, torch.inf, 0.5])
    assert sorted(leading(order, torch.ones(4), 4.0).tolist()) == [1, 3]
