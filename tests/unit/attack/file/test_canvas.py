from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_attacks import ConvolutionNetwork, ModuleEngine
from tiny_canvases import noise, preprocessing, under_attack

from enxerto.attack.file.canvas import Canvas
from enxerto.attack.file.survival import named_transforms
from enxerto.backbones.preprocessing import to_pixels
from enxerto.engines import ClassLogit, CrossEntropy

WEIGHTS = np.array([[1.0, -1.0, 0.5, 0.0]], dtype=np.float32)


def test_the_photo_with_its_own_square_is_the_photo() -> None:
    photo = noise()
    _, canvas, _ = under_attack(photo)
    assert (canvas.photo_with(canvas.square[0]) == photo).all()


def test_only_the_square_that_the_network_sees_changes_and_the_photo_handed_in_never() -> None:
    photo = noise()
    _, canvas, _ = under_attack(photo)
    changed = canvas.photo_with(torch.zeros_like(canvas.square[0]))
    assert (photo == noise()).all()
    rows, columns = np.nonzero((changed != photo).any(2))
    top, left, side = preprocessing().square(30, 24)
    assert (rows.min(), rows.max()) == (top, top + side - 1)
    assert (columns.min(), columns.max()) == (left, left + side - 1)


def test_exact_logits_are_those_of_the_photo_as_preprocessing_shows_it() -> None:
    photo = noise()
    _, canvas, _ = under_attack(photo)
    shown = to_pixels(preprocessing().image(photo)[None])
    assert (canvas.logits(canvas.square.numpy()) == ModuleEngine(ConvolutionNetwork()).logits(shown)).all()


def test_free_logits_differ_from_exact_ones_by_rounding_only() -> None:
    photo = noise()
    free, exact = (under_attack(photo, exact=exact)[1] for exact in (False, True))
    square = free.square.numpy()
    gap = np.abs(free._seen(square) - exact._seen(square)).max()
    assert 0 < gap <= 1.5 / 255


@pytest.mark.parametrize(("height", "width"), [(30, 24), (6, 7), (9, 40)])  # smaller, larger
def test_the_gradient_through_the_resize_agrees_with_finite_differences(height: int, width: int) -> None:
    _, canvas, _ = under_attack(noise(height, width), exact=False)
    square = canvas.square.numpy()
    found = canvas.input_gradient(square, WEIGHTS, ClassLogit())
    dice = np.random.default_rng(1)
    for _ in range(4):
        way = dice.normal(size=square.shape).astype(np.float32)
        step = 1e-3
        ahead, behind = (canvas.logits(square + sign * step * way) @ WEIGHTS[0] for sign in (1, -1))
        assert (ahead - behind)[0] / (2 * step) == pytest.approx(
            float((found.gradient * way).sum()), rel=2e-2, abs=1e-3
        )


def test_what_the_resize_clips_has_no_gradient() -> None:
    photo = np.zeros((32, 32, 3), dtype=np.uint8)
    photo[::8] = 255  # bicubic overshoots on both sides of the lines
    _, canvas, _ = under_attack(photo, exact=False)
    clipped = (canvas._seen(canvas.square.numpy()) < 0).any()
    found = canvas.input_gradient(canvas.square.numpy(), WEIGHTS, ClassLogit())
    assert clipped
    assert np.isfinite(found.gradient).all()


def test_several_versions_are_answered_one_by_one() -> None:
    _, canvas, _ = under_attack(noise())
    square = canvas.square.numpy()
    both = np.concatenate([square, np.clip(square + 3 / 255, 0, 1)]).astype(np.float32)
    together = canvas.input_gradient(both, np.repeat(WEIGHTS, 2, 0), CrossEntropy())
    alone = [canvas.input_gradient(both[i : i + 1], WEIGHTS, CrossEntropy()) for i in (0, 1)]
    for row, one in enumerate(alone):
        for got, expected in zip(together, one, strict=True):
            assert np.allclose(got[row], expected[0], atol=1e-6)


def test_with_transforms_the_worst_view_counts_and_the_gradient_is_their_mean() -> None:
    photo = noise()
    transforms = sum(named_transforms("shift:2,resize:0.8").values(), ())
    _, canvas, goal = under_attack(photo, transforms=transforms)
    assert canvas.exact
    square = canvas.square.numpy()
    views = [to_pixels(preprocessing().image(each.apply(photo))[None]) for each in canvas.transforms]
    engine = ModuleEngine(ConvolutionNetwork())
    margins = [float(goal.margin(torch.from_numpy(engine.logits(view)))[0]) for view in views]
    found = canvas.input_gradient(square, WEIGHTS, ClassLogit())
    assert float(goal.margin(torch.from_numpy(found.logits))[0]) == pytest.approx(min(margins), abs=1e-5)
    assert float(goal.margin(torch.from_numpy(canvas.logits(square)))[0]) == pytest.approx(min(margins), abs=1e-5)
    plain = Canvas(engine, preprocessing(), photo, exact=True).input_gradient(square, WEIGHTS, ClassLogit())
    assert found.gradient.shape == plain.gradient.shape
    assert not np.allclose(found.gradient, plain.gradient)


def test_the_gradient_of_a_shifted_view_lands_on_the_pixels_that_were_shifted() -> None:
    photo = noise()
    transforms = named_transforms("shift:1")["shift:1"][:1]
    _, canvas, _ = under_attack(photo, transforms=transforms)
    square = canvas.square.numpy()
    mean = canvas.input_gradient(square, WEIGHTS, ClassLogit()).gradient
    engine = ModuleEngine(ConvolutionNetwork())
    own = Canvas(engine, preprocessing(), photo, exact=True).input_gradient(square, WEIGHTS, ClassLogit()).gradient
    moved = Canvas(engine, preprocessing(), transforms[0].apply(photo), exact=True)
    there = moved.input_gradient(moved.square.numpy(), WEIGHTS, ClassLogit()).gradient
    expected = (own[..., :-1, :] + there[..., 1:, :]) / 2  # the photo went down by one, so look one row up
    assert np.allclose(mean[..., :-1, :], expected, atol=1e-5)
