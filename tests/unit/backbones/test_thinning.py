"""Residual blocks are found where there are any, and a network works without them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_networks import tiny_network

from enxerto.backbones.thinning import residual_blocks


@pytest.mark.parametrize(
    ("architecture", "blocks"),
    [
        ("test_efficientnet", ()),  # each of its blocks changes the shape
        ("test_resnet", ("layer1.0",)),
        ("test_vit", tuple(f"blocks.{number}" for number in range(6))),
    ],
)
def test_blocks_that_add_to_what_they_get_are_found(architecture: str, blocks: tuple[str, ...]) -> None:
    backbone = tiny_network(architecture)
    assert residual_blocks(backbone.network, backbone.preprocessing.size_px) == blocks
    assert not any(module._forward_hooks for module in backbone.network.modules())


def test_a_block_left_out_is_one_that_adds_nothing() -> None:
    backbone = tiny_network("test_vit")
    pixels = torch.rand(1, 3, 160, 160, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        left_out = replace(backbone, without=("blocks.2",)).feature_network()(pixels)
        assert not torch.allclose(left_out, backbone.feature_network()(pixels))
        for name in ("attn.proj", "mlp.fc2"):
            for parameter in backbone.network.get_submodule(f"blocks.2.{name}").parameters():
                parameter.zero_()
        torch.testing.assert_close(left_out, backbone.feature_network()(pixels))


def test_a_network_without_blocks_is_another_one_to_every_cache() -> None:
    backbone = tiny_network("test_vit")
    found = {replace(backbone, without=names).fingerprint for names in ((), ("blocks.0",), ("blocks.1",))}
    assert len(found) == 3
    assert replace(backbone, without=()).fingerprint == backbone.fingerprint
