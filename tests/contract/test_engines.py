"""Engines give the same answers: a row a network."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from tiny_keras import tiny_keras
from tiny_networks import tiny_network

from enxerto.backbones import Backbone, open_backbone, to_pixels
from enxerto.engines import ClassLogit, CrossEntropy, Engine, HeadArrays, Margin, Objective, logit_network, open_engine
from enxerto.errors import BoundsError, OptionError
from enxerto.types import Images, Pixels

NETWORKS = ("test_resnet", "test_efficientnet", "test_vit", "efficientnet_lite0", "keras:MobileNetV2_0.35_96")
ENGINES = ("openvino", "torch")
OBJECTIVES = (CrossEntropy(), ClassLogit(), Margin())
CLASSES = 3


@cache
def backbone(name: str) -> Backbone:
    if name.startswith("keras:"):
        return tiny_keras(name)
    return open_backbone() if name == "efficientnet_lite0" else tiny_network(name)


@cache
def images(name: str, count: int = 3) -> Images:
    side = backbone(name).preprocessing.size_px
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def pixels(name: str, count: int = 3) -> Pixels:
    return to_pixels(images(name, count))


@cache
def head(name: str) -> HeadArrays:
    dice = np.random.default_rng(1)
    length = engine("torch", name).features(images(name)).shape[1]
    return HeadArrays(dice.normal(size=(CLASSES, length)).astype(np.float32), dice.normal(size=3).astype(np.float32))


@cache
def engine(device: str, name: str, grafted: bool = False) -> Engine:
    """Opened once for all tests; converted networks stay in memory."""
    return open_engine(backbone(name), head=head(name) if grafted else None, device=device)


def one_hot(batch: int, classes: int) -> Any:
    return np.eye(classes, dtype=np.float32)[np.arange(batch) % classes]


def assert_close(got: Any, expected: Any, atol: float = 1e-4) -> None:
    """Within that share of the largest value."""
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= atol * np.abs(expected).max()


def assert_same_direction(got: Any, expected: Any) -> None:
    assert np.linalg.norm(got - expected) < 1e-2 * np.linalg.norm(expected)
    cosine = (got * expected).sum() / np.linalg.norm(got) / np.linalg.norm(expected)
    assert cosine > 0.999


def runs_on_torch(run: Engine) -> bool:
    """Whether input gradients fell back, so that comparing them with torch's would prove nothing."""
    return vars(run)["_gradient_fallback"] is not None


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """So that PyTorch's threads don't wait for one another where several tests share few processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", NETWORKS)
def test_features_agree(name: str) -> None:
    got, expected = (engine(device, name).features(images(name)) for device in ENGINES)
    assert got.dtype == expected.dtype == np.float32
    assert_close(got, expected)
    assert np.abs(expected[0] - expected[1]).max() > 1e-2 * np.abs(expected).max()


@pytest.mark.parametrize("device", ENGINES)
@pytest.mark.parametrize("name", NETWORKS)
def test_images_and_their_pixels_have_the_same_features(name: str, device: str) -> None:
    assert_close(engine(device, name).features(pixels(name)), engine(device, name).features(images(name)), 5e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_of_the_backbone_s_own_classes_agree(name: str) -> None:
    got, expected = (engine(device, name).logits(images(name)) for device in ENGINES)
    assert got.dtype == expected.dtype == np.float64
    assert expected.shape == (3, 1000)
    assert_close(got, expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_of_a_grafted_head_agree(name: str) -> None:
    got, expected = (engine(device, name, True).logits(pixels(name)) for device in ENGINES)
    assert expected.shape == (3, CLASSES)
    assert_close(got, expected)
    features = engine("torch", name).features(pixels(name)).astype(np.float64)
    assert_close(expected, features @ head(name).weight.T + head(name).bias, 1e-6)
    with torch.no_grad():
        network = logit_network(backbone(name), head(name))
        assert_close(network(torch.from_numpy(pixels(name))).double().numpy(), expected)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_vit"])
def test_input_gradients_agree(name: str, objective: Objective) -> None:
    target = one_hot(2, CLASSES)
    got, expected = (
        engine(device, name, True).input_gradient(pixels(name, 2), target, objective) for device in ENGINES
    )
    assert not runs_on_torch(engine("openvino", name, True))
    assert expected.gradient.shape == (2, 3, 160, 160)
    assert {array.dtype.name for array in (*got, *expected)} == {"float32"}
    assert_close(got.logits, expected.logits)
    assert_close(got.values, expected.values)
    assert_same_direction(got.gradient, expected.gradient)
    assert_close(got.logits.astype(np.float64), engine("openvino", name, True).logits(pixels(name, 2)))


def test_input_gradients_of_the_embedded_network_with_its_own_classes_agree() -> None:
    name = "efficientnet_lite0"
    got, expected = (
        engine(device, name).input_gradient(pixels(name, 1), one_hot(1, 1000), CrossEntropy()) for device in ENGINES
    )
    assert not runs_on_torch(engine("openvino", name))
    assert_same_direction(got.gradient, expected.gradient)
    assert_close(got.values, expected.values)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
def test_a_gradient_says_how_the_value_changes(objective: Objective) -> None:
    """Against a difference quotient along the gradient, photo by photo."""
    name, step = "test_vit", 0.01
    run, target = engine("torch", name, True), one_hot(2, CLASSES)
    middle = 0.25 + pixels(name, 2) / 2
    at = run.input_gradient(middle, target, objective)
    norms = np.sqrt((at.gradient**2).sum((1, 2, 3)))
    along = at.gradient / norms[:, None, None, None]
    up, down = (run.input_gradient(middle + sign * step * along, target, objective).values for sign in (1, -1))
    np.testing.assert_allclose((up - down) / (2 * step), norms, rtol=0.05)


def test_a_gradient_that_openvino_can_t_convert_runs_on_torch_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of a max pooling whose window has gaps, which no network that is known by name has."""
    name, spread = "test_resnet", tiny_network("test_resnet", seed=99)  # whose conversion nobody else keeps
    spread.network.maxpool = torch.nn.MaxPool2d(3, 2, 1, dilation=2)
    run = open_engine(spread, head=head(name), device="openvino")
    for _ in range(2):
        run.input_gradient(pixels(name, 1), one_hot(1, CLASSES), Margin())
    shown = [record.getMessage() for record in caplog.records if record.name.startswith("enxerto.")]
    assert len(shown) == 1
    assert shown[0].startswith(f"input gradients of {name} run on torch instead of openvino: ")


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "efficientnet_lite0"])
def test_a_gradient_that_openvino_converts_gives_no_warning(name: str, caplog: pytest.LogCaptureFixture) -> None:
    run = open_engine(backbone(name), head=head(name), device="openvino")
    run.input_gradient(pixels(name, 2), one_hot(2, CLASSES), Margin())
    assert not caplog.records


