import pytest
import torch

from enxerto.errors import UnknownNameError
from enxerto.tuning.initialization import INITIALIZATIONS, initial_head

FEATURES, CLASSES = 400, 200


def drawn(kind, seed=0):
    return initial_head(kind, FEATURES, CLASSES, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("kind", "bound"), [("uniform", 1.0), ("inverse-sqrt", 0.05), ("xavier", 0.1)])
def test_uniform_draws_fill_their_bounds(kind, bound):
    weight, _ = drawn(kind)
    assert weight.min() == pytest.approx(-bound, rel=1e-3)
    assert weight.max() == pytest.approx(bound, rel=1e-3)
    assert weight.var() == pytest.approx(bound**2 / 3, rel=0.02)


@pytest.mark.parametrize(("kind", "variance"), [("normal", 1 / 400), ("he", 2 / 400)])
def test_normal_draws_have_their_variance_and_tails(kind, variance):
    weight, _ = drawn(kind)
    assert weight.var() == pytest.approx(variance, rel=0.02)
    assert (weight.abs() > 3 * variance**0.5).float().mean() == pytest.approx(0.0027, abs=0.001)


@pytest.mark.parametrize("kind", INITIALIZATIONS[1:])
def test_the_same_seed_draws_the_same_head(kind):
    weight, bias = drawn(kind)
    assert weight.shape == (CLASSES, FEATURES)
    assert weight.dtype == bias.dtype == torch.float32
    assert torch.equal(bias, torch.zeros(CLASSES))
    assert torch.equal(weight, drawn(kind)[0])
    assert not torch.equal(weight, drawn(kind, seed=1)[0])


def test_an_unknown_way_has_near_matches():
    with pytest.raises(UnknownNameError, match="unknown initialization 'javier'; did you mean xavier"):
        drawn("javier")
