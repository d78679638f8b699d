"""Families of architectures: who is too close a relative to be an independent judge."""

from __future__ import annotations

import re

FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("efficientnet", ("efficientnet", "mobilenet", "mnasnet", "mixnet", "fbnet", "spnasnet", "tinynet")),
    ("resnet", ("resnet", "resnext", "wide resnet", "seres", "senet", "ecaresnet", "skres", "res2net", "resnest")),
    ("vit", ("vit", "deit", "beit", "eva", "flexivit", "cait", "xcit")),
    ("convnext", ("convnext", "convnextv2")),
    ("swin", ("swin", "swinv2")),
    ("inception", ("inception", "googlenet", "xception")),
)  # fmt: skip
"""Architectures that are built of the same blocks, by how their names begin."""

_PREFIXES = ("tf ", "legacy ", "gluon ", "test ", "hf ")


def family_of(architecture: str) -> str:
    """The family of an architecture of timm or torchvision, e.g. `efficientnet` of `tf_efficientnet_lite0`.

    Names that no family lists are a family of their own: the letters that they begin with.
    """
    name = re.sub(r"[_.\s]+", " ", architecture.lower())
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    for family, beginnings in FAMILIES:
        if name.startswith(beginnings):
            return family
    found = re.match(r"[a-z]+", name)
    return found[0] if found else name
