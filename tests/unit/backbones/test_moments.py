from __future__ import annotations

import torch
from tiny_networks import tiny_network

from enxerto.backbones.moments import later_normalizations, seen_in_training, with_moments


def test_moments_are_those_of_what_the_normalizations_get() -> None:
    backbone = tiny_network("test_resnet")
    measured = with_moments(backbone)
    assert measured is not None
    pixels = torch.rand(2, 3, *2 * [backbone.preprocessing.size_px], generator=torch.Generator().manual_seed(0))
    found = later_normalizations(backbone.network)
    taken: dict[torch.nn.Module, torch.Tensor] = {}
    hooks = [m.register_forward_pre_hook(lambda module, given: taken.update({module: given[0]})) for m in found]
    with torch.inference_mode():
        backbone.feature_network()(pixels)
        moments = measured.feature_network()(pixels)
    for hook in hooks:
        hook.remove()
    channels = sum(len(module.running_mean) for module in found)  # type: ignore[arg-type]  # a buffer
    assert moments.shape == (2, 2 * channels)
    first, last = taken[found[0]], taken[found[-1]]
    torch.testing.assert_close(moments[:, : first.shape[1]], first.mean((2, 3)))
    torch.testing.assert_close(moments[:, -last.shape[1] :], last.square().mean((2, 3)))
    assert all(not module._forward_pre_hooks for module in found)


def test_what_was_seen_in_training_is_in_the_same_order() -> None:
    backbone = tiny_network("test_resnet")
    found = later_normalizations(backbone.network)
    found[0].running_mean.fill_(3.0)  # type: ignore[operator,union-attr]  # a buffer
    seen = seen_in_training(backbone)
    width = len(found[0].running_mean)  # type: ignore[arg-type]  # a buffer
    assert seen.mean[:width].tolist() == [3.0] * width
    assert len(seen.mean) == len(seen.variance) == len(seen.layers)
    assert seen.layers[-1] == len(found) - 1


def test_moments_of_another_layer_are_those_of_the_whole_network() -> None:
    backbone = tiny_network("test_resnet", layer="layer1", pooling="grid2")
    measured = with_moments(backbone)
    assert measured is not None
    assert measured.fingerprint == with_moments(tiny_network("test_resnet")).fingerprint  # type: ignore[union-attr]
    assert measured.fingerprint != tiny_network("test_resnet").fingerprint


def test_a_network_without_batch_normalizations_has_no_moments() -> None:
    assert with_moments(tiny_network("test_vit")) is None
