from __future__ import annotations

import torch
from timm.models.vision_transformer import VisionTransformer
from torchvision.models import vision_transformer
from torchvision_weights import tensors

from enxerto.backbones.torchvision_transformers import as_timm_names


def test_a_renamed_transformer_answers_as_torchvision_s_does() -> None:
    torch.manual_seed(0)
    theirs = vision_transformer.VisionTransformer(32, 16, 2, 2, 32, 64, num_classes=5).eval()
    torch.nn.init.normal_(theirs.heads.head.weight)  # torchvision begins with zeros
    ours = VisionTransformer(32, 16, embed_dim=32, depth=2, num_heads=2, mlp_ratio=2, num_classes=5).eval()
    ours.load_state_dict(as_timm_names(theirs.state_dict()))
    pixels = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(ours(pixels), theirs(pixels))


def test_names_of_the_published_file_before_torchvision_renamed_them() -> None:
    now = tensors("vit_b_16")
    before = {name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): now[name] for name in now}
    assert before.keys() != now.keys()
    assert as_timm_names(before).keys() == as_timm_names(now).keys()


def test_other_networks_are_left_alone() -> None:
    given = tensors("mobilenet_v2")
    assert as_timm_names(given) is given
