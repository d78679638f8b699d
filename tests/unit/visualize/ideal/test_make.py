from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_ideal import quick, tiny

from enxerto.classifier import Classifier
from enxerto.engines import Engine
from enxerto.errors import OptionError
from enxerto.progress import Advance
from enxerto.types import Images
from enxerto.visualize.ideal.ascent import Ascent
from enxerto.visualize.ideal.image import IdealImage
from enxerto.visualize.ideal.make import ideal_images, measured_steps
from enxerto.visualize.ideal.objective import Channel
from enxerto.visualize.ideal.recipe import CANVASES, recipe_of

CLASSIFIER = tiny()


def only(images: list[IdealImage]) -> IdealImage:
    (image,) = images
    return image


def test_images_come_in_order_with_their_story() -> None:
    images = ideal_images([CLASSIFIER], ["zebra", 1], quick(), (0, 5))
    assert [(image.target, image.index, image.seed) for image in images] == [
        ("zebra", 340, 0), ("zebra", 340, 5), ("goldfish", 1, 0), ("goldfish", 1, 5),
    ]  # fmt: skip
    for image in images:
        assert image.image.shape == (48, 48, 3)
        assert image.image.dtype == np.uint8
        assert [step.number for step in image.steps] == [0, 2, 4]
        assert image.frames.shape == (3, 48, 48, 3)
        assert np.array_equal(image.frames[-1], image.image)
        assert image.stopped == "all 4 steps done"
        assert image.networks == ("test_efficientnet",)
    assert len({image.image.tobytes() for image in images}) == 4


def test_an_image_is_the_same_to_the_last_bit_whatever_is_made_with_it() -> None:
    recipe = quick(rotate_degrees=10.0, blur=0.5)
    alone = only(ideal_images([CLASSIFIER], ["zebra"], recipe, (5,)))
    torch.manual_seed(99)
    among = ideal_images([CLASSIFIER], ["goldfish", "zebra"], recipe, (3, 5))[3]
    assert np.array_equal(alone.image, among.image)
    assert alone.steps == among.steps


def test_openvino_gives_the_same_image_in_any_company() -> None:
    classifier = tiny(device="openvino")
    alone = only(ideal_images([classifier], ["zebra"], quick(views=2), (0,)))
    among = ideal_images([classifier], ["goldfish", "zebra"], quick(views=2), (1, 0))[3]
    assert np.array_equal(alone.image, among.image)


@pytest.mark.parametrize("canvas", CANVASES)
@pytest.mark.parametrize("start", ["noise", "#808080", "photo"])
def test_every_canvas_climbs_from_every_start(canvas: str, start: str) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    recipe = quick(
        canvas=canvas, steps=12, noise=0.0, batch_norm=0.0, tv_weight=0.0, crop=(1.0, 1.0), aspect=1.0, color=0.0,
        size_px=96,
    )  # fmt: skip
    image = only(ideal_images([CLASSIFIER], ["zebra"], recipe, start=photo if start == "photo" else start))
    assert image.steps[-1].value > image.steps[0].value


def test_the_lesson_raises_the_probability() -> None:
    recipe = quick("lesson", steps=30, tv_weight=0.0, learning_rate=0.05, size_px=160)
    image = only(ideal_images([CLASSIFIER], ["zebra"], recipe))
    first, last = image.steps[0].probability, image.steps[-1].probability
    assert first is not None
    assert last is not None
    assert last > 1.01 * first  # a random network is hard to convince


def test_more_total_variation_makes_a_smoother_image() -> None:
    rough, smooth = (
        only(ideal_images([CLASSIFIER], ["zebra"], quick("lesson", steps=20, tv_weight=weight))).image.astype(float)
        for weight in (0.0, 100.0)
    )
    assert np.abs(np.diff(smooth, axis=1)).mean() < 0.7 * np.abs(np.diff(rough, axis=1)).mean()


def test_a_channel_can_be_the_target() -> None:
    image = only(ideal_images([CLASSIFIER], [Channel("blocks.1", 2)], quick(steps=12)))
    assert image.target == "blocks.1, channel 2"
    assert image.index is None
    assert image.steps[-1].value > image.steps[0].value
    assert image.steps[-1].probability is None


