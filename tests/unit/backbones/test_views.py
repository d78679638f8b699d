from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from enxerto.backbones import Augmentation, Preprocessing, View
from enxerto.backbones.views import _crop, _with_contrast
from enxerto.data import cat_photo
from enxerto.errors import OptionError
from enxerto.types import Images

SMALL = Preprocessing(64, 0.875, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
NONE = Augmentation(scale=(1.0, 1.0), ratio=(1.0, 1.0), flip=0.0, color=0.0)
CONTENT = hashlib.sha256(b"a photo").digest()
CAT = cat_photo()


def seen(view: View, preprocessing: Preprocessing = SMALL, content: bytes = CONTENT, photo: Images = CAT) -> Images:
    return view.image(photo, content, preprocessing)


def test_view_0_is_the_photo_as_it_is_seen_in_use() -> None:
    assert np.array_equal(seen(View(0, seed=5)), SMALL.image(CAT))
    assert View(0).short_side_px(SMALL) == SMALL.short_side_px
    assert View(0, Augmentation(flip=0.1), 3).identity == View().identity == ""


def test_each_number_seed_and_photo_gives_another_view() -> None:
    views = [seen(View(1)), seen(View(2)), seen(View(1, seed=1)), seen(View(1), content=hashlib.sha256(b"b").digest())]
    assert {(view.dtype, view.shape) for view in views} == {(np.dtype(np.uint8), (64, 64, 3))}
    assert len({view.tobytes() for view in views}) == 4


def test_views_are_the_same_in_any_thread_and_order_and_leave_torch_s_generator_alone() -> None:
    state = torch.random.get_rng_state()
    views = [View(number) for number in range(1, 9)]
    forward = [seen(view) for view in views]
    with ThreadPoolExecutor(4) as pool:
        backward = list(pool.map(seen, views[::-1]))
    assert all(np.array_equal(one, other) for one, other in zip(forward, backward[::-1], strict=True))
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("threads", [1, 3])
def test_contrast_does_not_depend_on_the_number_of_threads(threads: int) -> None:
    """On three threads torchvision's own contrast makes these even photos of odd size a level darker than on one."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        for level in (111, 187, 254):
            even = torch.full((3, 1023, 1023), level, dtype=torch.uint8)
            gray = _with_contrast(even, 0.0)
            assert gray.unique().tolist() == [functional.rgb_to_grayscale(even[:, :1, :1]).item()]
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, CAT[:64, :64]),
        ({"flip": 1.0}, CAT[:64, 63::-1]),
    ],
    ids=["nothing", "mirrored"],
)
def test_without_crop_and_color_the_square_is_unchanged_or_mirrored(changes: dict[str, Any], expected: Images) -> None:
    got = seen(View(1, replace(NONE, **changes)), photo=np.ascontiguousarray(CAT[:64, :64]))
    assert np.array_equal(got, expected)
    assert got.flags.c_contiguous


def test_about_as_many_views_are_mirrored_as_asked_for() -> None:
    square = np.ascontiguousarray(CAT[:64, :64])
    mirrored = [
        not np.array_equal(seen(View(number, replace(NONE, flip=0.25)), photo=square), square)
        for number in range(1, 201)
    ]
    assert 30 <= sum(mirrored) <= 70


@pytest.mark.parametrize(("height", "width"), [(300, 300), (200, 320), (333, 250)])
def test_crops_lie_in_the_photo_and_are_as_large_and_wide_as_allowed(height: int, width: int) -> None:
    augmentation = Augmentation(scale=(0.2, 0.6), ratio=(0.5, 1.5))
    boxes = np.array([_crop(augmentation, np.random.default_rng(i), height, width) for i in range(300)])
    top, left, cut_height, cut_width = boxes.T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + cut_height <= height).all()
    assert (left + cut_width <= width).all()
    areas, ratios = cut_height * cut_width / (height * width), cut_width / cut_height
    assert 0.19 < areas.min() < 0.25
    assert 0.5 < areas.max() < 0.61
    assert 0.49 < ratios.min() < 0.65
    assert 1.3 < ratios.max() < 1.52
    assert top.min() <= 3
    assert (top + cut_height).max() >= height - 3


@pytest.mark.parametrize(("height", "width", "box"), [(10, 900, (0, 444, 10, 13)), (900, 12, (442, 0, 16, 12))])
def test_of_a_strip_the_largest_allowed_part_in_the_center_is_taken(
    height: int, width: int, box: tuple[int, int, int, int]
) -> None:
    assert _crop(Augmentation(), np.random.default_rng(0), height, width) == box


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 900), (900, 1), (2, 3)])
def test_tiny_and_extreme_photos_fill_the_square(height: int, width: int) -> None:
    photo = np.full((height, width, 3), (10, 200, 90), dtype=np.uint8)
    assert (seen(View(1, Augmentation(color=0.0)), photo=photo) == (10, 200, 90)).all()


def test_colors_change_mildly_and_the_photo_not_at_all() -> None:
    photo = CAT.copy()
    plain = CAT[:64, :64].astype(float)
    brightness = [
        seen(View(number, replace(NONE, color=0.2)), photo=np.ascontiguousarray(photo[:64, :64])).mean() / plain.mean()
        for number in range(1, 60)
    ]
    assert 0.78 < min(brightness) < 0.85
    assert 1.15 < max(brightness) < 1.22
    assert np.array_equal(photo, CAT)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
def test_contrast_is_torchvision_s_where_its_mean_is_exact(factor: float) -> None:
    image = torch.from_numpy(CAT[:64, :64].copy()).permute(2, 0, 1)
    assert torch.equal(_with_contrast(image, factor), functional.adjust_contrast(image, factor))


@pytest.mark.parametrize(
    ("smallest", "expected"),
    [(0.35, 256), (1.0, 256), (0.1, 409), (0.001, 512)],
    ids=["default", "whole", "small", "capped"],
)
def test_photos_are_decoded_large_enough_for_the_smallest_crop(smallest: float, expected: int) -> None:
    preprocessing = replace(SMALL, size_px=224)
    assert View(1, Augmentation(scale=(smallest, 1.0))).short_side_px(preprocessing) == expected


def test_the_identity_tells_views_apart() -> None:
    views = [
        View(1), View(2), View(1, seed=1), View(1, Augmentation(scale=(0.3, 1.0))), View(1, Augmentation(flip=0.4)),
        View(1, Augmentation(ratio=(0.7, 1.4))), View(1, Augmentation(color=0.1)),
    ]  # fmt: skip
    assert len({view.identity for view in views}) == len(views)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": (0.0, 1.0)}, r"`scale` must be two shares of the area, 0 < smallest <= largest <= 1, got \(0.0, 1"),
        ({"scale": (0.9, 0.5)}, r"`scale` must .* got \(0.9, 0.5\)"),
        ({"scale": (0.5, 1.1)}, r"`scale` must .* got \(0.5, 1.1\)"),
        ({"ratio": (0.0, 1.0)}, r"`ratio` must be widths by heights, 0 < smallest <= largest, got \(0.0, 1.0\)"),
        ({"ratio": (2.0, 1.0)}, r"`ratio` must .* got \(2.0, 1.0\)"),
        ({"ratio": (1.0, float("nan"))}, r"`ratio` must .* got \(1.0, nan\)"),
        ({"flip": 1.5}, r"`flip` must lie in \[0, 1\], got 1.5"),
        ({"color": 1.0}, r"`color` must lie in \[0, 1\), got 1.0"),
    ],
)
def test_impossible_augmentations_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Augmentation(**changes)


@pytest.mark.parametrize("name", ["number", "seed"])
def test_negative_numbers_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"the `{name}` of a view must be 0 or more, got -1"):
        View(**{name: -1})


@pytest.mark.parametrize("number", [0, 1])
def test_content_must_be_a_checksum(number: int) -> None:
    with pytest.raises(OptionError, match="`content` must be the 32 bytes of a SHA-256, got 7 bytes"):
        seen(View(number), content=b"a photo")
