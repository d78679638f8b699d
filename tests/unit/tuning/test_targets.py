import numpy as np
import pytest
import torch

from enxerto.tuning.targets import draw_mixing, keep_mask, mix, soft_cross_entropy, soft_targets

LABELS = torch.tensor([2, 0])


def test_labels_are_certain_without_smoothing():
    assert torch.equal(soft_targets(LABELS, 4, 0.0), torch.eye(4)[[2, 0]])


def test_smoothing_spreads_its_share_over_all_classes():
    expected = torch.tensor([[0.1, 0.1, 0.7, 0.1], [0.7, 0.1, 0.1, 0.1]])
    torch.testing.assert_close(soft_targets(LABELS, 4, 0.4), expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy_is_torchs_own(smoothing):
    logits = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.cross_entropy(logits, LABELS, reduction="none", label_smoothing=smoothing)
    torch.testing.assert_close(soft_cross_entropy(logits, soft_targets(LABELS, 4, smoothing)), expected)


def test_cross_entropy_of_half_precision_is_summed_in_full():
    logits = torch.tensor([[100.0, 0.0, 0.0, 0.0]] * 2, dtype=torch.bfloat16)
    losses = soft_cross_entropy(logits, soft_targets(LABELS, 4, 0.0))
    assert losses.dtype == torch.float32
    assert losses.tolist() == [100.0, 0.0]


def test_mixing_pairs_every_photo_once_and_is_a_function_of_the_step():
    drawn = draw_mixing(50, 0.4, seed=1, run=2, step=3)
    again = draw_mixing(50, 0.4, seed=1, run=2, step=3)
    assert sorted(drawn.partners) == list(range(50))
    assert drawn.partners.dtype == np.int64
    assert drawn.shares.dtype == np.float32
    np.testing.assert_array_equal(drawn.partners, again.partners)
    np.testing.assert_array_equal(drawn.shares, again.shares)
    for other in ({"seed": 2}, {"run": 1}, {"step": 4}):
        assert (draw_mixing(50, 0.4, **{"seed": 1, "run": 2, "step": 3, **other}).shares != drawn.shares).any()


@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
def test_shares_are_beta_distributed(alpha):
    shares = draw_mixing(20_000, alpha, seed=0, run=0, step=0).shares
    assert shares.mean() == pytest.approx(0.5, abs=0.01)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.05)


@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 3, 4, 4)])
def test_blends_are_weighted_by_the_share_of_each_photo(shape):
    own, partners = torch.ones(shape), torch.full(shape, 3.0)
    blended = mix(own, partners, torch.tensor([0.75, 0.0]))
    assert torch.equal(blended[0], torch.full(shape[1:], 1.5))
    assert torch.equal(blended[1], partners[1])
    assert mix(own.bfloat16(), partners.bfloat16(), torch.tensor([0.75, 0.0])).dtype == torch.bfloat16


def test_the_mask_hides_its_share_and_keeps_sums():
    mask = keep_mask(200, 500, 0.2, seed=0, run=0, step=0)
    assert mask.dtype == np.float32
    assert set(mask.ravel().tolist()) == {0.0, 1.25}
    assert mask.mean() == pytest.approx(1.0, abs=0.01)
    np.testing.assert_array_equal(mask, keep_mask(200, 500, 0.2, seed=0, run=0, step=0))
    assert (mask != keep_mask(200, 500, 0.2, seed=0, run=0, step=1)).any()


def test_without_dropout_nothing_is_hidden():
    assert (keep_mask(10, 10, 0.0, seed=0, run=0, step=0) == 1).all()
