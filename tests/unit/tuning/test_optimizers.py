from dataclasses import replace

import pytest
import torch

from enxerto.errors import OptionError, UnknownNameError
from enxerto.tuning.optimizers import OPTIMIZERS, default_rate, open_optimizer
from enxerto.tuning.recipe import Recipe

GRADIENT = 4.0


def stepped(optimizer, *, steps=1, decay=0.0, rate=0.1, decays=True):
    """Where a weight of 1 goes when its gradient stays the same."""
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    recipe = Recipe(optimizer=optimizer, learning_rate=rate, weight_decay=decay)
    opened = open_optimizer(recipe, [{"params": [weight], "rate": 1.0, "decay": decays}])
    for _ in range(steps):
        weight.grad = torch.full_like(weight, GRADIENT)
        opened.step()
    return weight.item()


@pytest.mark.parametrize(
    ("optimizer", "moved"),
    [
        ("sgd", 0.1 * 4 * 2),
        ("momentum", 0.1 * 4 * (1 + 1.9)),
        ("nesterov", 0.1 * 4 * (1.9 + 2.71)),
        ("adagrad", 0.1 * (1 + 2**-0.5)),
        ("rmsprop", 0.1 * (0.1**-0.5 + 0.19**-0.5)),
        ("adam", 0.1 * 2),
        ("adamw", 0.1 * 2),
    ],
)
def test_two_steps_are_those_of_the_papers(optimizer, moved):
    assert stepped(optimizer, steps=2) == pytest.approx(1 - moved, abs=1e-6)


@pytest.mark.parametrize(
    ("optimizer", "decayed"),
    [("sgd", 1 - 0.1 * (4 + 0.5)), ("adam", 1 - 0.1), ("adamw", 1 - 0.1 * 0.5 - 0.1)],
)
def test_weight_decay_is_decoupled_only_in_adamw(optimizer, decayed):
    assert stepped(optimizer, decay=0.5) == pytest.approx(decayed, abs=1e-6)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_does_not_decay_is_left_alone(optimizer):
    assert stepped(optimizer, decay=0.5, decays=False) == stepped(optimizer)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_groups_have_their_multiple_of_the_rate_and_remember_its_height(optimizer):
    weight, bias = (torch.nn.Parameter(torch.zeros(size)) for size in (3, 2))
    groups = [{"params": [weight], "rate": 1.0, "decay": True}, {"params": [bias], "rate": 0.5, "decay": False}]
    opened = open_optimizer(Recipe(optimizer=optimizer, weight_decay=0.03), groups)
    first, second = opened.param_groups
    assert first["lr"] == first["peak"] == default_rate(optimizer)
    assert second["lr"] == second["peak"] == default_rate(optimizer) / 2
    assert (first["weight_decay"], second["weight_decay"]) == (0.03, 0.0)
    assert first["foreach"] is False
    assert not first.get("fused")


def test_momentum_and_plain_descent_go_as_far_in_the_long_run():
    plain = stepped("sgd", steps=1000, rate=default_rate("sgd"))
    assert stepped("momentum", steps=1000, rate=default_rate("momentum")) == pytest.approx(plain, rel=0.02)


def test_an_unknown_optimizer_has_near_matches():
    with pytest.raises(UnknownNameError, match="unknown optimizer 'adamv'; did you mean adam or adamw"):
        default_rate("adamv")
    with pytest.raises(UnknownNameError, match="unknown optimizer 'adamv'"):
        open_optimizer(Recipe(optimizer="adamv", learning_rate=1.0), [])


def test_a_rate_that_is_still_to_be_found_is_no_rate():
    with pytest.raises(OptionError, match="must be a number by now, got 'find'; look for one first"):
        open_optimizer(Recipe(learning_rate="find"), [])


def test_an_adversarial_recipe_learns_faster_unless_a_rate_is_given():
    recipe = Recipe(adversarial=0.01)
    group = {"params": [torch.nn.Parameter(torch.ones(1))], "rate": 1.0, "decay": False}
    (opened,) = open_optimizer(recipe, [dict(group)]).param_groups
    assert opened["peak"] == pytest.approx(3 * default_rate("adamw"))
    (given,) = open_optimizer(replace(recipe, learning_rate=1e-3), [dict(group)]).param_groups
    assert given["peak"] == 1e-3