def test_small_views_and_a_coarse_beginning_work_together() -> None:
    image = only(ideal_images([CLASSIFIER], ["zebra"], quick(small=0.5, coarse=0.5)))
    assert image.stopped == "all 4 steps done"


def test_an_ensemble_makes_another_image() -> None:
    one = only(ideal_images([CLASSIFIER], ["zebra"], quick()))
    both = only(ideal_images([CLASSIFIER, tiny("test_resnet")], ["zebra"], quick()))
    assert both.networks == ("test_efficientnet", "test_resnet")
    assert not np.array_equal(one.image, both.image)


def test_diversity_pushes_the_images_of_a_target_apart() -> None:
    def likeness(diversity: float) -> float:
        recipe = quick(steps=10, diversity=diversity, contrast=0.0)
        one, other = (image.image.reshape(-1) for image in ideal_images([CLASSIFIER], ["zebra"], recipe, (0, 1)))
        return float(np.corrcoef(one, other)[0, 1])

    assert likeness(10.0) < likeness(0.0)


def test_the_judge_ends_what_it_recognizes() -> None:
    asked: list[tuple[tuple[int, ...], list[str]]] = []

    def judge(images: Images, targets: Sequence[str]) -> list[bool]:
        asked.append((images.shape, list(targets)))
        return [target == "zebra" for target in targets]

    zebra, goldfish = ideal_images([CLASSIFIER], ["zebra", "goldfish"], quick(steps=6, frames=3), judge=judge)
    assert (zebra.stopped, zebra.steps[-1].number) == ("the verifiers agree", 2)
    assert (goldfish.stopped, goldfish.steps[-1].number) == ("all 6 steps done", 6)
    assert asked == [((2, 48, 48, 3), ["zebra", "goldfish"]), ((1, 48, 48, 3), ["goldfish"])]


def test_a_plateau_ends_it() -> None:
    recipe = quick(steps=40, frames=20, patience=4, learning_rate=1e-9, anneal=False)
    image = only(ideal_images([CLASSIFIER], ["zebra"], recipe))
    assert image.stopped == "no better for 4 steps"
    assert image.steps[-1].number == 4


def test_progress_counts_steps() -> None:
    counted: list[int] = []

    def progress(description: str, total: int, unit: str = "photos", /) -> AbstractContextManager[Advance]:
        counted.append(-total)
        return nullcontext(lambda count, _note="": counted.append(count))

    assert measured_steps(recipe_of(steps=10, frames=4)) == [2, 5, 8, 10]
    ideal_images([CLASSIFIER], ["zebra"], quick(), progress=progress)
    assert counted == [-4, 2, 2]


def state(classifier: Classifier) -> tuple[object, ...]:
    network = classifier.backbone.network
    return (
        [(module.training, len(module._forward_hooks), len(module._backward_hooks)) for module in network.modules()],
        [parameter.requires_grad for parameter in network.parameters()],
        [tensor.sum().item() for tensor in network.state_dict().values()],
        torch.get_num_threads(),
        torch.is_grad_enabled(),
    )


def test_networks_and_settings_come_back_as_they_were_even_after_an_error() -> None:
    before = state(CLASSIFIER)

    def judge(images: Images, targets: Sequence[str]) -> list[bool]:
        raise RuntimeError("the judge is gone")

    targets = ["zebra", Channel("blocks.1", 0)]
    with pytest.raises(RuntimeError, match="the judge is gone"):
        ideal_images([CLASSIFIER], targets, quick(), judge=judge)
    assert state(CLASSIFIER) == before
    ideal_images([CLASSIFIER], targets, quick())
    assert state(CLASSIFIER) == before


def alive() -> int:
    """Images in the making, engines, modules and tensors that something still holds."""
    gc.collect()
    return sum(issubclass(type(thing), Ascent | Engine | torch.nn.Module | torch.Tensor) for thing in gc.get_objects())


def test_nothing_is_left_behind() -> None:
    ideal_images([CLASSIFIER], ["zebra"], quick(steps=1, frames=1))
    before = alive()
    for _ in range(10):
        ideal_images([CLASSIFIER], ["zebra"], quick(steps=1, frames=1))
    assert alive() <= before


def test_everything_that_is_wrong_comes_at_once(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"(?s)2 things are wrong:\n- `start`.*\n- `steps`"):
        ideal_images([CLASSIFIER], ["zebra"], quick(steps=0), start=str(tmp_path))
