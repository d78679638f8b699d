"""Torchvision's own weight files: their names, what they belong to, and where PyTorch keeps them.

A name ends with the first eight hex digits of the file's SHA-256, which is all the checksum that torchvision publishes.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from enxerto.errors import IntegrityError
from enxerto.files import sha256_of

PREFIX = "torchvision:"
_SUFFIX = re.compile(r"-([0-9a-f]{8})\.pth")


@dataclass(frozen=True)
class Published:
    """One of torchvision's weight files.

    Attributes:
        model: torchvision's name of the architecture.
        weights: torchvision's name of the weights.
        file: its name.
        megabytes: its size, about.
        architecture: timm's where timm's network takes the same tensors, else torchvision's.
        tag: of the weights, in timm's names where timm has them, too.
        zoo: the library that builds the architecture.
        resize_px: to what the shorter side is resized before a square of 224 is cut out.
        interpolation: of that.
    """

    model: str
    weights: str
    file: str
    megabytes: int
    architecture: str
    tag: str
    zoo: Literal["timm", "torchvision"] = "timm"
    resize_px: int = 256
    interpolation: Literal["bicubic", "bilinear"] = "bilinear"

    @property
    def names(self) -> tuple[str, str]:
        """With and without the name of the weights."""
        return f"{PREFIX}{self.model}", f"{PREFIX}{self.model}.{self.weights}"


_V1, _V2 = "IMAGENET1K_V1", "IMAGENET1K_V2"

# Where a model has two, torchvision's default comes first.
PUBLISHED = (
    Published("vgg16", _V1, "vgg16-397923af.pth", 553, "vgg16.tv_in1k", "tv_in1k"),
    Published("vgg19", _V1, "vgg19-dcbb9e9d.pth", 575, "vgg19.tv_in1k", "tv_in1k"),
    Published("resnet18", _V1, "resnet18-f37072fd.pth", 47, "resnet18.tv_in1k", "tv_in1k"),
    Published("resnet50", _V2, "resnet50-11ad3fa6.pth", 103, "resnet50.tv2_in1k", "tv2_in1k", resize_px=232),
    Published("resnet50", _V1, "resnet50-0676ba61.pth", 103, "resnet50.tv_in1k", "tv_in1k"),
    Published("mobilenet_v2", _V2, "mobilenet_v2-7ebf99e0.pth", 14, "mobilenet_v2", _V2, "torchvision", 232),
    Published("mobilenet_v2", _V1, "mobilenet_v2-b0353104.pth", 14, "mobilenet_v2", _V1, "torchvision"),
    Published(
        "mobilenet_v3_large", _V2, "mobilenet_v3_large-5c1a4163.pth", 22, "mobilenet_v3_large", _V2, "torchvision", 232
    ),
    Published(
        "mobilenet_v3_large", _V1, "mobilenet_v3_large-8738ca79.pth", 22, "mobilenet_v3_large", _V1, "torchvision"
    ),
    Published(
        "efficientnet_b0", _V1, "efficientnet_b0_rwightman-7f5810bc.pth", 21, "efficientnet_b0", _V1, "torchvision",
        interpolation="bicubic",
    ),
    Published("vit_b_16", _V1, "vit_b_16-c867db91.pth", 346, "vit_base_patch16_224", "tv_in1k"),
)  # fmt: skip


def published(name: str) -> Published | None:
    """What a name such as `torchvision:resnet50` or `torchvision:resnet50.IMAGENET1K_V1` stands for."""
    return next((each for each in PUBLISHED if name in each.names), None)


def file_of(architecture: str, tag: str | None) -> str | None:
    """The torchvision file with the weights of a timm network."""
    full = f"{architecture.split('.')[0]}.{tag}"
    return next((each.file for each in PUBLISHED if each.architecture == full), None)


def checkpoints_home() -> Path:
    """Where PyTorch keeps the files that it downloads: `TORCH_HOME`, or a folder in the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("TORCH_HOME") or f"{cache}/torch").expanduser() / "hub" / "checkpoints"


def verify(path: Path) -> bool:
    """Hold a file to the digits in its name; `False` where it has none.

    Raises:
        IntegrityError: it is another file, or a damaged one.
    """
    named = _SUFFIX.search(path.name)
    if named is None:
        return False
    found = sha256_of(path)
    if not found.startswith(named[1]):
        raise IntegrityError(
            f"{path} should have a SHA-256 that begins with {named[1]}, got {found[:8]}; delete this file and try again"
        )
    return True
