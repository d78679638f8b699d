from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_networks import tiny_network

from enxerto.backbones import CLASSES, Backbone, Preprocessing, count_parameters, find, open_backbone
from enxerto.backbones.networks import FeatureNetwork, Normalize, build
from enxerto.backbones.weights import adapt
from enxerto.errors import IntegrityError, OptionError, UnknownNameError

GRAY = Preprocessing(8, 1.0, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def pixels(size_px: int = 160) -> torch.Tensor:
    return torch.rand((2, 3, size_px, size_px), generator=torch.Generator().manual_seed(0))


class Maps(torch.nn.Module):
    """A network whose last maps are what it is given."""

    def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


def pooled(maps: torch.Tensor, pooling: str, output_fmt: str | None = None) -> torch.Tensor:
    network = Maps()
    network.output_fmt = output_fmt
    features: torch.Tensor = FeatureNetwork(network, GRAY, "last", pooling)._pool(maps)
    return features


def test_images_and_pixels_are_normalized_to_the_same() -> None:
    images = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8)
    preprocessing = replace(GRAY, mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    expected = torch.stack(
        [(images[..., i] / 255 - preprocessing.mean[i]) / preprocessing.std[i] for i in range(3)], dim=1
    )
    torch.testing.assert_close(Normalize(preprocessing)(images), expected)
    torch.testing.assert_close(Normalize(preprocessing)(images.permute(0, 3, 1, 2) / 255), expected)


def test_poolings_of_a_map() -> None:
    maps = torch.arange(2 * 4 * 6, dtype=torch.float32).reshape(1, 2, 4, 6)
    torch.testing.assert_close(pooled(maps, "average"), maps.mean((2, 3)))
    torch.testing.assert_close(pooled(maps, "max"), maps.amax((2, 3)))
    quarters = [maps[0, c, i : i + 2, j : j + 3].mean() for c in range(2) for i in (0, 2) for j in (0, 3)]
    torch.testing.assert_close(pooled(maps, "grid2")[0], torch.stack(quarters))


def test_poolings_of_tokens_and_of_channels_last_maps() -> None:
    tokens = torch.rand((1, 5, 3))
    torch.testing.assert_close(pooled(tokens, "average"), tokens.mean(1))
    torch.testing.assert_close(pooled(tokens, "max"), tokens.amax(1))
    torch.testing.assert_close(pooled(tokens, "grid2"), tokens.mean(1))  # tokens lie on no grid
    maps = torch.rand((1, 4, 4, 3))
    torch.testing.assert_close(pooled(maps, "max", output_fmt="Format.NHWC"), maps.amax((1, 2)))


def test_a_vector_is_not_pooled() -> None:
    vectors = torch.rand((2, 7))
    torch.testing.assert_close(pooled(vectors, "max"), vectors)


def test_the_last_features_are_what_the_network_s_own_last_layer_gets() -> None:
    for name in ("test_resnet", "test_efficientnet", "test_vit", "squeezenet1_1"):
        backbone = tiny_network(name)
        inputs = pixels(backbone.preprocessing.size_px)
        with torch.no_grad():
            features = backbone.feature_network()(inputs)
            logits = replace(backbone, layer=CLASSES).feature_network()(inputs)
            last = list(backbone.network.children())[-1]
            classified = last(features) if isinstance(last, torch.nn.Linear) else by_squeezenet(last, backbone, inputs)
        assert features.shape == (2, features.shape[1])
        torch.testing.assert_close(classified, logits)


def by_squeezenet(classifier: torch.nn.Module, backbone: Backbone, inputs: torch.Tensor) -> torch.Tensor:
    """SqueezeNet's classes come from a convolution of its maps; features are these maps' averages."""
    network = FeatureNetwork(backbone.network, backbone.preprocessing, "features", "average").eval()
    torch.testing.assert_close(network(inputs), backbone.feature_network()(inputs))
    maps = backbone.network.get_submodule("features")(Normalize(backbone.preprocessing)(inputs))
    logits: torch.Tensor = classifier(maps).flatten(1)
    return logits


def test_an_inner_layer_gives_its_pooled_maps() -> None:
    taken: list[torch.Tensor] = []
    backbone = tiny_network("test_resnet", "layer2")
    network = backbone.feature_network()
    hook = backbone.network.get_submodule("layer2").register_forward_hook(lambda *given: taken.append(given[2]))
    features = network(pixels())
    hook.remove()
    torch.testing.assert_close(features, taken[0].mean((2, 3)))
    torch.testing.assert_close(
        tiny_network("test_resnet", "layer2", "max").feature_network()(pixels()), taken[0].amax((2, 3))
    )
    quarters = tiny_network("test_resnet", "layer2", "grid2").feature_network()(pixels())
    assert quarters.shape == (2, 4 * features.shape[1])
    torch.testing.assert_close(quarters.reshape(2, -1, 4).mean(2), features)


def test_an_inner_layer_leaves_no_hook_behind_even_after_an_exception() -> None:
    network = tiny_network("test_resnet", "layer2").feature_network()
    module = network.network.get_submodule("layer2")
    network(pixels())
    assert not module._forward_hooks
    with pytest.raises(RuntimeError):
        network(torch.zeros((1, 5, 160, 160)))
    assert not module._forward_hooks


def test_an_unknown_layer_is_answered_with_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="unknown layer 'layer22'; did you mean layer2"):
        tiny_network("test_resnet", "layer22").feature_network()


