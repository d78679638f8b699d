"""The networks of `keras.applications` by name, and the weight files that Keras publishes for them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from enxerto.backbones.keras_zoo.table import ROWS
from enxerto.errors import IntegrityError

PREFIX = "keras:"
NOTOP = ".notop"
PUBLISHER = "https://storage.googleapis.com/tensorflow/keras-applications"
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NORMALIZATIONS = {
    "tf": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "torch": _IMAGENET,
    "caffe": ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255, 1 / 255, 1 / 255)),
    "inside": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}
"""Mean and standard deviation, red first, in [0, 1] units; by what Keras calls the mode of `preprocess_input`."""


@dataclass(frozen=True)
class Published:
    """A network of `keras.applications` with one of its weight files.

    Attributes:
        name: e.g. `keras:VGG16`, or `keras:VGG16.notop` for the file without the layers after the last maps.
        application: the function in `keras.applications`.
        module: where Keras keeps its `preprocess_input`.
        size_px: of the square that it was trained on.
        mode: of `preprocess_input`: `tf`, `torch`, `caffe` (blue first), or `inside` where the network does it itself.
        file: its name at the publisher's.
        checksum: MD5 or SHA-256, as Keras has it; "" where it has none.
        top: with its last layers.
        alpha: width of a MobileNet, `None` elsewhere.
    """

    name: str
    application: str
    module: str
    size_px: int
    mode: str
    file: str
    checksum: str
    top: bool
    alpha: float | None = None

    @property
    def bgr(self) -> bool:
        """It was trained with blue first."""
        return self.mode == "caffe"

    @property
    def fixed_size(self) -> bool:
        """Its last layers take maps of one size only, or Keras builds it with its weights for one size only."""
        return self.top and self.module in ("vgg16", "vgg19", "nasnet", "efficientnet")

    @property
    def url(self) -> str:
        """The folder of its file at the publisher's."""
        special = "https://storage.googleapis.com/keras-applications"
        return special if self.module == "efficientnet" else f"{PUBLISHER}/{_FOLDERS.get(self.module, self.module)}"


_FOLDERS = {"resnet_v2": "resnet"}


def _pair(
    name: str, application: str, module: str, size_px: int, mode: str, files: tuple[str, str],
    checksums: tuple[str, str] = ("", ""), alpha: float | None = None,
) -> Iterator[Published]:  # fmt: skip
    for top, file, checksum in zip((True, False), files, checksums, strict=True):
        full = f"{PREFIX}{name}{'' if top else NOTOP}"
        yield Published(full, application, module, size_px, mode, file, checksum, top, alpha)


def _mobilenets() -> Iterator[Published]:
    """Two families with a file for each width and size; Keras has no checksums for them."""
    for alpha, text in ((1.0, "1_0"), (0.75, "7_5"), (0.5, "5_0"), (0.25, "2_5")):
        for size in (224, 192, 160, 128):
            name = "MobileNet" if (alpha, size) == (1.0, 224) else f"MobileNet_{alpha}_{size}"
            files = f"mobilenet_{text}_{size}_tf.h5", f"mobilenet_{text}_{size}_tf_no_top.h5"
            yield from _pair(name, "MobileNet", "mobilenet", size, "tf", files, alpha=alpha)
    for alpha in (1.0, 0.35, 0.5, 0.75, 1.3, 1.4):
        for size in (224, 192, 160, 128, 96) if alpha <= 1 else (224,):
            name = "MobileNetV2" if (alpha, size) == (1.0, 224) else f"MobileNetV2_{alpha}_{size}"
            stem = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{size}"
            yield from _pair(
                name, "MobileNetV2", "mobilenet_v2", size, "tf", (f"{stem}.h5", f"{stem}_no_top.h5"), alpha=alpha
            )


@cache
def published() -> dict[str, Published]:
    """Every network and file, by name."""
    found = [
        each
        for name, module, size_px, mode, file, notop, checksum, notop_checksum in ROWS
        for each in _pair(name, name, module, size_px, mode, (file, notop), (checksum, notop_checksum))
    ]
    return {each.name: each for each in (*found, *_mobilenets())}


def models_home() -> Path:
    """Where Keras keeps the files that it downloads: `KERAS_HOME`, or `~/.keras`, in `models`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"


def verify(path: Path) -> bool:
    """Hold a file to the checksum that Keras has for its name; `False` where it has none.

    Raises:
        IntegrityError: it is another file, or a damaged one.
    """
    expected = next((each.checksum for each in published().values() if each.file == path.name), "")
    if not expected:
        return False
    algorithm = "sha256" if len(expected) == 64 else "md5"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != expected:
        raise IntegrityError(
            f"{path} should have {algorithm.upper()} {expected}, got {found}; delete this file and bring it again"
        )
    return True