@pytest.mark.parametrize("device", ENGINES)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_photo_s_features_don_t_depend_on_its_neighbors(name: str, device: str) -> None:
    run = engine(device, name)
    together = run.features(images(name))
    alone = np.concatenate([run.features(images(name)[i : i + 1]) for i in range(3)])
    if device == "openvino":
        np.testing.assert_array_equal(together, alone)
    assert_close(together, alone, 1e-5)


@pytest.mark.parametrize("device", ENGINES)
def test_eight_threads_at_once_get_what_one_gets(device: str) -> None:
    name = "test_efficientnet"
    run = open_engine(backbone(name), head=head(name), device=device)  # converted by whichever thread comes first
    photos = images(name, 8)
    targets = one_hot(8, CLASSES)

    def work(i: int) -> tuple[Any, Any, Any]:
        own = photos[i : i + 1]
        gradient = run.input_gradient(to_pixels(own), targets[i : i + 1], ClassLogit()).gradient
        return run.features(own), run.logits(to_pixels(own)), gradient

    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(work, list(range(8)) * 2))
    for i, got in enumerate(at_once):
        for mine, expected in zip(got, work(i % 8), strict=True):
            assert_close(mine, expected, 1e-5)


@pytest.mark.parametrize("device", ENGINES)
def test_flipped_and_read_only_arrays_are_taken(device: str) -> None:
    name = "test_efficientnet"
    run, target = engine(device, name, True), one_hot(2, CLASSES)
    for batch in (images(name, 2)[:, :, ::-1], np.broadcast_to(images(name, 1), (2, 160, 160, 3))):
        expected = run.features(np.array(batch))
        np.testing.assert_allclose(run.features(batch), expected, rtol=1e-5)
    for batch in (pixels(name, 2)[..., ::-1], np.broadcast_to(pixels(name, 1), (2, 3, 160, 160))):
        expected = run.input_gradient(np.array(batch, order="C"), target, Margin()).gradient
        assert_close(run.input_gradient(batch, target, Margin()).gradient, expected, 1e-4)


