"""The precision that `auto` means for these photos on this machine, measured once and remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec
import numpy as np

from enxerto.backbones import Backbone, Preprocessing
from enxerto.data import DECODER, Photo, PhotoSet, decode, read_bytes
from enxerto.engines import PrecisionChoice, choose_precision, describe
from enxerto.errors import PhotoError
from enxerto.features.store import Store
from enxerto.home import features_home
from enxerto.types import Images

SAMPLE = 16


def precision_for(photos: PhotoSet, backbone: Backbone, *, device: str = "auto") -> PrecisionChoice:
    """`choose_precision` on a sample of these photos; the same photos are measured only once.

    Args:
        photos: the user's own; sixteen of them, evenly spread, are compared in both precisions.
        backbone: what will run.
        device: as for `open_engine`.
    """
    contents = list(_sample(photos))
    digest = hashlib.sha256(f"{DECODER}|{backbone.fingerprint}|{device}|{describe()}".encode())
    for data in contents:
        digest.update(hashlib.sha256(data).digest())
    key = digest.digest()
    with Store(features_home() / "precision.choices") as store:
        for _, value in store.get([key]):
            return msgspec.json.decode(value, type=PrecisionChoice)
        choice = choose_precision(backbone, _images(contents, backbone.preprocessing), device=device)
        store.put([(key, msgspec.json.encode(choice))])
    return choice


def _sample(photos: PhotoSet) -> Iterator[bytes]:
    for photo in _spread(photos.photos):
        try:
            yield read_bytes(photo.path)
        except PhotoError:
            continue


def _spread(photos: tuple[Photo, ...]) -> list[Photo]:
    positions = np.unique(np.linspace(0, len(photos) - 1, min(SAMPLE, len(photos))).round().astype(int))
    return [photos[i] for i in positions]


def _images(contents: list[bytes], preprocessing: Preprocessing) -> Images:
    images = []
    for data in contents:
        try:
            images.append(preprocessing.image(decode(data, short_side_px=preprocessing.short_side_px).image))
        except PhotoError:
            continue
    side = preprocessing.size_px
    return np.stack(images) if images else np.empty((0, side, side, 3), dtype=np.uint8)
