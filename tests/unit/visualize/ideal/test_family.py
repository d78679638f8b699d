from __future__ import annotations

import pytest

from enxerto.backbones import entries
from enxerto.visualize.ideal.family import FAMILIES, family_of


@pytest.mark.parametrize(
    ("architecture", "family"),
    [
        ("tf_efficientnet_lite0", "efficientnet"), ("mobilenetv3_large_100", "efficientnet"),
        ("resnet50.a1_in1k", "resnet"),
        ("wide_resnet50_2", "resnet"), ("test_resnet", "resnet"), ("seresnext50_32x4d", "resnet"), ("vgg16", "vgg"),
        ("vit_small_patch16_224", "vit"), ("deit_tiny_patch16_224", "vit"), ("squeezenet1_1", "squeezenet"),
        ("convnextv2_nano", "convnext"), ("Densenet121", "densenet"), ("1d", "1d"),
    ],
)  # fmt: skip
def test_a_family_is_told_from_the_name(architecture: str, family: str) -> None:
    assert family_of(architecture) == family


def test_the_embedded_lites_are_siblings_and_squeezenet_is_none_of_them() -> None:
    families = {entry.name: family_of(entry.architecture) for entry in entries()}
    assert families["efficientnet_lite0"] == families["efficientnet_lite1"] == families["efficientnet_lite2"]
    assert families["squeezenet1_1"] not in dict(FAMILIES)