def test_an_unknown_pooling_is_answered_with_the_known_ones() -> None:
    with pytest.raises(OptionError, match="`pooling` must be one of average, max, grid2, got 'median'"):
        open_backbone(pooling="median")
    with pytest.raises(OptionError, match="`pooling` must be one of average, max, grid2, got 'median'"):
        tiny_network("test_resnet", pooling="median").feature_network()


def test_weights_of_another_shape_don_t_fit() -> None:
    with pytest.raises(IntegrityError, match=r"these weights are not those of test_resnet: .*Missing key"):
        build(find("test_resnet"), build(find("test_vit")).state_dict())


def test_networks_are_frozen_and_in_evaluation_mode() -> None:
    for backbone in (tiny_network("test_resnet"), open_backbone()):
        assert not any(parameter.requires_grad for parameter in backbone.network.parameters())
        assert not any(module.training for module in backbone.network.modules())
        assert not backbone.feature_network().training


def test_random_weights_are_seeded_and_differ_from_the_pretrained_ones() -> None:
    pretrained = open_backbone()
    control = pretrained.randomized(0)
    assert control.origin == "random weights, seed 0"
    assert len({pretrained.identity, control.identity, pretrained.randomized(1).identity}) == 3
    assert control.identity == pretrained.randomized(0).identity
    assert (control.entry, control.layer, control.pooling) == (pretrained.entry, pretrained.layer, pretrained.pooling)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "squeezenet1_1"])
def test_pretrained_weights_leave_torch_s_generator_as_it_was(name: str) -> None:
    entry = find(name)
    tensors = tiny_network(name).load()
    before = torch.random.get_rng_state()
    build(entry, tensors)
    adapt(entry, tensors)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_random_weights_leave_torch_s_generator_as_it_was() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = tiny_network("test_resnet").network.state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(6)
    again = tiny_network("test_resnet").network.state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_building_random_weights_doesn_t_read_the_pretrained_ones() -> None:
    def load() -> dict[str, torch.Tensor]:
        raise AssertionError("read")

    Backbone(find("test_resnet"), "test", load).randomized(0).network  # noqa: B018


def test_parameters_are_counted_without_memory_for_them() -> None:
    assert count_parameters(find("vgg19")) == 143_667_240
    backbone = tiny_network("test_resnet")
    assert backbone.parameters == sum(parameter.numel() for parameter in backbone.network.parameters())


def test_the_fingerprint_depends_on_everything_that_decides_features() -> None:
    backbone = tiny_network("test_resnet")
    others = [
        tiny_network("test_resnet", seed=1),
        tiny_network("test_resnet", layer="layer1"),
        tiny_network("test_resnet", pooling="max"),
        replace(backbone, entry=replace(backbone.entry, preprocessing=replace(backbone.preprocessing, crop=0.5))),
    ]
    assert len({backbone.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert replace(backbone, origin="elsewhere").fingerprint == backbone.fingerprint
    assert len(bytes.fromhex(backbone.fingerprint)) == hashlib.sha256().digest_size


def test_a_backbone_can_look_at_photos_in_another_way() -> None:
    backbone = open_backbone(size_px=64, crop=1.0)
    assert (backbone.preprocessing.size_px, backbone.preprocessing.crop) == (64, 1.0)
    assert backbone.fingerprint != open_backbone().fingerprint
    assert backbone.feature_network()(pixels(64)).shape == (2, 1280)


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ({"size_px": 16}, "`size_px` must lie between 32 and 1024, got 16"),
        ({"size_px": 2000}, "`size_px` must lie between 32 and 1024, got 2000"),
        ({"crop": 0.0}, r"`crop` must lie in \(0, 1\], got 0.0"),
        ({"crop": 1.1}, r"`crop` must lie in \(0, 1\], got 1.1"),
        ({"name": "test_vit", "size_px": 224}, "test_vit looks at squares of 160 pixels only, got 224"),
    ],
)
def test_an_impossible_way_to_look_is_refused(view: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        open_backbone(**view)


def test_opening_the_default_reads_no_weights_but_knows_their_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enxerto.backbones.packaged.load", lambda _entry: pytest.fail("read"))
    backbone = open_backbone()
    assert (backbone.name, backbone.origin) == ("efficientnet_lite0", "package")
    assert backbone.identity == backbone.entry.identity
    assert backbone.preprocessing.size_px == 224
