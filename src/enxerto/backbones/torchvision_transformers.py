"""The names of the tensors in torchvision's vision transformers, turned into timm's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_RENAMED = (
    (r"^class_token$", "cls_token"),
    (r"^conv_proj\.", "patch_embed.proj."),
    (r"^encoder\.pos_embedding$", "pos_embed"),
    (r"^encoder\.ln\.", "norm."),
    (r"^heads\.head\.", "head."),
    (r"^encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
    (r"(?<=\.)ln_([12])\.", r"norm\1."),
    (r"(?<=\.)self_attention\.in_proj_", "attn.qkv."),
    (r"(?<=\.)self_attention\.out_proj\.", "attn.proj."),
    (r"(?<=\.)mlp\.(?:linear_1|0)\.", "mlp.fc1."),
    (r"(?<=\.)mlp\.(?:linear_2|3)\.", "mlp.fc2."),
)


def as_timm_names(tensors: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """The tensors of torchvision's vision transformers, named as timm names them; others as they are."""
    if "encoder.pos_embedding" not in tensors:
        return tensors
    return {_renamed(name): tensor for name, tensor in tensors.items()}


def _renamed(name: str) -> str:
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    return name