@pytest.mark.parametrize("device", ENGINES)
@pytest.mark.parametrize(
    "batch",
    [
        np.zeros((1, 160, 160, 3), dtype=np.float32),
        np.zeros((1, 3, 160, 160), dtype=np.uint8),
        np.zeros((1, 3, 160, 160), dtype=np.float64),
        np.zeros((1, 3, 224, 224), dtype=np.float32),
        np.zeros((160, 160, 3), dtype=np.uint8),
        np.zeros((), dtype=np.uint8),
    ],
    ids=lambda batch: f"{batch.dtype}-{batch.shape}",
)
def test_an_array_of_another_type_or_shape_is_refused(batch: Any, device: str) -> None:
    run = engine(device, "test_resnet", True)
    expected = r"must be uint8 \(batch, 160, 160, 3\) or float32 \(batch, 3, 160, 160\), got "
    for ask in (run.features, run.logits, lambda given: run.input_gradient(given, one_hot(1, 3), Margin())):
        with pytest.raises(OptionError, match=expected):
            ask(batch)


@pytest.mark.parametrize("device", ENGINES)
@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_pixels_out_of_bounds_are_refused(value: float, device: str) -> None:
    run = engine(device, "test_resnet", True)
    batch = np.full((1, 3, 160, 160), value, dtype=np.float32)
    for ask in (run.features, run.logits, lambda given: run.input_gradient(given, one_hot(1, 3), Margin())):
        with pytest.raises(BoundsError, match=r"must lie in \[0, 1\]"):
            ask(batch)


@pytest.mark.parametrize("device", ENGINES)
def test_no_photo_at_all_is_refused(device: str) -> None:
    for batch in (images("test_resnet")[:0], pixels("test_resnet")[:0]):
        with pytest.raises(OptionError, match="must hold at least one photo, got none"):
            engine(device, "test_resnet").features(batch)


@pytest.mark.parametrize("device", ENGINES)
def test_images_have_no_gradient(device: str) -> None:
    with pytest.raises(OptionError, match="`pixels` must be float32 to have a gradient, got uint8"):
        engine(device, "test_resnet", True).input_gradient(images("test_resnet", 1), one_hot(1, 3), Margin())  # type: ignore[arg-type]


@pytest.mark.parametrize("device", ENGINES)
@pytest.mark.parametrize("grafted", [True, False])
@pytest.mark.parametrize("wrong", ["batch", "classes", "dimensions", "type"])
def test_a_target_of_another_shape_is_refused(wrong: str, grafted: bool, device: str) -> None:
    classes = CLASSES if grafted else 1000
    target = {
        "batch": one_hot(1, classes),
        "classes": one_hot(2, classes - 1),
        "dimensions": one_hot(2, classes)[0],
        "type": one_hot(2, classes).astype(np.float64),
    }[wrong]
    with pytest.raises(OptionError, match=rf"`target` must be float32 \(2, {classes}\), got "):
        engine(device, "test_resnet", grafted).input_gradient(pixels("test_resnet", 2), target, Margin())


class Failing(Objective):
    """Fails in the middle of the forward and backward pass."""

    def __call__(self, _logits: torch.Tensor, _target: torch.Tensor) -> torch.Tensor:
        raise ZeroDivisionError("in the middle")


def state(network: torch.nn.Module) -> Iterator[tuple[Any, ...]]:
    """Everything about a network that using it could change."""
    for name, module in network.named_modules():
        hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        yield name, type(module), module.training, *(tuple(kind) for kind in hooks)
    for name, parameter in network.named_parameters():
        yield name, parameter.requires_grad, parameter.grad, parameter.data_ptr(), parameter.stride()
        yield name, parameter.detach().clone().numpy().tobytes()
    for name, buffer in network.named_buffers():
        yield name, buffer.data_ptr(), buffer.clone().numpy().tobytes()


@pytest.mark.parametrize("device", ENGINES)
@pytest.mark.parametrize(("name", "layer"), [("test_efficientnet", "last"), ("test_resnet", "layer1")])
def test_the_network_comes_back_as_it_was_also_after_an_exception(name: str, layer: str, device: str) -> None:
    given = tiny_network(name, layer)
    length = open_engine(tiny_network(name, layer), device="torch").features(images("test_resnet", 1)).shape[1]
    hook = given.network.register_forward_hook(lambda *_: None)
    before = list(state(given.network))
    arrays = HeadArrays(np.ones((CLASSES, length), dtype=np.float32), np.zeros(CLASSES, dtype=np.float32))
    run = open_engine(given, head=arrays, device=device)
    batch = pixels("test_resnet", 1)
    run.features(batch)
    run.logits(batch)
    run.input_gradient(batch, one_hot(1, CLASSES), Margin())
    assert list(state(given.network)) == before
    with pytest.raises(ZeroDivisionError, match="in the middle"):
        run.input_gradient(batch, one_hot(1, CLASSES), Failing())
    assert list(state(given.network)) == before
    hook.remove()
